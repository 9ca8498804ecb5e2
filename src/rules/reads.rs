//! Which caches builds read, and which series read the same: found once, for all rules that ask.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashSet};

use super::Study;
use super::remedy::reference;
use crate::model::{Build, CacheKind, Run, Transfer};
use crate::series::BuildRef;

/// Caches that builds read.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Of each run: builds with imports of their own, by their `docker build`.
    printed: Vec<BTreeMap<usize, Vec<usize>>>,
    /// Of each run: whether its builds looked for a cache, themselves or for their bake.
    looks: Vec<Vec<bool>>,
    /// Of each series: whether another one reads a reference of its.
    shared: Vec<bool>,
}

impl Reads {
    /// Of all runs and series of a study.
    pub(super) fn of(study: &Study) -> Self {
        let printed: Vec<_> = study.runs.iter().map(printed).collect();
        let looks =
            study.runs.iter().zip(&printed).map(|(run, printed)| looks(run, printed)).collect();
        let mut reads = Self { printed, looks, shared: Vec::new() };
        reads.shared = reads.shared(study);
        reads
    }

    /// Whether a build looked for a cache.
    pub(super) fn looks(&self, at: BuildRef) -> bool {
        self.looks.get(at.run).and_then(|builds| builds.get(at.build)).copied().unwrap_or_default()
    }

    /// Imports of a build; targets of one bake share an import, which is printed for one of them.
    pub(super) fn imports<'a>(&self, study: &'a Study, at: BuildRef) -> Vec<&'a Transfer> {
        let Some((run, build)) = study.run_of(at).zip(study.build(at)) else { return Vec::new() };
        if !build.imports.is_empty() {
            return build.imports.iter().collect();
        }
        let beside = self.printed.get(at.run).and_then(|printed| printed.get(&build.invocation));
        beside
            .into_iter()
            .flatten()
            .filter_map(|at| run.builds.get(*at))
            .flat_map(|b| &b.imports)
            .collect()
    }

    /// A series has another one beside it that reads the same reference.
    pub(super) fn are_shared(&self, series: usize) -> bool {
        self.shared.get(series).copied().unwrap_or_default()
    }

    fn shared(&self, study: &Study) -> Vec<bool> {
        if study.series.len() < 2 {
            return Vec::new();
        }
        let readers = readers(study);
        let shared = |at| {
            self.references(study, at)
                .any(|key| readers.get(&key).is_some_and(|r| r.has_another(at)))
        };
        (0..study.series.len()).map(shared).collect()
    }

    /// What the builds of a series read, but for interleaved ones.
    fn references<'a>(&'a self, study: &'a Study, series: usize) -> impl Iterator<Item = Key<'a>> {
        let builds = study.series.get(series).map_or(&[][..], |series| &series.builds);
        let mut asked = HashSet::default();
        let once = move |at: &&BuildRef| {
            study
                .build(**at)
                .is_some_and(|build| !build.tangled && asked.insert((at.run, group(build, at))))
        };
        builds.iter().filter(once).flat_map(|at| self.imports(study, *at)).filter_map(key)
    }
}

/// Targets of one bake without imports of their own all read what is printed for another: one is
/// asked for all.
fn group(build: &Build, at: &BuildRef) -> (bool, usize) {
    if build.imports.is_empty() { (true, build.invocation) } else { (false, at.build) }
}

fn looks(run: &Run, printed: &BTreeMap<usize, Vec<usize>>) -> Vec<bool> {
    run.builds.iter().map(|build| printed.contains_key(&build.invocation)).collect()
}

fn printed(run: &Run) -> BTreeMap<usize, Vec<usize>> {
    let mut printed: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, build) in run.builds.iter().enumerate().filter(|(_, build)| !build.imports.is_empty())
    {
        printed.entry(build.invocation).or_default().push(at);
    }
    printed
}

/// Repository and tag.
type Key<'a> = (&'a str, &'a str);

fn key(import: &Transfer) -> Option<Key<'_>> {
    import.reference.as_deref().map(reference::key)
}

/// The series that read a reference.
struct Readers {
    first: usize,
    several: bool,
}

impl Readers {
    fn has_another(&self, series: usize) -> bool {
        self.several || self.first != series
    }
}

/// Who reads what of a registry.
fn readers(study: &Study) -> HashMap<Key<'_>, Readers> {
    let mut readers = HashMap::default();
    for (at, series) in study.series.iter().enumerate() {
        let imports = study.members(series).flat_map(|(_, build)| &build.imports);
        for key in imports.filter(|import| import.kind == CacheKind::Registry).filter_map(key) {
            let known: &mut Readers =
                readers.entry(key).or_insert(Readers { first: at, several: false });
            known.several |= known.first != at;
        }
    }
    readers
}
