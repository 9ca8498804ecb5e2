//! Whether the cache in use stores a stage at all.

use super::super::chain::{self, Input, Stage};
use super::super::standing;
use super::MissInSeries;
use crate::model::{Build, CacheKind, Dialect, Outcome, Run, Step, StepKind, Transfer};
use crate::series::Confidence::{self, Likely, Suspected};

impl MissInSeries<'_, '_, '_> {
    /// A stage that is not the final one, and is rebuilt from its first step on in every build that
    /// changes it: how sure it is that the cache does not store it. Sure where some other step
    /// comes from the cache and nothing but a lost record can have rerun the step; where the final
    /// stage begins with a copy out of this one, none can come.
    pub(super) fn unstored(&self) -> Option<Confidence> {
        let build = self.now.build;
        // A builder's own cache stores every stage.
        let own = self.now.imports.is_empty() && !build.headless;
        if own && build.dialect.counts_from() {
            return None;
        }
        let last = self.now.last.filter(|last| *last != self.stage.name)?;
        let stored = self.ledger.stored.get(usize::from(self.reads_from() >= self.ledger.newest));
        let holds = stored.is_some_and(|all| all.contains(&(self.stage.name, self.stage.platform)));
        if holds
            || !chain::all_missed(self.stage)
            || self.finds_metadata()
            || self.is_stored_as_a_whole()
        {
            return None;
        }
        let final_only = build.dialect.counts_from() && self.exports_the_final_stage();
        if !final_only && self.stands_on_a_stored_stage(last) {
            return None;
        }
        if self.is_not_in_its_image() {
            return Some(Likely);
        }
        if build.hits() > 0 {
            let certain = chain::input(self.step) == Input::None || self.exports_the_final_stage();
            return Some(if certain { Likely } else { Suspected });
        }
        let mut steps = build.decided().filter(|step| step.stage == last);
        let copies = steps.next().is_some_and(|step| chain::reads(build, step, self.stage.name));
        // On another image the final stage runs, and needs what the cache may not store.
        (copies || self.now.moved).then_some(Suspected)
    }

    /// The classic builder is given the image that it writes, and the final stage begins with an image
    /// of its own: no build stage is in there, whatever changed.
    fn is_not_in_its_image(&self) -> bool {
        self.now.given.is_some_and(|given| given.is_own())
            && standing::is_final_apart(self.now.build)
    }

    /// The stage begins with another stage, whose steps it could not do without: a builder stage
    /// that came from the cache as a whole is the one. `BuildKit` counts the FROM of an image.
    fn stands_on_a_stored_stage(&self, last: &str) -> bool {
        let dialect = self.now.build.dialect;
        let begins = self.stage.steps.first().is_some_and(|step| step.position == 1);
        // buildah prints no image for a stage that stands on another one.
        let on_another = self.stage.base.is_none()
            && (dialect == Dialect::Buildah || (dialect.counts_from() && begins));
        let stored = |other: &Stage| {
            other.name != self.stage.name
                && other.name != last
                && other.steps.iter().all(|step| step.outcome == Outcome::Hit)
        };
        on_another && self.now.stages.iter().any(stored)
    }

    /// The classic builder and buildah print an ARG or ENV that came from the cache: the stage is
    /// there, up to that.
    fn finds_metadata(&self) -> bool {
        let found = |step: &Step| {
            step.kind == StepKind::Metadata
                && step.outcome == Outcome::Hit
                && step.is_of(self.stage.name, self.stage.platform)
        };
        self.now.build.steps.iter().any(found)
    }

    /// The build that tells what the cache holds: this one, or the one that wrote it where that
    /// asked for another mode.
    fn reads_from(&self) -> usize {
        let now = exports_every_stage(self.now.run, self.now.build);
        let other = |at: &usize| {
            let writer = self.ledger.members.get(*at);
            writer.is_some_and(|(run, build)| exports_every_stage(run, build) != now)
        };
        self.ledger.exported.filter(other).unwrap_or(self.now.i)
    }

    pub(super) fn is_stored_as_a_whole(&self) -> bool {
        let writer = self.ledger.members.get(self.reads_from());
        writer.is_some_and(|(run, build)| exports_every_stage(run, build))
    }

    /// An inline cache is written, or the command line names no other mode.
    fn exports_the_final_stage(&self) -> bool {
        let build = self.now.build;
        let own = |export: &&Transfer| export.kind != CacheKind::Inline;
        if build.inline.is_some() && build.exports.iter().filter(own).count() == 0 {
            return true;
        }
        let commands = self.now.run.commands_of(build);
        let mut exports = commands.iter().flat_map(|command| &command.cache_to).peekable();
        exports.peek().is_some()
            && exports.all(|export| export.get("mode").is_none_or(|m| m == "min"))
    }
}

/// The command line asks for `mode=max`.
fn exports_every_stage(run: &Run, build: &Build) -> bool {
    let mut exports = run.commands_of(build).iter().flat_map(|command| &command.cache_to);
    exports.any(|export| export.get("mode") == Some("max"))
}
