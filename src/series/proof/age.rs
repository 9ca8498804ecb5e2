//! Signs that a cache beside a log was written by another run.

use super::{Outcome, StagePair, Step};

impl StagePair<'_> {
    /// A step that ran made its result anew: where that is as old as the one of the earlier build,
    /// or older than one that was found, the cache is the state that another run left, as of a build
    /// that only imports. So it is where the logs were given in the wrong order.
    pub(super) fn is_of_another_run(&self, step: &Step) -> bool {
        if self.now.headless || step.outcome != Outcome::Miss {
            return false;
        }
        let created = |step: &Step| step.digests.as_ref()?.created;
        let Some(made) = created(step) else { return false };
        let found = self.now.steps.iter().filter(|step| step.outcome == Outcome::Hit);
        self.earlier(step).and_then(created).is_some_and(|before| before >= made)
            || found.filter_map(created).any(|found| found > made)
    }

    /// The log prints another command than before, which files call the same: they are of other
    /// builds. Of a mount not all is in its key, and of a here-document not all is printed.
    pub(super) fn contradicts_the_log(&self, step: &Step) -> bool {
        let plain = |step: &Step| !step.text.contains("--mount") && !step.text.contains("<<");
        step.instruction == "RUN"
            && self.has_other_text(step)
            && plain(step)
            && self.earlier(step).is_some_and(plain)
    }
}
