//! Arguments that a step does not depend on: it came from the cache though the argument had a value
//! that no build before was given.

use foldhash::{HashMap, HashSet};

use super::super::asked::Asked;
use super::{LastSeen, Ledger};
use crate::model::{Build, Outcome, Run, Step};

/// The builds that show it, of each step and argument, oldest first.
#[derive(Default)]
pub(super) struct Spared<'a> {
    shown: HashMap<(&'a str, &'a str, &'a str), Vec<usize>>,
}

impl<'a> Spared<'a> {
    pub(super) fn of(members: &[(&'a Run, &'a Build)]) -> Self {
        let mut spared = Self::default();
        let mut given: HashSet<(&str, &str)> = HashSet::default();
        for (i, (run, build)) in members.iter().enumerate() {
            let mut new = Asked::of(run, build).arguments();
            new.retain(|argument| given.insert(*argument));
            // What builds before the first one were given is not known, and one that takes all from
            // the cache may be of a commit that another job has built.
            if i > 0 && !build.tangled && build.hits() < build.total() {
                spared.learn(i, build, &new);
            }
        }
        spared
    }

    fn learn(&mut self, i: usize, build: &'a Build, new: &[(&'a str, &'a str)]) {
        let hit = |step: &&Step| step.instruction == "RUN" && step.outcome == Outcome::Hit;
        for (name, _) in new {
            for step in build.steps.iter().filter(hit) {
                let key = (step.stage.as_str(), step.text.as_str(), *name);
                self.shown.entry(key).or_default().push(i);
            }
        }
    }
}

impl Ledger<'_, '_> {
    /// The build in which the step was last seen shows it, and so does a later one than this: what
    /// a Dockerfile declares for some builds is missed in all of them.
    pub(in super::super) fn spares(
        &self,
        i: usize,
        seen: &LastSeen,
        step: &Step,
        name: &str,
    ) -> bool {
        let key = (step.stage.as_str(), step.text.as_str(), name);
        let Some(shown) = self.spared.shown.get(&key) else { return false };
        shown.binary_search(&seen.build).is_ok() && shown.last().is_some_and(|last| i < *last)
    }
}
