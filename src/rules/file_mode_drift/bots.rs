//! Branches of bots that raise dependencies: each has other manifests than the runs before, and the
//! run after it again has others.

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

/// The spot, without the runs whose files a bot has changed.
pub(super) fn without<'a>(past: &Past, spot: &Spot<'a>) -> Spot<'a> {
    let before = |i: usize| i.checked_sub(1).is_some_and(|before| is_of_a_bot(past, before));
    let own = |i: &&usize| !is_of_a_bot(past, **i) && !before(**i);
    let broken = spot.broken.iter().filter(own).copied().collect();
    let mut own = spot.clone();
    own.broken = broken;
    own
}

fn is_of_a_bot(past: &Past, i: usize) -> bool {
    let branch = past.runs.get(i).and_then(|run| run.branch.as_deref()).unwrap_or_default();
    let name = branch.strip_prefix("origin/").unwrap_or(branch);
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
