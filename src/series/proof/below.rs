//! What a step stands on, and whether that is the same in both builds.

use super::{Difference, StagePair, is_other_operation};
use crate::model::{Build, KeyInput, Outcome, Step, StepKey, StepKind};

impl<'a> StagePair<'a> {
    /// All steps above have the same keys in both builds.
    pub(super) fn is_same_above(&self, at: usize) -> bool {
        self.stage.steps.iter().take(at).enumerate().all(|(n, step)| {
            let difference = self.difference(n, step);
            difference.is_some_and(|difference| !difference.is_something())
                && self.is_same_below(n, step)
        })
    }

    /// What the step stands on and takes of other stages is what it was before, as far as its key
    /// does not tell: the step above it in its stage is looked at by itself, those of other stages
    /// all together.
    pub(super) fn is_same_below(&self, at: usize, step: &'a Step) -> bool {
        let Some((before, now)) = self.keys(step) else { return false };
        let place = |at: usize| self.stage.steps.get(at).map(|step| step.position);
        let above = at.checked_sub(1).and_then(place);
        let stands_here = above.is_some_and(|above| above + 1 == step.position);
        let untold = |(n, (was, is)): (usize, (&KeyInput, &KeyInput))| {
            was.is_same(is).is_none() && !(n == 0 && stands_here)
        };
        !before.inputs.iter().zip(&now.inputs).enumerate().any(untold) || self.others_are_same()
    }

    /// All steps of other stages have the keys that they had before.
    fn others_are_same(&self) -> bool {
        let others = |build: &'a Build| {
            let counted = build.steps.iter().filter(|step| step.kind == StepKind::Counted);
            counted.filter(|step| !step.is_of(self.stage.name, self.stage.platform))
        };
        others(self.before).count() == others(self.now).count()
            && others(self.now).all(|step| is_unchanged(step, others(self.before)))
    }

    /// The base image is another one: that is enough, whatever else is.
    pub(super) fn stands_on_another_image(
        &self,
        at: usize,
        step: &Step,
        (before, now): (&StepKey, &StepKey),
    ) -> bool {
        let below = before.inputs.first().zip(now.inputs.first());
        below.is_some_and(|(was, is)| {
            !was.step
                && !is.step
                && was.is_same(is) == Some(false)
                && self.of_input(at, 0, step, is) == Some(Difference::Base)
        })
    }

    /// The step of another stage that the earlier build printed for both: below it this one has
    /// steps of its own there, and none at this place.
    pub(super) fn shared(&self, step: &Step) -> Option<&'a Step> {
        let printed = self.then.iter().map(|other| other.position);
        if !step.has_text() || printed.min()? <= step.position {
            return None;
        }
        let mut others = self.before.steps.iter().filter(|other| {
            other.position == step.position
                && other.platform == step.platform
                && other.text == step.text
        });
        let only = others.next()?;
        others.next().is_none().then_some(only)
    }

    /// Without logs stages have no names: the step is the same one as before only where its stage
    /// has as many steps, some of them are the same, and so is the one above it.
    pub(super) fn is_aligned(&self, step: &'a Step) -> bool {
        if !self.has_steps_in_common() {
            return false;
        }
        let same = |(before, now): (&StepKey, &StepKey)| before.operation == now.operation;
        let above =
            self.stage.steps.iter().take_while(|other| other.position < step.position).last();
        let alike = above.is_none_or(|above| self.keys(above).is_some_and(same));
        alike && self.earlier(step).is_some_and(|other| other.of == step.of)
    }

    /// Some step of the stage has the operation or the base image that it had before, or there is no
    /// other stage.
    fn has_steps_in_common(&self) -> bool {
        let same = |(before, now): (&StepKey, &StepKey)| {
            let below = before.inputs.first().zip(now.inputs.first());
            before.operation == now.operation
                || below.is_some_and(|(was, is)| was.is_same(is) == Some(true))
        };
        self.stage.steps.iter().filter_map(|step| self.keys(step)).any(same)
            || self.stage.name.is_empty()
    }
}

/// The step of another stage has the key that it had before, as far as that is told; where its
/// files are not, it came from the cache.
fn is_unchanged<'a>(step: &'a Step, mut before: impl Iterator<Item = &'a Step>) -> bool {
    let here = |other: &&Step| {
        other.position == step.position
            && other.instruction == step.instruction
            && other.is_of(&step.stage, &step.platform)
    };
    let keys =
        before.find(here).and_then(|old| Some((old.digests.as_deref()?, step.digests.as_deref()?)));
    let Some((was, is)) = keys.filter(|(was, is)| is_other_operation(was, is) == Some(false))
    else {
        return false;
    };
    let same = |(was, is): (&KeyInput, &KeyInput)| match was.is_same(is) {
        Some(same) => same,
        None => is.step || step.outcome == Outcome::Hit,
    };
    was.inputs.len() == is.inputs.len() && was.inputs.iter().zip(&is.inputs).all(same)
}
