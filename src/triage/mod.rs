//! Small passes over the findings: one cause once, consequences under their cause, rank, cap.
//!
//! Knows no rule's inside; a pass is a function from findings to findings.

use crate::finding::Finding;

mod compare;
mod configured;
mod consequences;
mod once;
mod patches;
mod rank;

pub use compare::{Comparison, Figures, Pair, Verdict, compare};
pub use patches::{Patched, patches, unsafe_rules};

/// Runs every pass, in order.
#[must_use]
pub fn triage(findings: Vec<Finding>) -> Vec<Finding> {
    PASSES.iter().fold(findings, |findings, pass| pass(findings))
}

/// One pass.
type Pass = fn(Vec<Finding>) -> Vec<Finding>;

/// All passes, in order.
static PASSES: &[Pass] = &[once::once, configured::shown, consequences::under_their_cause, rank::by_time_lost];
