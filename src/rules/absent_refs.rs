//! References that a series keeps looking for and does not find.
//!
//! A helper of two rules: whether anybody writes them is for the rules.

use std::collections::{HashMap, HashSet};

use super::Study;
use super::backend::{Cause, classify};
use super::remedy::reference;
use crate::model::{Build, Command, Run, Transfer};
use crate::series::Series;

/// One build that looked for the reference, in the order of time.
pub(super) struct AbsentLook<'a> {
    pub(super) run: &'a Run,
    pub(super) build: &'a Build,
    pub(super) import: &'a Transfer,
}

/// Each absent reference of a series with the builds that missed it. Where another import of the
/// same build is well (a list of fallbacks), nothing is missing.
pub(super) fn absent<'a>(
    study: &'a Study,
    series: &'a Series,
) -> Vec<(&'a str, Vec<AbsentLook<'a>>)> {
    let mut all: Vec<(&str, Vec<AbsentLook>)> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for (run, build) in study.members(series).filter(|(_, build)| !build.imported()) {
        for import in build.imports.iter().filter(|i| is_absent(i)) {
            let Some(name) = import.reference.as_deref() else { continue };
            let look = AbsentLook { run, build, import };
            let at = *places.entry(reference::key(name)).or_insert(all.len());
            match all.get_mut(at) {
                Some((_, looks)) => looks.push(look),
                None => all.push((name, vec![look])),
            }
        }
    }
    if all.is_empty() || is_over(study, series) {
        return Vec::new();
    }
    // A reference that some run of the series reads is written by somebody.
    let imports =
        study.members(series).flat_map(|(_, build)| &build.imports).filter(|import| import.ok());
    let found: HashSet<_> =
        imports.filter_map(|import| import.reference.as_deref()).map(reference::key).collect();
    all.retain(|(name, _)| !found.contains(&reference::key(name)));
    all
}

/// The newest runs, two or more, found another reference: what was missed before is mended.
fn is_over(study: &Study, series: &Series) -> bool {
    const SURE: usize = 2;
    let ended: Vec<&Build> =
        study.members(series).map(|(_, build)| build).filter(|build| build.succeeded()).collect();
    let served = |build: &&&Build| build.imported() && build.hits() > 0;
    ended.iter().rev().take_while(served).count() >= SURE
}

/// The import failed because there is no such reference (yet): how every cache begins.
#[must_use]
pub fn is_absent(import: &Transfer) -> bool {
    import.error.as_deref().is_some_and(|e| classify(e, import.kind) == Cause::NotFound)
}

/// References that the command lines of a run write a cache to.
pub(super) fn written(run: &Run) -> impl Iterator<Item = &str> {
    run.commands.iter().flat_map(|c| &c.cache_to).filter_map(|spec| spec.get("ref"))
}

/// A command line of the run asks for a cache to be written, of whatever kind.
pub(super) fn asks_to_write(run: &Run) -> bool {
    run.commands.iter().any(|c| !c.cache_to.is_empty() || Command::inline(c))
}
