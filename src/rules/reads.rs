//! Which caches builds read, and which series read the same: found once, for all rules that ask.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use foldhash::{HashMap, HashSet};

use super::Study;
use super::remedy::reference;
use crate::model::{Build, CacheKind, Run, Transfer};
use crate::series::{BuildRef, Series, chain, standing};

/// Caches that builds read.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Of each run: builds with imports of their own, by their `docker build`.
    printed: Vec<BTreeMap<usize, Vec<usize>>>,
    /// Of each run: whether its builds looked for a cache, themselves or for their bake.
    looks: Vec<Vec<bool>>,
    /// Of each series: whether another one may write a reference that it reads.
    shared: Vec<bool>,
    /// Of each reference that builds read alone: the series that found a build stage in it. Few
    /// rules ask.
    holding: OnceLock<HashMap<(String, String), Several>>,
}

impl Reads {
    /// Of all runs and series of a study.
    pub(super) fn of(study: &Study) -> Self {
        let printed: Vec<_> = study.runs.iter().map(printed).collect();
        let looks =
            study.runs.iter().zip(&printed).map(|(run, printed)| looks(run, printed)).collect();
        let mut reads = Self { printed, looks, ..Self::default() };
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

    /// Some build of another series that reads this reference and no other finds a build stage: what
    /// is stored there is more than the last stage. What a series itself once found was stored then.
    pub(super) fn holds_stages(&self, study: &Study, series: usize, name: &str) -> bool {
        let holding = self.holding.get_or_init(|| self.holding(study));
        let (repository, tag) = reference::key(name);
        let found = holding.get(&(repository.to_owned(), tag.to_owned()));
        found.is_some_and(|found| found.beside(series))
    }

    fn holding(&self, study: &Study) -> HashMap<(String, String), Several> {
        let finds = |build: &Build| {
            let any = !chain::stored_stages([build]).is_empty();
            standing::is_final_apart(build) && (any || standing::any_on_found(build))
        };
        let mut holding: HashMap<(String, String), Several> = HashMap::default();
        for (series, of) in study.series.iter().enumerate() {
            for &at in &of.builds {
                let Some((repository, tag)) = self.only_reference(study, at) else { continue };
                if study.build(at).is_some_and(finds) {
                    holding.entry((repository.to_owned(), tag.to_owned())).or_default().add(series);
                }
            }
        }
        holding
    }

    /// The reference that a build reads and no other.
    fn only_reference<'a>(&self, study: &'a Study, at: BuildRef) -> Option<Key<'a>> {
        let imports = self.imports(study, at);
        let first = imports.first().copied().and_then(key)?;
        let this = |import: &&Transfer| import.ok() && key(import) == Some(first);
        imports.iter().all(this).then_some(first)
    }

    /// A series has another one beside it that reads the same reference, and may write it: an image
    /// that the series itself builds is not written by one that names other images.
    pub(super) fn are_shared(&self, series: usize) -> bool {
        self.shared.get(series).copied().unwrap_or_default()
    }

    fn shared(&self, study: &Study) -> Vec<bool> {
        if study.series.len() < 2 {
            return Vec::new();
        }
        let readers = readers(study);
        let all = 0..study.series.len();
        all.map(|series| self.is_shared(study, series, &readers)).collect()
    }

    fn is_shared(&self, study: &Study, at: usize, readers: &HashMap<Key, Readers>) -> bool {
        let Some(series) = study.series.get(at) else { return false };
        let built = images(study, series);
        let (own, others): (Vec<_>, Vec<_>) =
            self.references(study, at).partition(|key| built.contains(key));
        if own.is_empty() {
            return others.iter().filter_map(|key| readers.get(key)).any(|r| r.all.beside(at));
        }
        own.iter().filter_map(|key| readers.get(key)).any(|r| r.writing.beside(at))
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

/// Some of the series.
#[derive(Debug, Default)]
struct Several {
    first: Option<usize>,
    several: bool,
}

impl Several {
    fn add(&mut self, series: usize) {
        let first = *self.first.get_or_insert(series);
        self.several |= first != series;
    }

    /// Another one than this.
    fn beside(&self, series: usize) -> bool {
        self.several || self.first.is_some_and(|first| first != series)
    }
}

/// The series that read a reference.
#[derive(Default)]
struct Readers {
    all: Several,
    /// Those that build the image of this name, or do not name what they build.
    writing: Several,
}

/// Images that the builds of a series are named.
fn images<'a>(study: &'a Study, series: &'a Series) -> HashSet<Key<'a>> {
    let images = study.members(series).flat_map(|(_, build)| &build.images);
    images.map(|image| reference::key(image)).collect()
}

/// Who reads what of a registry.
fn readers(study: &Study) -> HashMap<Key<'_>, Readers> {
    let mut readers: HashMap<Key, Readers> = HashMap::default();
    for (at, series) in study.series.iter().enumerate() {
        let built = images(study, series);
        let imports = study.members(series).flat_map(|(_, build)| &build.imports);
        for key in imports.filter(|import| import.kind == CacheKind::Registry).filter_map(key) {
            let known = readers.entry(key).or_default();
            known.all.add(at);
            if built.is_empty() || built.contains(&key) {
                known.writing.add(at);
            }
        }
    }
    readers
}
