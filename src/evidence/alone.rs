//! Builds of exported caches or of attestations alone, where no log was given.
//!
//! A cache holds the steps of the run that wrote it, each with its result. Nothing says what their
//! texts are, so a step is called by its kind, and by its text only where a guess of it has the
//! very digest that the record has. A result that is older than the cache of the run before was
//! reused. An attestation holds commands and layers; a layer that the run before did not have was
//! made anew.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::assign::Graph;
use super::cacheconfig::CacheConfig;
use super::guess::Guesses;
use super::provenance::Attested;
use super::{Evidence, What};
use crate::model::{Build, BuildOutcome, Digest, Instruction, Outcome, Run, Step, Text};
use crate::source::natural;

/// A run for each cache, else for each attestation that holds a definition, the oldest first;
/// `hints` are instructions that its steps may be.
pub(super) fn runs(evidence: &[Evidence], hints: &[String]) -> Vec<Run> {
    let caches: Vec<Made> = evidence.iter().filter_map(Made::of_cache).collect();
    let defined = || evidence.iter().filter_map(Made::of_attestation).collect();
    let mut all = if caches.is_empty() { defined() } else { caches };
    all.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| natural(&a.file.source, &b.file.source)));
    let mut before: Vec<Seen> = Vec::new();
    let mut runs = Vec::new();
    for made in all {
        let graph = Graph::of(made.config);
        let earlier = before.iter().rev().find(|seen| seen.is_like(made.config));
        let stages = stages(&graph, earlier);
        runs.push(run(&made, &graph, &stages, earlier, hints));
        before.push(Seen::of(&graph, &stages, made.at));
    }
    runs
}

/// What tells of the steps of a build.
struct Made<'a> {
    file: &'a Evidence,
    config: &'a CacheConfig,
    attested: Option<&'a Attested>,
    at: Option<DateTime<Utc>>,
}

impl<'a> Made<'a> {
    fn of_cache(file: &'a Evidence) -> Option<Self> {
        let What::Cache(config) = &file.what else { return None };
        let latest = config.records.iter().filter_map(|record| record.created).max();
        Some(Self { file, config, attested: None, at: latest })
    }

    fn of_attestation(file: &'a Evidence) -> Option<Self> {
        let What::Attested(attested) = &file.what else { return None };
        Some(Self {
            file,
            config: attested.definition.as_ref()?,
            attested: Some(attested),
            at: attested.started,
        })
    }

    /// Instructions of its own Dockerfile.
    fn hints(&self) -> impl Iterator<Item = String> + use<'a> {
        let file = self.attested.and_then(|attested| attested.dockerfile.as_ref());
        let lines = file.into_iter().flat_map(|(_, text)| text.lines()).map(str::trim);
        lines
            .filter(|line| ["COPY ", "ADD ", "WORKDIR "].iter().any(|word| line.starts_with(word)))
            .map(str::to_owned)
    }
}

/// What is remembered of a cache for those after it.
struct Seen {
    /// Operations, contents and layers of all records.
    digests: BTreeSet<Digest>,
    /// The operations of each stage.
    stages: Vec<Vec<Digest>>,
    latest: Option<DateTime<Utc>>,
}

impl Seen {
    fn of(graph: &Graph, stages: &[(usize, Vec<usize>)], latest: Option<DateTime<Utc>>) -> Self {
        let digest = |at: &usize| graph.get(*at).and_then(|record| record.digest);
        let mut named: Vec<Vec<Digest>> = Vec::new();
        for (name, stage) in stages {
            named.resize_with(named.len().max(name + 1), Vec::new);
            if let Some(slot) = named.get_mut(*name) {
                *slot = stage.iter().filter_map(digest).collect();
            }
        }
        let digests = graph
            .records
            .iter()
            .flat_map(|record| record.digest.into_iter().chain(record.layer))
            .collect();
        Self { digests, stages: named, latest }
    }

    /// Some step of it is in the other cache, too.
    fn is_like(&self, config: &CacheConfig) -> bool {
        let steps = config.records.iter().filter(|record| !record.inputs.is_empty());
        steps.filter_map(|record| record.digest).any(|digest| self.digests.contains(&digest))
    }
}

/// The stages of a cache, each with its number and records; a number stays the same from cache to
/// cache.
fn stages(graph: &Graph, earlier: Option<&Seen>) -> Vec<(usize, Vec<usize>)> {
    let own = own(graph, earlier);
    let mut chains = chains(graph, &own);
    let created = |chain: &Vec<usize>| chain.iter().filter_map(|at| graph.get(*at)?.created).min();
    chains.sort_by_cached_key(|chain| (created(chain), chain.clone()));
    let mut free: Vec<(usize, &Vec<Digest>)> =
        earlier.map_or(Vec::new(), |e| e.stages.iter().enumerate().collect());
    let mut next = free.len();
    let mut named = Vec::new();
    for chain in chains {
        let digests: BTreeSet<Digest> =
            chain.iter().filter_map(|at| graph.get(*at)?.digest).collect();
        let common =
            |stage: &[Digest]| stage.iter().filter(|digest| digests.contains(*digest)).count();
        let best = free
            .iter()
            .enumerate()
            .max_by_key(|(n, (_, stage))| (common(stage), std::cmp::Reverse(*n)));
        let like = |stage: &[Digest]| common(stage) > 0 || stage.len() == chain.len();
        if let Some(n) = best.filter(|(_, (_, stage))| like(stage)).map(|(n, _)| n) {
            named.push((free.remove(n).0, chain));
        } else {
            named.push((next, chain));
            next += 1;
        }
    }
    named.sort();
    named
}

/// Records of steps of the run that wrote the cache: those with a result, and what they were made
/// of. Keys of earlier runs are there too, without results.
fn own(graph: &Graph, earlier: Option<&Seen>) -> Vec<bool> {
    let mut own = vec![false; graph.records.len()];
    let mut open: Vec<usize> =
        (0..own.len()).filter(|at| graph.get(*at).is_some_and(|r| r.stored)).collect();
    if open.is_empty() {
        open = (0..own.len()).collect();
    }
    while let Some(at) = open.pop() {
        let Some(slot) = own.get_mut(at).filter(|own| !**own) else { continue };
        *slot = !graph.is_leaf(at);
        if graph.is_leaf(at) {
            continue;
        }
        for links in graph.get(at).into_iter().flat_map(|record| &record.inputs) {
            let steps = || links.iter().map(|link| link.record).filter(|at| !graph.is_leaf(*at));
            let stored = steps().any(|at| graph.get(at).is_some_and(|record| record.stored));
            let known =
                |at: usize| graph.get(at).and_then(|r| r.digest).is_some_and(|d| has(earlier, d));
            let fresh = steps().any(|at| !known(at));
            open.extend(steps().filter(|at| !stored && (!fresh || !known(*at))));
        }
    }
    own
}

fn has(earlier: Option<&Seen>, digest: Digest) -> bool {
    earlier.is_some_and(|seen| seen.digests.contains(&digest))
}

/// Steps that stand on each other. Where two stand on one, the longer branch goes on and the other
/// is a stage.
fn chains(graph: &Graph, own: &[bool]) -> Vec<Vec<usize>> {
    let is_own = |at: usize| own.get(at) == Some(&true);
    let below = |at: usize| {
        let links = graph.get(at).and_then(|record| record.inputs.first());
        links
            .into_iter()
            .flatten()
            .map(|link| link.record)
            .find(|record| is_own(*record) && *record != at)
    };
    let mut above: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut starts = Vec::new();
    for at in (0..own.len()).filter(|at| is_own(*at)) {
        match below(at) {
            Some(parent) => above.entry(parent).or_default().push(at),
            None => starts.push(at),
        }
    }
    let mut chains = Vec::new();
    let mut seen = vec![false; own.len()];
    while let Some(start) = starts.pop() {
        let mut chain = Vec::new();
        let mut at = Some(start);
        while let Some(now) = at {
            let Some(slot) = seen.get_mut(now).filter(|seen| !**seen) else { break };
            *slot = true;
            chain.push(now);
            let mut next = above.get(&now).cloned().unwrap_or_default();
            next.sort_by_key(|at| {
                (above.contains_key(at), graph.get(*at).and_then(|record| record.digest))
            });
            at = next.pop();
            starts.extend(next);
        }
        if !chain.is_empty() {
            chains.push(chain);
        }
    }
    chains
}

fn run(
    made: &Made,
    graph: &Graph,
    stages: &[(usize, Vec<usize>)],
    earlier: Option<&Seen>,
    hints: &[String],
) -> Run {
    // No log says what was imported.
    let mut build =
        Build { outcome: BuildOutcome::Succeeded, line: 1, headless: true, ..Build::default() };
    let file = made.file;
    build.told.push((file.told, Text::new(&file.source)));
    build.given = made.attested.map(|attested| attested.given.clone()).unwrap_or_default();
    let hints: Vec<String> = hints.iter().cloned().chain(made.hints()).collect();
    let mut guesses = Guesses::new(&hints);
    for (name, stage) in stages {
        guesses.begin();
        let name = if stages.len() > 1 { format!("stage-{name}") } else { String::new() };
        let base = stage.first().is_some_and(|at| on_base(graph, *at));
        for (n, at) in stage.iter().enumerate() {
            let place = Place {
                stage: &name,
                position: n + 1 + usize::from(base),
                of: stage.len() + usize::from(base),
            };
            build.steps.extend(step(graph, *at, &place, &mut guesses, earlier));
        }
    }
    let mut run =
        Run { source: Text::new(&file.source), started: made.at, lines: 1, ..Run::default() };
    run.digest = Some(file.digest.bytes());
    run.builds.push(build);
    run.settle();
    run
}

/// Something that is no step lies below it: a base image, unless the step takes nothing else.
fn on_base(graph: &Graph, at: usize) -> bool {
    let below = graph.get(at).and_then(|record| record.inputs.first());
    below.is_some_and(|links| {
        !links.is_empty() && links.iter().all(|link| graph.is_leaf(link.record))
    })
}

struct Place<'a> {
    stage: &'a str,
    position: usize,
    of: usize,
}

fn step(
    graph: &Graph,
    at: usize,
    place: &Place,
    guesses: &mut Guesses,
    earlier: Option<&Seen>,
) -> Option<Step> {
    let record = graph.get(at)?;
    let kind = kind(graph, at);
    let said = record.text.as_ref().filter(|_| kind == "RUN").map(|text| format!("RUN {text}"));
    let told = || record.digest.and_then(|digest| guesses.text(kind, digest));
    let text = said.or_else(told).unwrap_or_else(|| kind.to_owned());
    let stage = if place.stage.is_empty() { String::new() } else { format!("{} ", place.stage) };
    let what = Instruction {
        name: format!("[{stage}{}/{}] {text}", place.position, place.of).into(),
        stage: place.stage.into(),
        position: u32::try_from(place.position).ok()?,
        of: u32::try_from(place.of).ok()?,
        instruction: text.split(' ').next().unwrap_or_default().into(),
        text: text.as_str().into(),
        ..Instruction::default()
    };
    let outcome = match (earlier, record.created) {
        (Some(seen), Some(created)) if seen.latest.is_some_and(|latest| created <= latest) => {
            Outcome::Hit
        }
        (Some(_), Some(_)) => Outcome::Miss,
        (Some(_), None)
            if record.digest.or(record.layer).is_some_and(|digest| !has(earlier, digest)) =>
        {
            Outcome::Miss
        }
        (Some(_), None) if record.layer.is_some_and(|layer| !has(earlier, layer)) => Outcome::Miss,
        (None, _) | (Some(_), None) => Outcome::Unknown,
    };
    let digests = graph.key(at).map(Box::new);
    Some(Step {
        what: what.into(),
        outcome,
        header: record.quote.clone(),
        digests,
        ..Step::default()
    })
}

/// What the shape of a record tells of its instruction.
fn kind(graph: &Graph, at: usize) -> &'static str {
    let Some(record) = graph.get(at) else { return "RUN" };
    match record.inputs.len() {
        _ if graph.is_run(record) => "RUN",
        0 | 1 => "WORKDIR",
        _ => "COPY",
    }
}
