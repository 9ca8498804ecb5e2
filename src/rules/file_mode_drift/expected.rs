//! Runs in which nobody wonders that the files which name the dependencies are others: branches of
//! bots that raise them, each with other files than the runs before, and the run after it again; and
//! the run after one whose installation failed, which mends it.

use crate::model::{Outcome, Step};
use crate::rules::past::Past;
use crate::rules::recurring::Spot;

/// How Renovate, Dependabot, Snyk, `PyUp`, Depfu, Greenkeeper and Scala Steward begin the names of
/// their branches where nothing else is configured.
const PREFIXES: [&str; 8] = [
    "renovate/",
    "dependabot/",
    "dependabot-",
    "snyk-",
    "pyup-",
    "depfu/",
    "greenkeeper/",
    "update/",
];

/// The spot, without these runs; `install` is the step that installs the dependencies.
pub(super) fn without<'a>(past: &Past, spot: &Spot<'a>, install: &Step) -> Spot<'a> {
    let mut own = spot.clone();
    own.broken.to_mut().retain(|&i| !is_expected(past, install, i));
    own
}

fn is_expected(past: &Past, install: &Step, i: usize) -> bool {
    let Some(before) = past.previous(i) else { return is_of_a_bot(past, i) };
    is_of_a_bot(past, i) || is_of_a_bot(past, before) || failed(past, install, before)
}

fn failed(past: &Past, install: &Step, i: usize) -> bool {
    let failed = |step: &Step| step.outcome == Outcome::Failed && step.text == install.text;
    past.builds.get(i).is_some_and(|build| build.steps.iter().any(failed))
}

fn is_of_a_bot(past: &Past, i: usize) -> bool {
    let branch = past.runs.get(i).and_then(|run| run.branch.as_deref()).unwrap_or_default();
    let name = branch.strip_prefix("origin/").unwrap_or(branch);
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
