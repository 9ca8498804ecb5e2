//! The order of the report: the worst first, then what cost most.

use crate::finding::Finding;

/// Sorts by severity, time lost, confidence, and for a stable order by rule and subject.
pub(super) fn by_time_lost(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| b.impact.seconds.total_cmp(&a.impact.seconds))
            .then_with(|| b.confidence.cmp(&a.confidence))
            .then_with(|| (a.rule, &a.subject).cmp(&(b.rule, &b.subject)))
    });
    findings
}
