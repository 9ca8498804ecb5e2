//! What earlier builds left of a step in the cache that is asked for it.

use super::super::chain::{Input, Stage};
use super::super::{Because, Confidence, Store, chain};
use super::{Explanation, MissInSeries};
use crate::model::{Build, BuildOutcome, Dialect, Outcome, Step};

/// How often a build is tried again, at most.
const ATTEMPTS: usize = 8;

impl<'a> MissInSeries<'_, '_, 'a> {
    /// An earlier build stored the step, and what is imported was since written by one that has
    /// another text in its place: an export replaces what was there.
    pub(super) fn was_replaced(&self) -> bool {
        let imported = self.now.imports.iter().any(|import| import.ok());
        let Some((seen, written)) = self.seen.zip(self.ledger.exported) else { return false };
        let writer = self.ledger.members.get(written).map(|(_, build)| *build);
        imported
            && written > seen.build
            && writer.is_some_and(|build| !chain::has_step(build, self.step))
    }

    /// The build before made the step above, and was stopped before this one was done.
    pub(super) fn was_never_finished(&self) -> bool {
        let Some(line) = self.line else { return false };
        let stopped =
            |build: &Build| matches!(build.outcome, BuildOutcome::Failed | BuildOutcome::Canceled);
        let done = |step: &Step| matches!(step.outcome, Outcome::Hit | Outcome::Miss);
        let above = self.stage.steps.iter().rfind(|step| step.position < self.step.position);
        let Some(above) = above.filter(|step| step.outcome == Outcome::Hit) else { return false };
        let then = |build: &'a Build, step: &Step| {
            build.steps.iter().find(|s| chain::is_same_step(s, step))
        };
        // Attempts that follow the one that made the step above find that in the cache, too.
        let earlier = self.ledger.members.get(..=line.seen).unwrap_or_default();
        earlier
            .iter()
            .rev()
            .take(ATTEMPTS)
            .map(|(_, build)| *build)
            .take_while(|build| stopped(build) && !then(build, self.step).is_some_and(done))
            .any(|build| then(build, above).is_some_and(|step| step.outcome == Outcome::Miss))
    }

    /// The build before has the step, which did not come to its end there and so left nothing.
    pub(super) fn unfinished(&self, before: &Build, store: Store) -> Option<Explanation> {
        let here = |step: &&Step| {
            step.text == self.step.text && step.is_of(self.stage.name, self.stage.platform)
        };
        let then = before.steps.iter().find(here)?;
        let stopped = matches!(then.outcome, Outcome::Failed | Outcome::Canceled);
        stopped.then(|| Explanation::of(Because::NotStored, Confidence::Likely, store))
    }

    /// A prune since deleted it. Files that changed rerun a copy as well, but where only steps of the
    /// final stage came from the cache, it had to run: what an image uses stays, and nothing else.
    pub(super) fn was_pruned(&self, input: Input) -> bool {
        if self.now.pruned.is_none() || !self.now.imports.is_empty() {
            return false;
        }
        if input != Input::Files {
            return self.first;
        }
        // What is deleted of a stage that is kept in images is its end, so the copy of a stage that
        // begins with hits ran because of its files.
        if self.now.build.dialect.keeps_images() && !self.first {
            return false;
        }
        let is_final = self.now.last == Some(self.stage.name);
        let gone = !is_final || self.now.build.hits() == 0;
        let above = self.stage.steps.iter().take_while(|s| s.position < self.step.position);
        gone && !self.step.operation().is_link() && above.into_iter().all(|s| self.is_of_last(s))
    }

    /// The final stage has the step as well, in its own name or in common with this one.
    fn is_of_last(&self, step: &Step) -> bool {
        let is_last =
            |s: &&Stage| Some(s.name) == self.now.last && s.platform == self.stage.platform;
        let Some(last) = self.now.stages.iter().find(is_last) else { return false };
        let begins = last.steps.first().map_or(0, |first| first.position);
        let same = |s: &&Step| s.position == step.position && s.text == step.text;
        step.position < begins || last.steps.iter().any(same)
    }

    /// Nothing of the build came from the cache, and another stage, which is stored, ran from a
    /// WORKDIR on that stands on the same image as before: no value reaches that, so the cache
    /// held nothing.
    pub(super) fn is_missed_beside_another(&self) -> bool {
        let is_own =
            |stage: &Stage| (stage.name, stage.platform) == (self.stage.name, self.stage.platform);
        let missed = |stage: &Stage| {
            stage.steps.first().is_some_and(|step| {
                chain::input(step) == Input::None
                    && self.ledger.knows(stage, step)
                    && self.is_stored(stage)
            })
        };
        let mut stages = self.now.stages.iter();
        self.now.build.hits() == 0 && stages.any(|stage| !is_own(stage) && missed(stage))
    }

    /// Every kind of cache stores the final stage.
    fn is_stored(&self, stage: &Stage) -> bool {
        self.now.last == Some(stage.name)
            || self.is_stored_as_a_whole()
            || self.now.imports.is_empty() && self.now.build.dialect.counts_from()
    }

    /// The image that the classic builder was given has no step of this build, and had none of any
    /// before: other files, another base image, or another tool that made it.
    pub(super) fn finds_nothing_in_its_image(&self) -> bool {
        self.now.given.is_some() && self.now.build.hits() == 0 && !self.ledger.hit_once
    }

    /// The classic builder prints nothing of an image that it is given: the command line does.
    pub(super) fn sure_that_none_is_given(&self) -> Confidence {
        let hidden = self.now.run.commands_of(self.now.build).is_empty();
        let classic = self.now.build.dialect == Dialect::Classic;
        if classic && hidden { Confidence::Suspected } else { Confidence::Likely }
    }

    /// What is imported never had a step, and no build of the series writes a cache.
    pub(super) fn was_never_written(&self) -> bool {
        let ledger = self.ledger;
        let alone = self.now.build.hits() == 0 && !ledger.hit_once && ledger.exported.is_none();
        alone && self.now.imports.iter().any(|import| import.ok())
    }
}
