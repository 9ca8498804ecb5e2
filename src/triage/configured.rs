//! The lines of the configuration that a fix concerns are shown as evidence.

use crate::finding::Finding;

/// Adds them behind the lines of the logs.
pub(super) fn shown(mut findings: Vec<Finding>) -> Vec<Finding> {
    for finding in &mut findings {
        for line in &finding.fix.places {
            finding.evidence.push(line.clone());
        }
    }
    findings
}
