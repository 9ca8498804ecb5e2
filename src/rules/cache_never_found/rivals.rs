//! Builds that read a cache by one key, `gha:15381314327497081110`, which is a hash of all that the
//! import names (`BuildKit` `solver/llbsolver/bridge.go`, `cmKey`), and that write one of its kind.

use foldhash::HashMap;

use super::{silent, stored};
use crate::model::{Build, Run, Transfer};
use crate::rules::Study;

pub(super) struct Rivals<'a> {
    by_key: HashMap<&'a str, Vec<Rival<'a>>>,
    /// Of each group of like builds, when and where they were made.
    made: Vec<Made<'a>>,
}

/// One of them: its group, and where it reads.
type Rival<'a> = (usize, &'a Run, &'a Transfer);

/// The first and the last run of a group, and the folder of all of their logs.
struct Made<'a> {
    first: usize,
    last: usize,
    folder: Option<&'a str>,
}

/// How many of one key are kept.
const FEW: usize = 8;

impl<'a> Rivals<'a> {
    pub(super) fn of(study: &Study, groups: &[Vec<(&'a Run, &'a Build)>]) -> Self {
        let mut by_key: HashMap<&str, Vec<Rival>> = HashMap::default();
        for (at, group) in groups.iter().enumerate() {
            for (run, build) in group {
                let Some(import) = silent(build).filter(|i| stored(build, i.kind).is_some()) else {
                    continue;
                };
                let Some(key) = import.reference.as_deref() else { continue };
                let known = by_key.entry(key).or_default();
                if known.len() < FEW && known.iter().all(|(group, ..)| *group != at) {
                    known.push((at, run, import));
                }
            }
        }
        let made = groups.iter().enumerate().map(|(at, group)| made(study, at, group)).collect();
        Self { by_key, made }
    }

    /// A build of another group that reads what this one does, at the same time: a Dockerfile that
    /// was edited is no other build.
    pub(super) fn beside(&self, build: &Build, group: usize) -> Option<(&'a Run, &'a Transfer)> {
        let key = silent(build)?.reference.as_deref()?;
        let own = self.made.get(group)?;
        let is_beside = |at: &usize| self.made.get(*at).is_some_and(|other| own.is_beside(other));
        let mut all = self.by_key.get(key)?.iter();
        let other = all.find(|(at, ..)| *at != group && is_beside(at));
        other.map(|(_, run, import)| (*run, *import))
    }
}

impl Made<'_> {
    /// Their runs overlap, or each has a folder of its own.
    fn is_beside(&self, other: &Self) -> bool {
        let apart = self.folder.zip(other.folder).is_some_and(|(own, other)| own != other);
        apart || self.first < other.last && other.first < self.last
    }
}

fn made<'a>(study: &Study, at: usize, group: &[(&'a Run, &'a Build)]) -> Made<'a> {
    let refs = study.alike.get(at).map_or(&[][..], Vec::as_slice);
    let run = |at: Option<&crate::series::BuildRef>| at.map_or(0, |at| at.run);
    let folder = |run: &'a Run| run.source.rsplit_once('/').map_or("", |(folder, _)| folder);
    let own = group.first().map(|(run, _)| folder(run));
    let one = group.len() > 1 && group.iter().all(|(run, _)| Some(folder(run)) == own);
    Made { first: run(refs.first()), last: run(refs.last()), folder: own.filter(|_| one) }
}
