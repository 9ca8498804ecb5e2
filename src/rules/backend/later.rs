//! What became of a refused cache in later runs of the same build.

use foldhash::{HashMap, HashSet};

use super::{Cause, Refusal, Side};
use crate::model::{Build, CacheKind, Transfer};
use crate::rules::Study;
use crate::rules::remedy::reference;
use crate::series::{BuildRef, Series};

/// A fault that a later run of each build concerned did not have.
pub(super) struct Passed {
    /// Runs of these builds.
    pub(super) runs: usize,
    /// Those that were refused.
    pub(super) refused: usize,
    /// Runs since the last of them, where these are so many that it would have come again.
    pub(super) over: bool,
}

/// `None` where the last run that used the cache was refused. Other builds say nothing of it: they
/// may not use it.
pub(super) fn passed(study: &Study, group: &[Refusal]) -> Option<Passed> {
    let refused: HashSet<BuildRef> = group.iter().map(|refusal| refusal.at).collect();
    let concerned =
        study.series.iter().filter(|series| series.builds.iter().any(|at| refused.contains(at)));
    let mut runs = 0;
    let mut series_of: HashMap<BuildRef, (usize, &Series)> = HashMap::default();
    for series in concerned {
        runs += series.builds.len();
        series_of.extend(series.builds.iter().enumerate().map(|(nth, at)| (*at, (nth, series))));
    }
    let mut seen = HashSet::default();
    let mut over = true;
    // The last refusal of a cache decides for those before it.
    for refusal in group.iter().rev() {
        let (nth, series) = *series_of.get(&refusal.at)?;
        if !seen.insert((std::ptr::from_ref(series), Used::of(refusal))) {
            continue;
        }
        let later = series.builds.get(nth + 1..)?.iter().rev().filter_map(|at| study.build(*at));
        let mut later = later.filter_map(|build| is_well(build, refusal));
        if later.next() != Some(true) {
            return None;
        }
        let well = 1 + later.take_while(|well| *well).count();
        over &= well >= SURE && well > 2 * widest_gap(series, nth, &refused);
    }
    Some(Passed { runs, refused: refused.len(), over })
}

/// Fewer runs without it may be luck.
const SURE: usize = 3;

/// How many runs lay at most between one refusal and the next, up to the last.
fn widest_gap(series: &Series, last: usize, refused: &HashSet<BuildRef>) -> usize {
    let builds = series.builds.get(..=last).unwrap_or_default();
    let at = builds.iter().enumerate().filter(|(_, at)| refused.contains(at)).map(|(nth, _)| nth);
    let places: Vec<usize> = at.collect();
    let gaps = places.iter().zip(places.iter().skip(1)).map(|(before, after)| after - before);
    gaps.max().unwrap_or(0)
}

/// The cache of a refusal: what [`is_well`] asks of another build is the same where this is.
#[derive(PartialEq, Eq, Hash)]
struct Used<'a> {
    side: Side,
    kind: CacheKind,
    layer: bool,
    reference: Option<&'a str>,
}

impl<'a> Used<'a> {
    fn of(refusal: &Refusal<'a>) -> Self {
        let reference = refusal.transfer.and_then(|t| t.reference.as_deref());
        let layer = refusal.cause == Cause::LayerUnreadable;
        Self { side: refusal.side, kind: refusal.kind, layer, reference }
    }
}

/// Whether the same cache was well in a later build; `None` where that build does not use it, or
/// was cut.
fn is_well(build: &Build, refusal: &Refusal) -> Option<bool> {
    if refusal.cause == Cause::LayerUnreadable {
        // A build that does not need the layer is well without it.
        return Some(build.succeeded() && build.exports.iter().any(Transfer::ok));
    }
    let used = match refusal.side {
        Side::Import => build.imports.iter().find(|import| is_same(import, refusal)),
        Side::Export => build.exports.iter().find(|export| is_same(export, refusal)),
        Side::Start => return Some(build.succeeded()),
    };
    used.filter(|t| t.ended).map(|t| t.error.is_none())
}

/// Exports do not print their reference; what other imports have is a hash of their options:
/// `gha:153…`.
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

    const DOWN: &str =
        "failed to do request: Head \"https://r.example.com/v2/a/manifests/c\": connection refused";

    fn runs(study: &Study) -> Option<(usize, usize)> {
        passed(study, &refusals(study)).map(|passed| (passed.refused, passed.runs))
    }

    #[test]
    fn only_the_same_cache_of_the_same_build_says_that_it_passed() {
        let down = || made().import("r.example.com/a:c", Some(DOWN)).miss("RUN a");
        let well = || made().import("r.example.com/a:c", None).miss("RUN a");
        assert_eq!(runs(&of(vec![down(), well(), well()])), Some((1, 3)));
        assert_eq!(runs(&of(vec![down(), well(), down()])), None);
        assert_eq!(
            runs(&of(vec![down(), made().import("r.example.com/b:c", None).miss("RUN a")])),
            None
        );
        assert_eq!(runs(&of(vec![down(), made().miss("RUN a")])), None);
    }
}
