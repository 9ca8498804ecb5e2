//! Steps that stages have in common: stages that begin alike share their FROM and first steps, which
//! are printed under the name of one of them, and not of the same one in each build.

use super::super::chain::Stage;
use super::{Ledger, Now, StageLine};
use crate::model::{Base, Step};

impl<'a> Ledger<'_, 'a> {
    /// What is known of the stage of a step: where the build before printed the step for another
    /// stage, which shares it now, that one's.
    pub(super) fn line(&self, now: &Now, stage: &Stage<'a>, step: &Step) -> Option<&StageLine<'a>> {
        let own = self.stages.get(&(stage.name, stage.platform))?;
        // Mostly it was printed for the stage itself: then nothing is to be looked for.
        let seen = own.steps.get(step.text.as_str());
        if seen.is_some_and(|seen| seen.build == own.seen) {
            return Some(own);
        }
        self.line_of_sharer(now, own.seen, step).or(Some(own))
    }

    /// That of the stage under whose name this earlier build printed the step. Where one of the two
    /// builds prints both stages there, they do not share it.
    fn line_of_sharer(&self, now: &Now, earlier: usize, step: &Step) -> Option<&StageLine<'a>> {
        let &(_, before) = self.members.get(earlier)?;
        let here =
            |other: &&Step| other.position == step.position && other.platform == step.platform;
        let mut there = before.steps.iter().filter(here);
        let other = there.clone().find(|other| other.text == step.text)?;
        let apart = there.any(|other| other.stage == step.stage)
            || now.build.steps.iter().filter(here).any(|step| step.stage == other.stage);
        if apart {
            return None;
        }
        self.stages.get(&(other.stage.as_str(), other.platform.as_str()))
    }
}

impl<'a> Now<'a> {
    /// The base image of this name, which is printed for one of the stages on it.
    pub(in super::super) fn printed(&self, image: &str, platform: &str) -> Option<&'a Base> {
        let same = |base: &&Base| *base.image == *image && *base.platform == *platform;
        self.build.bases.iter().find(same)
    }
}
