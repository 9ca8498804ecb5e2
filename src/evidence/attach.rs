//! Which build a file is of, and what its steps get from it.
//!
//! A log prints the digest of the cache that it wrote; a build record names its log and its
//! attestations by their digests; else the file lies beside the log under its name, or alone with
//! it in a folder. A file that fits none of the logs is named as a problem, never used.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::assign;
use super::cacheconfig::CacheConfig;
use super::graph::Graph;
use super::metrics::Measured;
use super::provenance::Attested;
use super::store::Operations;
use super::{Evidence, Given, What, alone, foreign, stored};
use crate::model::{Build, Digest, Few, NoCache, Outcome, Problem, Run, Step, Text};

/// What else files say.
#[derive(Debug, Default)]
pub struct Attached {
    /// Files that belong to no log.
    pub problems: Vec<Problem>,
    /// Dockerfiles of stored builds, each with its name: of those with one name the newest.
    pub dockerfiles: Vec<(String, String)>,
}

/// Attaches what was read to the builds. Stored builds become runs; where there is no log at all,
/// exported caches do; `hints` are instructions that their steps may be.
pub fn attach(runs: &mut Vec<Run>, evidence: Vec<Evidence>, hints: &[String]) -> Attached {
    let mut attached = Attached::default();
    if evidence.is_empty() {
        return attached;
    }
    let mut evidence = stored::runs(runs, evidence);
    if runs.iter().all(|run| run.builds.is_empty()) {
        runs.retain(|run| run.lines > 0);
        runs.extend(alone::runs(&evidence, hints));
        evidence.retain(|file| !matches!(file.what, What::Cache(_)));
    }
    let alone = |file: &Evidence| runs.iter().any(|run| run.source.as_str() == file.source);
    let alone: Vec<String> =
        evidence.iter().filter(|file| alone(file)).map(|file| file.source.clone()).collect();
    // Definitions tell operations, by which the records of a cache are found.
    evidence.sort_by_cached_key(|file| (order(&file.what), file.source.clone()));
    let mut dockerfiles = Vec::new();
    for file in &evidence {
        if let What::Attested(attested) = &file.what {
            dockerfiles.extend(attested.dockerfile.clone().map(|named| (attested.started, named)));
        }
        if !alone.contains(&file.source) && !is_attached(runs, file) {
            attached.problems.push(unmatched(file));
        }
    }
    dockerfiles.sort();
    dockerfiles.reverse();
    for (_, (name, text)) in dockerfiles {
        if !attached.dockerfiles.iter().any(|(known, _)| *known == name) {
            attached.dockerfiles.push((name, text));
        }
    }
    attached
}

fn order(what: &What) -> u8 {
    match what {
        What::Log(_) | What::Record(_) | What::Attested(_) => 0,
        What::Cache(_) => 1,
        What::Metrics(_) | What::Store(_) => 2,
    }
}

fn unmatched(file: &Evidence) -> Problem {
    let beside = "give the log of its build next to it, with the same name up to the first dot";
    let message = match file.what {
        What::Cache(_) => {
            format!("is a {} that none of the logs wrote, so it was not used: {beside}", file.kind)
        }
        _ => format!(
            "is the {} of a build whose log was not given, so it was not used: {beside}",
            file.kind
        ),
    };
    Problem { source: file.source.clone(), line: None, message }
}

fn is_attached(runs: &mut [Run], file: &Evidence) -> bool {
    match &file.what {
        What::Cache(config) => cache(runs, file, config),
        What::Attested(attested) => self::attested(runs, file, attested),
        What::Record(record) => {
            let named = only(runs.iter().map(|run| stored::is_named(run, &record.reference)));
            let at = named.or_else(|| beside(runs, &file.source));
            let run = at.and_then(|at| runs.get_mut(at));
            let run = run.filter(|run| !run.builds.iter().all(|b| contradicts(b, &record.bases)));
            run.is_some_and(|run| {
                tell_no_cache(run, &record.no_cache);
                give(run, file, Some(&record.given))
            })
        }
        What::Metrics(measured) => {
            let run = beside(runs, &file.source).and_then(|at| runs.get_mut(at));
            run.is_some_and(|run| measure(run, file, measured))
        }
        What::Store(operations) => name(runs, file, operations),
        What::Log(_) => false,
    }
}

fn attested(runs: &mut [Run], file: &Evidence, attested: &Attested) -> bool {
    let named = |run: &Run| {
        file.of
            .as_ref()
            .or(attested.reference.as_ref())
            .is_some_and(|reference| stored::is_named(run, reference))
    };
    let wrote = |run: &Run| {
        attested.cache.is_some_and(|cache| run.builds.iter().any(|b| has_written(b, &[cache])))
    };
    let at = only(runs.iter().map(named)).or_else(|| only(runs.iter().map(wrote))).or_else(|| {
        let at = beside(runs, &file.source)?;
        let digests = Vec::from_iter(attested.cache);
        runs.get(at).filter(|run| digests.is_empty() || !wrote_another(run, &digests)).map(|_| at)
    });
    let Some(run) = at.and_then(|at| runs.get_mut(at)) else { return false };
    if foreign::is_of_another_time(run, attested.started) {
        return false;
    }
    let sent_another = |build: &Build| {
        let dockerfile = attested.dockerfile.as_ref();
        dockerfile.is_some_and(|(name, text)| foreign::sent_another_dockerfile(build, name, text))
    };
    let was_given_another = |build: &Build| {
        let given = attested.given.as_ref();
        given.is_some_and(|given| foreign::was_given_another_value(run, build, given))
    };
    let other = |build: &Build| {
        contradicts(build, &attested.bases)
            || sent_another(build)
            || was_given_another(build)
            || attested.definition.as_ref().is_some_and(|defined| runs_others(build, defined))
    };
    if run.builds.iter().all(other) {
        return false;
    }
    if let Some(definition) = &attested.definition {
        keyed(run, file, definition, |_| true);
    }
    tell_no_cache(run, &attested.no_cache);
    give(run, file, attested.given.as_ref())
}

/// The log prints a base image that is none of these: a build names all that it resolved.
fn contradicts(build: &Build, bases: &[Digest]) -> bool {
    let printed: Vec<Digest> =
        build.bases.iter().filter_map(|base| Digest::parse(base.digest.as_deref()?)).collect();
    !bases.is_empty() && !printed.iter().all(|digest| bases.contains(digest))
}

/// A command or directory of the build is none of the definition, as far as first words tell:
/// values are filled in where they are printed, of a here-document one line is, and of the exec form
/// all words are in one list.
fn runs_others(build: &Build, defined: &CacheConfig) -> bool {
    let (runs, others): (Vec<_>, Vec<_>) = defined.records.iter().partition(|record| record.runs());
    let told = FirstWords::of(runs.iter().filter_map(|run| run.text()));
    let made: Vec<&str> = others.iter().filter_map(|record| record.text()).collect();
    !told.words.is_empty() && build.steps.iter().any(|step| is_none_of(step, &told, &made))
}

/// How commands begin, to be looked for in the texts of others.
struct FirstWords {
    words: BTreeSet<String>,
    /// Made where a text does not begin so: few do.
    searcher: OnceCell<Option<AhoCorasick>>,
}

impl FirstWords {
    fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        Self { words: texts.map(first_words).collect(), searcher: OnceCell::new() }
    }

    fn are_in(&self, text: &str) -> bool {
        if self.words.contains(&first_words(text)) {
            return true;
        }
        let searcher = self.searcher.get_or_init(|| AhoCorasick::new(&self.words).ok());
        let text: Vec<&str> = text.split_ascii_whitespace().collect();
        searcher.as_ref().is_none_or(|searcher| searcher.is_match(&text.join(" ")))
    }
}

/// Two words of a command as it is written, before its first variable.
fn first_words(text: &str) -> String {
    let plain = text.split(['$', '\n']).next().unwrap_or_default();
    plain.split_ascii_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// The step has none of these words, or makes none of these directories.
fn is_none_of(step: &Step, told: &FirstWords, directories: &[&str]) -> bool {
    match step.instruction.as_str() {
        "RUN" if step.text.contains("<<") || step.text.ends_with(']') => false,
        "RUN" => !told.are_in(&step.text),
        "WORKDIR" => {
            let path = step.text.trim_start_matches("WORKDIR").trim();
            let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
            path.starts_with('/') && !path.contains(['$', '"', '.']) && !directories.contains(&path)
        }
        _ => false,
    }
}

/// The only build of a run was told to do without its caches.
fn tell_no_cache(run: &mut Run, no_cache: &NoCache) {
    if let [build] = run.builds.as_mut_slice()
        && *no_cache != NoCache::Untold
    {
        build.no_cache = no_cache.clone();
    }
}

/// The only build of a run gets the arguments that a file tells.
fn give(run: &mut Run, file: &Evidence, given: Option<&Given>) -> bool {
    let [build] = run.builds.as_mut_slice() else { return !run.builds.is_empty() };
    if let Some(given) = given {
        let known = build.given.get_or_insert_default();
        for argument in given {
            if !known.contains(argument) {
                known.push(argument.clone());
            }
        }
    }
    tell(build, file);
    true
}

/// What the builder counted wins over what a log seems to show: a hit whose layer was fetched
/// prints no `CACHED`.
fn measure(run: &mut Run, file: &Evidence, measured: &Measured) -> bool {
    let [build] = run.builds.as_mut_slice() else { return false };
    let missed = |step: &Step| measured.missed.iter().any(|name| *name == step.name);
    let count = build.steps.iter().filter(|step| missed(step)).count();
    if count != measured.missed.len() || measured.cached + count as u64 != measured.cacheable {
        return false;
    }
    // Of another run: what came from the cache was not missed, and without an import nothing is
    // fetched that is printed as if it had run.
    let is_other = |step: &Step| match step.outcome {
        Outcome::Hit => missed(step),
        Outcome::Miss => !missed(step) && build.imports.is_empty(),
        _ => false,
    };
    if build.decided().any(is_other) {
        return false;
    }
    for step in &mut build.steps {
        if step.outcome == Outcome::Miss && !missed(step) {
            step.outcome = Outcome::Hit;
        }
    }
    tell(build, file);
    true
}

/// Names the parts of operations that are known by their digests only.
fn name(runs: &mut [Run], file: &Evidence, operations: &Operations) -> bool {
    let mut any = false;
    for build in runs.iter_mut().flat_map(|run| &mut run.builds) {
        let keys = build.steps.iter_mut().filter_map(|step| step.digests.as_mut());
        let mut named = false;
        for key in keys.filter(|key| key.fields.is_empty()) {
            let known = key.operation.and_then(|operation| operations.get(&operation));
            named |= known.is_some();
            key.fields.extend(known.into_iter().flatten().cloned());
        }
        if named {
            tell(build, file);
        }
        any |= named;
    }
    any
}

fn cache(runs: &mut [Run], file: &Evidence, config: &CacheConfig) -> bool {
    let digests: Vec<Digest> = config.written.into_iter().chain([file.digest]).collect();
    let all: Vec<usize> =
        runs.iter().enumerate().filter(|(_, run)| wrote(run, &digests)).map(|(at, _)| at).collect();
    // A run that changed nothing wrote the very cache that another one did.
    if all.len() > 1 {
        return all.into_iter().fold(false, |any, at| {
            let attached = runs
                .get_mut(at)
                .is_some_and(|run| keyed(run, file, config, |build| has_written(build, &digests)));
            any || attached
        });
    }
    let Some(run) = run_of(runs, file, &digests) else { return false };
    // Of several builds of one log, those that wrote this cache, else the one that fits it best.
    let wrote = run.builds.iter().any(|build| has_written(build, &digests));
    keyed(run, file, config, |build| !wrote || has_written(build, &digests))
}

/// Gives the steps of the build that fits best what the records say.
fn keyed(
    run: &mut Run,
    file: &Evidence,
    config: &CacheConfig,
    may: impl Fn(&Build) -> bool,
) -> bool {
    let graph = Graph::of(config);
    let mut best: Option<(usize, usize, Vec<Option<usize>>)> = None;
    // Two builds of one Dockerfile fit equally well: which of them it is of, nothing tells.
    let mut tied = false;
    for (n, build) in run.builds.iter().enumerate().filter(|(_, build)| may(build)) {
        let given = assign::assign(&graph, build);
        let found = given.iter().flatten().count();
        let most = best.as_ref().map_or(0, |(_, most, _)| *most);
        tied = found > 0 && found == most || found < most && tied;
        if found > most {
            best = Some((n, found, given));
        }
    }
    let Some((n, _, given)) = best.filter(|_| !tied) else { return false };
    let Some(build) = run.builds.get_mut(n) else { return false };
    for (step, record) in build.steps.iter_mut().zip(given) {
        let Some(mut key) = record.and_then(|at| graph.key(at)) else { continue };
        if let Some(known) = step.digests.take() {
            key.fields = if key.fields.is_empty() { known.fields } else { key.fields };
            key.operation = key.operation.or(known.operation);
        }
        step.digests = Some(Box::new(key));
    }
    tell(build, file);
    true
}

fn tell(build: &mut Build, file: &Evidence) {
    let told = (file.told, Text::new(&file.source));
    if !build.told.contains(&told) {
        build.told.push(told);
    }
}

fn has_written(build: &Build, digests: &[Digest]) -> bool {
    build.exports.iter().any(|export| export.wrote.iter().any(|digest| digests.contains(digest)))
}

fn wrote(run: &Run, digests: &[Digest]) -> bool {
    run.builds.iter().any(|build| has_written(build, digests))
}

/// The build prints which cache it wrote, and it is not this one.
fn wrote_another(run: &Run, digests: &[Digest]) -> bool {
    let mut wrote = run.builds.iter().flat_map(|build| &build.exports).map(|export| &export.wrote);
    wrote.any(|wrote: &Few<Digest>| !wrote.is_empty())
        && !run.builds.iter().any(|b| has_written(b, digests))
}

/// The one run that a file is of.
fn run_of<'a>(runs: &'a mut [Run], file: &Evidence, digests: &[Digest]) -> Option<&'a mut Run> {
    let at = only(runs.iter().map(|run| wrote(run, digests))).or_else(|| {
        let beside = beside(runs, &file.source)?;
        runs.get(beside).filter(|run| !wrote_another(run, digests)).map(|_| beside)
    })?;
    runs.get_mut(at)
}

/// The run whose log lies beside a file under its name, else alone with it in a folder.
pub(super) fn beside(runs: &[Run], source: &str) -> Option<usize> {
    let named = runs.iter().map(|run| !run.builds.is_empty() && has_name_of(source, &run.source));
    only(named).or_else(|| {
        let mut folders =
            source.match_indices('/').map(|(at, _)| source.get(..=at).unwrap_or_default());
        // The nearest folder that holds a log decides.
        let nearest =
            folders.rfind(|folder| runs.iter().any(|run| run.source.starts_with(folder)))?;
        only(runs.iter().map(|run| run.source.starts_with(nearest) && !run.builds.is_empty()))
    })
}

/// `logs/run-1.cache.json` and `logs/run-1/index.json` are of `logs/run-1.log`, `logs/run-10.json`
/// is not.
pub(super) fn has_name_of(source: &str, log: &str) -> bool {
    let start = log.rfind('/').map_or(0, |at| at + 1);
    let stem = log.get(start..).and_then(|file| file.find('.')).map_or(log.len(), |at| start + at);
    let Some(rest) = log.get(..stem).and_then(|stem| source.strip_prefix(stem)) else {
        return false;
    };
    stem > start && !rest.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// The place of the only one that holds.
pub(super) fn only(each: impl Iterator<Item = bool>) -> Option<usize> {
    let mut places = each.enumerate().filter(|(_, holds)| *holds).map(|(at, _)| at);
    let only = places.next()?;
    places.next().is_none().then_some(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_up_to_its_first_dot() {
        assert!(has_name_of("logs/run-1.cacheconfig.json", "logs/run-1.log"));
        assert!(has_name_of("logs/run-1/blobs/sha256/ab", "logs/run-1.log"));
        assert!(has_name_of("logs/run-1-cache/index.json", "logs/run-1.log"));
        assert!(!has_name_of("logs/run-10.json", "logs/run-1.log"));
        assert!(!has_name_of("other/run-1.json", "logs/run-1.log"));
    }
}
