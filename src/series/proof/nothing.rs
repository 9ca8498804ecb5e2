//! Why a step ran though nothing of it differs.

use super::{
    Because, Confidence, Difference, Few, JointReason, KeyPart, NoCache, Outcome, StagePair, Step,
};

impl<'a> StagePair<'a> {
    /// Nothing differs up to the first step that ran, nor of what the log shows. A build in between
    /// may have left another state in the place of what is compared.
    pub(super) fn may_be_lost(&self, at: usize, step: &'a Step) -> bool {
        let moved = self.said.is_some_and(|said| said.because == Because::BaseChanged);
        let logged = self.said.is_none() || self.is_same_below(at, step);
        self.adjacent && !moved && logged && self.is_same_above(at)
    }

    /// The result was there to be found.
    fn lost(&self, step: &Step, differs: Difference) -> JointReason {
        if self.may_be_told_to_run(step) {
            let why = JointReason::of(differs, Because::RecordLost, Confidence::Likely);
            return JointReason { open: Few::from([KeyPart::Options]), ..why };
        }
        JointReason::of(differs, Because::RecordLost, Confidence::Proven)
    }

    /// No log prints `--no-cache`, which a WORKDIR ignores; a step of the stage that came from the
    /// cache all the same rules it out.
    fn may_be_told_to_run(&self, step: &Step) -> bool {
        let spared = |step: &&Step| !NoCache::spares(step) && step.outcome == Outcome::Hit;
        !self.told_how
            && !NoCache::spares(step)
            && self.now.no_cache == NoCache::Untold
            && !self.stage.steps.iter().any(spared)
    }

    /// Nothing differs: the cache is to blame. That its result was stored at all, only a cache
    /// tells; a builder's own cache stores every step.
    pub(super) fn of_nothing(&self, step: &'a Step, differs: Difference) -> JointReason {
        use Confidence::{Likely, Proven};
        let why = |because, sure| JointReason::of(differs, because, sure);
        let stored = self.keys(step).and_then(|(before, _)| before.stored);
        let own = !self.now.headless && self.now.imports.is_empty();
        match (self.said.map(|said| said.because), stored) {
            (Some(said @ Because::CacheDisabled), _) => why(said, Proven),
            (Some(said @ (Because::NotImported | Because::ImportFailed)), _)
                if !self.now.headless =>
            {
                why(said, Proven)
            }
            (_, Some(true)) => self.lost(step, differs),
            _ if own => self.lost(step, differs),
            (_, Some(false)) => why(Because::NotStored, Proven),
            (Some(said @ Because::NotStored), None) => why(said, Likely),
            (_, None) => why(Because::RecordLost, Likely),
        }
    }
}
