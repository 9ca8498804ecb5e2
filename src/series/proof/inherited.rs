//! What a stage has from the one that it stands on.

use super::{StagePair, Step, is_other_operation};

impl StagePair<'_> {
    /// A stage on another one has its directory, variables and user: where an instruction there is
    /// another one, a step with the same text says nothing of its own.
    pub(super) fn inherits(&self, step: &Step) -> bool {
        let begins = self.stage.steps.first().is_some_and(|first| first.position == 1);
        let is_same = |other: &Step| other.text == step.text;
        let changed = |other: &Step| {
            let then = self.before.steps.iter().find(|then| {
                then.is_of(&other.stage, &other.platform) && then.position == other.position
            });
            let keys = then.and_then(|then| then.digests.as_deref()).zip(other.digests.as_deref());
            keys.and_then(|(was, is)| is_other_operation(was, is)) == Some(true)
        };
        let mut others = self.now.steps.iter();
        self.stage.base.is_none()
            && begins
            && self.earlier(step).is_some_and(is_same)
            && others.any(|other| other.stage != step.stage && changed(other))
    }
}
