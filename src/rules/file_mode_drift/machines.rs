//! Machines that keep a cache each: every one of them misses one change of the files once.

use std::collections::BTreeMap;

use crate::rules::past::Past;
use crate::rules::recurring::Spot;

/// How often the chain broke on a machine, and how often not.
#[derive(Default)]
struct Count {
    broken: usize,
    held: usize,
}

/// All runs are of one cache, or one machine alone shows it.
pub(super) fn agree(past: &Past, spot: &Spot) -> bool {
    if past.by_machine().len() < 2 {
        return true;
    }
    let mut machines: BTreeMap<&str, Count> = BTreeMap::new();
    let name = |i: &usize| past.runs.get(*i).and_then(|run| run.machine()).unwrap_or_default();
    for i in spot.broken.iter() {
        machines.entry(name(i)).or_default().broken += 1;
    }
    for i in spot.held {
        machines.entry(name(i)).or_default().held += 1;
    }
    machines.values().any(|count| count.broken > 2 && count.broken >= 3 * count.held)
}
