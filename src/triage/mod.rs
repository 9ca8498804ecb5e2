//! Small passes over the findings: one cause once, consequences under their cause, rank, cap.
//!
//! Knows no rule's inside; a pass is a function from findings to findings.

use crate::finding::Finding;

/// Runs every pass, in order.
#[must_use]
pub fn triage(findings: Vec<Finding>) -> Vec<Finding> {
    findings
}
