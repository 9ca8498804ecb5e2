//! The base image below a step: another one, or one that the log does not name.

use super::super::chain::{self, Input};
use super::super::ledger::StageLine;
use super::{Confidence, MissInSeries};
use crate::model::Build;

use Confidence::{Likely, Proven};

impl MissInSeries<'_, '_, '_> {
    /// The base image below the step is another one. A step above which others came from the cache
    /// stands on the same layers: only what the image's config says of environment and user can
    /// have rerun a RUN or WORKDIR there.
    pub(super) fn base_changed(&self, line: &StageLine) -> Option<Confidence> {
        if self.step.operation().is_link() {
            return None;
        }
        let input = chain::input(self.step);
        if !self.first && !matches!(input, Input::None | Input::Values) {
            return None;
        }
        match (line.base, self.stage.base) {
            (Some(before), Some(now)) if chain::is_other_base(before, now) => {
                Some(if self.first || self.above_is_linked() { Proven } else { Likely })
            }
            // One FROM is printed for all stages on it, under the name of one of them.
            (_, None) if self.shares_a_base() && self.now.moved => {
                let printed = line.base.and_then(|b| self.now.printed(&b.image, &b.platform));
                let both = line.base.zip(printed);
                let other = both.is_some_and(|(before, now)| chain::is_other_base(before, now));
                let same = both.is_some_and(|(before, now)| chain::is_known_base(before, now));
                let changed = other || self.first && !same;
                changed.then_some(Likely)
            }
            _ => None,
        }
    }

    /// The build that stored the cache had another base image, under which the step was the first.
    pub(super) fn is_stored_on_another_base(&self, stored: &Build) -> bool {
        let before = stored.base_of(self.stage.name, self.stage.platform);
        let pair = before.zip(self.stage.base).filter(|_| self.first);
        pair.is_some_and(|(before, now)| chain::is_other_base(before, now))
            && !self.step.operation().is_link()
    }

    /// The digest of the base is not printed (a local image, older builders), so it may be another
    /// one. Where a step that stands on the same image came from the cache, it is the one that the
    /// cache knows.
    pub(super) fn has_unknown_base(&self) -> bool {
        let before = self.line.and_then(|line| line.base);
        let unknown = match (before, self.stage.base) {
            (Some(before), Some(now)) => !chain::is_known_base(before, now),
            (None, Some(now)) => now.digest.is_none(),
            (Some(_), None) => {
                !self.now.build.dialect.counts_from() || self.shares_a_base_without_digest()
            }
            (None, None) => self.shares_a_base_without_digest(),
        };
        unknown && !self.ledger.finds_base_of(self.now, self.stage)
    }

    /// Its FROM is printed under the name of another stage on the same image: `[build 1/6] FROM
    /// docker.io/library/base:1` is that of `[stage-1 2/4] WORKDIR /srv` too.
    fn shares_a_base_without_digest(&self) -> bool {
        let build = self.now.build;
        let counts = build.dialect.counts_from() && self.step.position > 1;
        counts && build.bases.iter().any(|base| base.digest.is_none())
    }

    /// All steps of the stage above this one are copies with `--link`, which do not depend on the
    /// base.
    fn above_is_linked(&self) -> bool {
        let above = self.stage.steps.iter().take_while(|step| !std::ptr::eq(**step, self.step));
        above.into_iter().all(|step| step.operation().is_link())
    }
}
