//! Small passes over the findings: one cause once, consequences under their cause, the project's
//! policy, rank.
//!
//! Knows no rule's inside; a pass is a function from findings to findings.

use crate::finding::Finding;
use crate::rules::Study;

mod baseline;
mod builds;
mod compare;
mod configured;
mod consequences;
mod gates;
mod once;
mod patches;
mod places;
mod policy;
mod rank;
mod verdict;

pub use baseline::{Baseline, Known};
pub(crate) use compare::median;
pub use compare::{Comparison, Effect, Figures, Pair, compare};
pub use gates::{Base, Gate, Gates, Judged, StepPattern, gates, max_drop};
pub use patches::{Patched, patches, unsafe_rules};
pub(crate) use places::Places;
pub use policy::{Hidden, Ignore, Policy};
pub use verdict::{Assessment, Verdict, Wanted};
pub(crate) use verdict::{Unknown, rebuilt};

/// Runs every pass, in order; what the project hides is handed on beside the findings that stand.
#[must_use]
pub fn triage(
    findings: Vec<Finding>,
    study: &Study,
    policy: &Policy,
) -> (Vec<Finding>, Vec<Hidden>) {
    let mut findings = CAUSES.iter().fold(findings, |findings, pass| pass(findings));
    builds::name(&mut findings, study);
    policy.judge(&mut findings);
    policy.part(rank::by_time_lost(findings), &study.runs)
}

/// One pass.
type Pass = fn(Vec<Finding>) -> Vec<Finding>;

/// From findings to causes, in order. They go by the rules' own severities.
static CAUSES: &[Pass] = &[once::once, configured::shown, consequences::under_their_cause];
