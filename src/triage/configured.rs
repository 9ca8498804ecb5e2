//! The lines of the configuration that a fix concerns are shown as evidence.

use crate::finding::Finding;

/// Adds them behind the lines of the logs.
pub(super) fn shown(mut findings: Vec<Finding>) -> Vec<Finding> {
    for finding in &mut findings {
        finding.evidence.extend(finding.fix.places.iter().cloned());
    }
    findings
}
