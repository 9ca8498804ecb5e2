//! Steps that ran because something before them did: another stage, or another build of the job.

use super::super::chain::{self, Stage};
use super::super::standing;
use super::{Ledger, Now};
use crate::model::{Base, Build, ImageRef, Outcome, Step};

/// How many builds before another may belong to it: of a log that holds thousands, or of a series.
const LATELY: usize = 8;

impl<'a> Ledger<'_, 'a> {
    /// The stage had the step before, on the base image of now.
    pub(in super::super) fn knows(&self, stage: &Stage<'a>, step: &Step) -> bool {
        let line = self.stages.get(&(stage.name, stage.platform));
        line.is_some_and(|line| {
            let same =
                |(a, b): (&Base, &Base)| chain::is_known_base(a, b) && !chain::is_other_base(a, b);
            let same = line.base.zip(stage.base).is_some_and(same);
            same && line.steps.contains_key(step.text.as_str())
        })
    }

    /// A build before ran the step right above, and not this one: `docker build --target test`,
    /// then the whole, in one log or as two jobs of a run. What this build found in the cache was
    /// new.
    pub(super) fn follows_a_build_before(
        &self,
        now: &Now<'a>,
        stage: &Stage<'a>,
        step: &Step,
    ) -> bool {
        let above = stage.steps.iter().rfind(|above| above.position < step.position);
        let Some(above) = above.filter(|above| above.outcome == Outcome::Hit) else {
            return false;
        };
        let ran = |build: &&Build| {
            build.decided().any(|s| s.outcome == Outcome::Miss && s.text == above.text)
        };
        // In its place it may have another text: then that is what changed.
        let here = |s: &Step| s.position == step.position && s.is_of(stage.name, stage.platform);
        // A stage that is built at all is built to its end, but for one that has become longer.
        let shorter = |s: &Step| {
            now.build.dialect.counts_from() && s.of < step.of && s.is_of(stage.name, stage.platform)
        };
        let without = |build: &Build| {
            build.steps.iter().all(|s| s.text != step.text && !here(s) && !shorter(s))
        };
        // The places of another image are places of another Dockerfile.
        let lacks = |build: &Build| {
            let other = !self.is_member(now, build);
            without(build) || other && build.steps.iter().all(|s| s.text != step.text)
        };
        let in_log = || now.shortly_before().iter().rfind(ran).is_some_and(lacks);
        let lately = || self.before(now).rev().take(LATELY).take_while(|build| without(build));
        !step.operation().is_link() && (in_log() || lately().any(|build| ran(&build)))
    }

    /// A build of the same log is one of the series.
    fn is_member(&self, now: &Now<'a>, build: &Build) -> bool {
        let of_log = self.runs_before(now).rev().take_while(|(run, _)| std::ptr::eq(*run, now.run));
        of_log.take(LATELY).any(|(_, member)| std::ptr::eq(member, build))
    }

    /// A build before it in the log made the image that the stage stands on, and ran steps for it:
    /// `docker build -t team/base base`, then `FROM team/base`.
    pub(super) fn follows_its_base(&self, now: &Now<'a>, stage: &Stage<'a>, step: &Step) -> bool {
        // An image that the engine holds alone is printed without a digest.
        let is_local = |base: &&Base| base.digest.is_none() || now.build.dialect.keeps_images();
        let Some(base) = stage.base.filter(is_local) else { return false };
        let before = self.stages.get(&(stage.name, stage.platform)).and_then(|line| line.base);
        let same = before.is_some_and(|before| {
            chain::is_known_base(before, base) && !chain::is_other_base(before, base)
        });
        let name = ImageRef::parse(&base.image);
        let made = |build: &&Build| {
            build.images.iter().any(|image| ImageRef::parse(image).has_tag_of(&name))
        };
        let built = now.shortly_before().iter().rfind(made);
        let ran = built.is_some_and(|b| b.steps.iter().any(|s| s.outcome == Outcome::Miss));
        ran && !same && begins(stage, step)
    }

    /// Stages that begin alike share their first steps, which are printed under the name of one of
    /// them: the one right above the first that is printed here ran. One with a text of its own ran
    /// by itself as well.
    pub(super) fn follows_a_common_step(
        &self,
        now: &Now<'a>,
        stage: &Stage<'a>,
        step: &Step,
    ) -> bool {
        let build = now.build;
        let first = stage.steps.first().is_some_and(|first| first.position == step.position);
        let line = self.stages.get(&(stage.name, stage.platform));
        let known = line.is_some_and(|line| line.steps.contains_key(step.text.as_str()));
        // A FROM may be what is above the second.
        let shares = first && step.position > 2 && build.dialect.counts_from();
        if !shares || !known || build.headless || step.operation().is_link() {
            return false;
        }
        let above =
            |other: &&Step| other.position + 1 == step.position && other.platform == step.platform;
        let mut above = build.decided().filter(above).peekable();
        above.peek().is_some() && above.all(|other| other.outcome == Outcome::Miss)
    }
}

impl<'a> Now<'a> {
    /// The step ran because another stage did: exact where its inputs are known, else as far as
    /// texts tell.
    pub(super) fn follows(&self, stage: &Stage, step: &Step) -> bool {
        if let Some(follows) = chain::follows_input(self.build, step) {
            return follows;
        }
        let ran = |name: &str| {
            self.called.contains(&name.to_ascii_lowercase()) && !chain::is_called(stage.name, name)
        };
        let copies = step.operation().sources().any(ran);
        copies || self.stands_on_a_rebuilt_stage(stage, step) || self.follows_shared(stage, step)
    }

    /// The builds right before this one in its log. A log may hold thousands, a job few that belong
    /// together.
    pub(in crate::series) fn shortly_before(&self) -> &'a [Build] {
        let builds = &self.run.builds;
        let here = builds.partition_point(|build| build.line < self.build.line);
        builds.get(here.saturating_sub(LATELY)..here).unwrap_or_default()
    }

    /// The step right above the stage's first, which is made once for all platforms, ran.
    fn follows_shared(&self, stage: &Stage, step: &Step) -> bool {
        begins(stage, step)
            && self.shared_parent(stage).is_some_and(|parent| parent.outcome == Outcome::Miss)
    }

    /// Of the steps of a stage that are made once for all platforms the last, where this is what
    /// one platform has of its own.
    pub(super) fn shared_parent(&self, stage: &Stage) -> Option<&Step> {
        let begins = stage.steps.first()?.position;
        if stage.platform.is_empty() {
            return None;
        }
        let mut all = self.stages.iter();
        let shared = all.find(|other| other.name == stage.name && other.platform.is_empty())?;
        shared.steps.iter().copied().rfind(|step| step.position < begins)
    }

    /// A stage without a base image of its own may be built on another stage.
    fn stands_on_a_rebuilt_stage(&self, stage: &Stage, step: &Step) -> bool {
        let on = |broken: &str| {
            self.last != Some(broken)
                && standing::may_stand_on(self.build, &self.stages, stage, broken)
        };
        begins(stage, step)
            && !standing::has_own_image(self.build, stage)
            && self.broken.iter().any(|(broken, _)| on(broken))
    }
}

/// No step of the stage stands above it but copies with `--link`, which do not depend on what the
/// stage stands on.
fn begins(stage: &Stage, step: &Step) -> bool {
    let mut above = stage.steps.iter().take_while(|above| above.position < step.position);
    above.all(|above| above.operation().is_link())
}
