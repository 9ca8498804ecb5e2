//! Logs that are copies of others: `latest.log` beside `build-17.log`, one log downloaded twice.
//!
//! The copy of a cold run would be a second cold run, and prove that nothing is kept between runs.
//! No two runs that executed a step write the same bytes: durations, digests of new layers and
//! identifiers of images differ. A run that took all from the cache may well repeat another.

use std::hash::{DefaultHasher, Hash, Hasher};

use foldhash::{HashMap, HashSet};

use crate::model::{Outcome, Problem, Run};
use crate::source::{Entry, same_bytes};

/// Among more logs than this a copy proves little, and looking for it would read many of them
/// again.
const MOST: usize = 100;

/// Leaves the runs of copies out, and says which logs these are. Runs of one log stand side by
/// side.
pub(super) fn leave_out(runs: &mut Vec<Run>, logs: &[Entry]) -> Vec<Problem> {
    if logs.len() > MOST {
        return Vec::new();
    }
    let alike = alike(runs);
    let entries: HashMap<&str, &Entry> = logs.iter().map(|log| (log.name.as_str(), log)).collect();
    let same = |a: &str, b: &str| {
        entries.get(a).zip(entries.get(b)).is_some_and(|(a, b)| same_bytes(a, b))
    };
    let copies: Vec<(String, String)> =
        alike.into_iter().filter(|(copy, first)| same(copy, first)).collect();
    let names: HashSet<&str> = copies.iter().map(|(copy, _)| copy.as_str()).collect();
    runs.retain(|run| !names.contains(&*run.source));
    let message = |first: &str| format!("has the same bytes as {first}: a copy, not another run");
    copies.iter().map(|(copy, first)| super::problem(copy, message(first))).collect()
}

/// Logs that say the same as an earlier one, each with that one: only their bytes are compared.
fn alike(runs: &[Run]) -> Vec<(String, String)> {
    let mut known: HashMap<u64, &str> = HashMap::default();
    let mut alike = Vec::new();
    for log in runs.chunk_by(|a, b| a.source == b.source) {
        let Some((run, seen)) = log.first().zip(seen(log)) else { continue };
        match known.get(&seen) {
            Some(first) => alike.push((run.source.to_string(), (*first).to_owned())),
            None => drop(known.insert(seen, &run.source)),
        }
    }
    alike
}

/// What the steps of a log came to and how long they took; nothing where none was executed.
fn seen(log: &[Run]) -> Option<u64> {
    let mut hash = DefaultHasher::new();
    let mut executed = false;
    for run in log {
        (run.lines, run.started).hash(&mut hash);
        for step in run.builds.iter().flat_map(|build| &build.steps) {
            executed |= step.outcome == Outcome::Miss;
            (step.header.line, step.outcome, step.seconds.map(f64::to_bits)).hash(&mut hash);
        }
    }
    executed.then(|| hash.finish())
}
