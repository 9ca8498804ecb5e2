//! What stands above a step in its stage, and no longer is what it was.

use super::MissInSeries;
use crate::model::{Build, Dialect, Outcome, Step, StepKind};

impl MissInSeries<'_, '_, '_> {
    /// Its parent is another one by the Dockerfile.
    pub(super) fn stands_below_a_change(&self, before: &Build) -> bool {
        self.stands_below_a_changed_text(before) || self.has_others_above(before)
    }

    /// The builder prints each instruction, and one above the step that makes no layer, an ENV, has
    /// another text than before.
    fn stands_below_a_changed_text(&self, before: &Build) -> bool {
        let above = |step: &&Step| {
            step.kind == StepKind::Metadata
                && step.stage == self.stage.name
                && step.position < self.step.position
        };
        let known =
            |step: &Step| before.steps.iter().any(|s| s.stage == step.stage && s.text == step.text);
        let mut metadata = self.now.build.steps.iter().filter(above);
        let in_key = self.now.build.dialect.keeps_images();
        // Above steps that came from the cache, one that did not is what broke the chain.
        let breaks = |step: &Step| !known(step) && (self.first || step.outcome == Outcome::Miss);
        in_key && metadata.any(breaks)
    }

    /// The classic builder prints each instruction: below one that came from its cache, an ENV or
    /// LABEL with the text of before ran, so that a value in it is another one.
    pub(super) fn stands_below_a_value(&self, before: &Build) -> bool {
        if self.now.build.dialect != Dialect::Classic {
            return false;
        }
        let own =
            |step: &&Step| step.stage == self.stage.name && step.position < self.step.position;
        let known =
            |step: &Step| before.steps.iter().any(|s| s.stage == step.stage && s.text == step.text);
        let mut above = self.now.build.steps.iter().filter(own);
        let Some(ran) = above.clone().find(|step| step.outcome == Outcome::Miss) else {
            return false;
        };
        let is_below = above.any(|s| s.position + 1 == ran.position && s.outcome == Outcome::Hit);
        let takes_a_value = ran.kind == StepKind::Metadata && ran.text.contains('$') && known(ran);
        is_below && takes_a_value
    }

    /// The instruction right above the step makes no layer, and ran again: builders that look steps
    /// up among their images have one for it, on which the step stands.
    pub(super) fn stands_on_rerun_metadata(&self) -> bool {
        let step = self.step;
        let mut steps = self.now.build.steps.iter();
        let above = steps.find(|other| {
            other.position + 1 == step.position && other.is_of(&step.stage, &step.platform)
        });
        self.now.build.dialect.keeps_images()
            && above.is_some_and(|it| it.kind == StepKind::Metadata && it.outcome == Outcome::Miss)
    }

    /// More or fewer steps stand above it in its stage than before, so that its parent is another
    /// one: some were removed, or it was moved. Numbers alone also move where FROM names a stage,
    /// and steps that two stages share are printed in one of them.
    fn has_others_above(&self, before: &Build) -> bool {
        let step = self.step;
        let here = |other: &&Step| other.is_of(&step.stage, &step.platform);
        let Some(then) = before.decided().filter(here).find(|other| other.text == step.text) else {
            return false;
        };
        let above = |build: &Build, of: &Step| {
            build.decided().filter(here).filter(|other| other.position < of.position).count()
        };
        let (was, is) = (above(before, then), above(self.now.build, step));
        let fewer = is < was && step.position < then.position;
        let more = is > was && step.position > then.position;
        (fewer || more) && !step.operation().is_link()
    }

    /// `FROM` of an image that other stages may stand on, too.
    pub(super) fn shares_a_base(&self) -> bool {
        self.step.position > 1 || !self.now.build.dialect.counts_from()
    }

    /// A COPY stands between the last step that came from the cache and this one.
    pub(super) fn copies_since_the_last_hit(&self) -> bool {
        let steps = &self.now.build.steps;
        let hit = |step: &&&Step| step.outcome == Outcome::Hit;
        let since = self.stage.steps.iter().take_while(hit).last().map_or(0, |step| step.position);
        let upto = self.step.position;
        let reads = |step: &&Step| matches!(step.instruction.as_str(), "COPY" | "ADD");
        let own =
            steps.iter().filter(|step| step.stage == self.stage.name && step.position <= upto);
        own.filter(reads).any(|step| step.position > since)
    }
}
