//! Builders that keep their cache for themselves: what one machine stored, no other finds.

use std::collections::BTreeMap;

use crate::model::{Build, Dialect, NamedImage, Run};

use super::chain;

/// The builds of each machine, where the logs name the machine of each build, there are several,
/// and nothing but the builder's own cache can answer.
#[must_use]
pub fn apart(members: &[(&Run, &Build)]) -> Option<Vec<Vec<usize>>> {
    let mut machines: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, (run, build)) in members.iter().enumerate() {
        if !is_local(run, build) {
            return None;
        }
        machines.entry(run.machine()?).or_default().push(i);
    }
    let mut apart: Vec<Vec<usize>> = machines.into_values().collect();
    apart.sort_by_key(|own| own.first().copied());
    (apart.len() > 1).then_some(apart)
}

/// No cache that other machines reach is read, written or asked for.
fn is_local(run: &Run, build: &Build) -> bool {
    let commands = run.commands_of(build);
    let asked = commands.iter().any(|command| !command.cache_from.is_empty());
    // Without its command line an image that is fetched may be one of `--cache-from`.
    let of_from = |pull: &NamedImage| build.bases.iter().any(|base| base.image == pull.image);
    let shown = !commands.is_empty() || run.loads.is_empty() && run.pulls.iter().all(of_from);
    build.dialect != Dialect::Kaniko
        && shown
        && !asked
        && build.booted.is_none()
        && build.exports.is_empty()
        && chain::imports(run, build).is_empty()
        && run.ci_caches.is_empty()
}
