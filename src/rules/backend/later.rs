//! What became of a refused cache in later runs of the same build.

use super::{Cause, Refusal, Side};
use crate::model::{Build, BuildOutcome, CacheKind, Transfer};
use crate::rules::Study;
use crate::rules::remedy::reference;

/// A fault that a later run of each build concerned did not have.
pub(super) struct Passed {
    /// Runs of these builds.
    pub(super) runs: usize,
    /// Those that were refused.
    pub(super) refused: usize,
}

/// `None` where the last run that used the cache was refused. Other builds say nothing of it: they may not use it.
pub(super) fn passed(study: &Study, group: &[Refusal]) -> Option<Passed> {
    let mut all: Vec<&Build> = Vec::new();
    for refusal in group {
        let builds = builds_like(study, refusal.build)?;
        let at = builds.iter().position(|build| std::ptr::eq(*build, refusal.build))?;
        let mut later = builds.get(at + 1..)?.iter().rev();
        if later.find_map(|build| is_well(build, refusal)) != Some(true) {
            return None;
        }
        if !all.iter().any(|known| std::ptr::eq(*known, refusal.build)) {
            all.extend(builds);
        }
    }
    let refused = all.iter().filter(|build| group.iter().any(|r| std::ptr::eq(r.build, **build))).count();
    Some(Passed { runs: all.len(), refused })
}

/// The builds of its series, in the order of time.
fn builds_like<'a>(study: &'a Study, build: &Build) -> Option<Vec<&'a Build>> {
    let builds = |series| study.members(series).map(|(_, build)| build).collect::<Vec<_>>();
    study.series.iter().map(builds).find(|all| all.iter().any(|other| std::ptr::eq(*other, build)))
}

/// Whether the same cache was well in a later build; `None` where that build does not use it, or was cut.
fn is_well(build: &Build, refusal: &Refusal) -> Option<bool> {
    if refusal.cause == Cause::LayerUnreadable {
        // A build that does not need the layer is well without it.
        return Some(build.outcome == BuildOutcome::Succeeded && build.exports.iter().any(Transfer::ok));
    }
    let used = match refusal.side {
        Side::Import => build.imports.iter().find(|import| is_same(import, refusal)),
        Side::Export => build.exports.iter().find(|export| is_same(export, refusal)),
        Side::Start => return Some(build.outcome == BuildOutcome::Succeeded),
    };
    used.filter(|t| t.ended).map(|t| t.error.is_none())
}

/// Exports do not print their reference; what other imports have is a hash of their options: `gha:153…`.
fn is_same(transfer: &Transfer, refusal: &Refusal) -> bool {
    let refused = refusal.transfer.and_then(|t| t.reference.as_deref());
    match refused.zip(transfer.reference.as_deref()) {
        Some((a, b)) if transfer.kind == CacheKind::Registry => reference::same(a, b),
        _ => transfer.kind == refusal.kind,
    }
}

#[cfg(test)]
mod tests {
    use super::super::refusals;
    use super::*;
    use crate::rules::testing::{made, of};

    const DOWN: &str = "failed to do request: Head \"https://r.example.com/v2/a/manifests/c\": connection refused";

    fn runs(study: &Study) -> Option<(usize, usize)> {
        passed(study, &refusals(study)).map(|passed| (passed.refused, passed.runs))
    }

    #[test]
    fn only_the_same_cache_of_the_same_build_says_that_it_passed() {
        let down = || made().import("r.example.com/a:c", Some(DOWN)).miss("RUN a");
        let well = || made().import("r.example.com/a:c", None).miss("RUN a");
        assert_eq!(runs(&of(vec![down(), well(), well()])), Some((1, 3)));
        assert_eq!(runs(&of(vec![down(), well(), down()])), None);
        assert_eq!(runs(&of(vec![down(), made().import("r.example.com/b:c", None).miss("RUN a")])), None);
        assert_eq!(runs(&of(vec![down(), made().miss("RUN a")])), None);
    }
}
