//! Builds of exported caches or of attestations alone, where no log was given.
//!
//! A cache holds the steps of the run that wrote it, each with its result. Nothing says what their
//! texts are, so a step is called by its kind, and by its text only where a guess of it has the
//! very digest that the record has. A result that is older than the cache of the run before was
//! reused. An attestation holds commands and layers; a layer that the run before did not have was
//! made anew.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::assign::Graph;
use super::cacheconfig::{CacheConfig, Record};
use super::guess::Guesses;
use super::operation::Place;
use super::provenance::Attested;
use super::{Evidence, What, layout};
use crate::model::{Build, BuildOutcome, Digest, Instruction, Outcome, Run, Step, Text, Trace};
use crate::source::natural;

/// A run for each cache, else for each attestation that holds a definition, the oldest first;
/// `hints` are instructions that its steps may be.
pub(super) fn runs(evidence: &[Evidence], hints: &[String]) -> Vec<Run> {
    let caches: Vec<Made> = evidence.iter().filter_map(Made::of_cache).collect();
    let defined = || evidence.iter().filter_map(Made::of_attestation).collect();
    let all = if caches.is_empty() { by_time(defined()) } else { by_number(by_time(caches)) };
    let mut before: Vec<Seen> = Vec::new();
    let mut runs = Vec::new();
    for made in all {
        let graph = Graph::of(made.config);
        let earlier = before.iter().rev().find(|seen| seen.is_like(made.config));
        let stages = stages(&graph, earlier);
        runs.push(run(&made, &graph, &stages, earlier, hints));
        before.push(Seen::of(&graph, &stages, made.at, earlier));
    }
    runs
}

fn by_time(mut all: Vec<Made>) -> Vec<Made> {
    all.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| by_name(a, b)));
    all
}

fn by_name(a: &Made, b: &Made) -> Ordering {
    natural(&a.file.source, &b.file.source)
}

/// A cache whose run found all in results of earlier runs holds nothing that is new, and so does
/// not tell when it was written: then the numbers of names do, as in `run-2.json`, `run-3.json`.
fn by_number(mut all: Vec<Made>) -> Vec<Made> {
    let words = |made: &Made| layout(&made.file.source).replace(|c: char| c.is_ascii_digit(), "");
    let alike = |pair: &[Made]| matches!(pair, [a, b] if words(a) == words(b));
    if !all.windows(2).all(alike) {
        return all;
    }
    all.sort_by(by_name);
    let mut latest = None;
    for made in &mut all {
        latest = made.at.max(latest);
        made.at = latest;
    }
    all
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
    /// Those of the caches before it, too.
    ever: BTreeSet<Digest>,
    /// The operations of each stage.
    stages: Vec<Vec<Digest>>,
    latest: Option<DateTime<Utc>>,
}

impl Seen {
    fn of(
        graph: &Graph,
        stages: &[(usize, Vec<usize>)],
        latest: Option<DateTime<Utc>>,
        earlier: Option<&Self>,
    ) -> Self {
        let digest = |at: &usize| graph.get(*at).and_then(|record| record.digest);
        let mut named: Vec<Vec<Digest>> = Vec::new();
        for (name, stage) in stages {
            named.resize_with(named.len().max(name + 1), Vec::new);
            if let Some(slot) = named.get_mut(*name) {
                *slot = stage.iter().filter_map(digest).collect();
            }
        }
        let digests: BTreeSet<Digest> = graph
            .records
            .iter()
            .flat_map(|record| record.digest.into_iter().chain(record.layer))
            .collect();
        let ever = earlier.iter().flat_map(|seen| &seen.ever).chain(&digests).copied().collect();
        Self { digests, ever, stages: named, latest }
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
    let known = earlier.map_or(&[][..], |earlier| &earlier.stages);
    let mut named: Vec<(usize, Vec<usize>)> = Vec::new();
    // Those that have the most in common with a stage of before are that stage, whatever the others
    // are.
    let mut alike = alike(graph, &chains, known);
    alike.sort_by_key(|(common, chain, stage)| (std::cmp::Reverse(*common), *chain, *stage));
    let mut left: BTreeMap<usize, Vec<usize>> = (0..).zip(chains).collect();
    let mut free: BTreeSet<usize> = (0..known.len()).collect();
    for (_, chain, stage) in alike {
        if free.contains(&stage)
            && let Some(chain) = left.remove(&chain)
        {
            free.remove(&stage);
            named.push((stage, chain));
        }
    }
    let mut next = known.len();
    for chain in left.into_values() {
        let as_long = |stage: &&usize| known.get(**stage).is_some_and(|s| s.len() == chain.len());
        let name = free.iter().find(as_long).copied().unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        free.remove(&name);
        named.push((name, chain));
    }
    named.sort();
    named
}

/// How many operations a chain and a stage of before have in common, where it is any.
fn alike(
    graph: &Graph,
    chains: &[Vec<usize>],
    known: &[Vec<Digest>],
) -> Vec<(usize, usize, usize)> {
    let mut all = Vec::new();
    for (at, chain) in chains.iter().enumerate() {
        let digests: BTreeSet<Digest> =
            chain.iter().filter_map(|at| graph.get(*at)?.digest).collect();
        for (number, stage) in known.iter().enumerate() {
            let common = stage.iter().filter(|digest| digests.contains(*digest)).count();
            if common > 0 {
                all.push((common, at, number));
            }
        }
    }
    all
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

/// Steps that stand on each other. Where several stand on one, each of them begins a stage: which
/// of them goes on with its stage, no record tells.
fn chains(graph: &Graph, own: &[bool]) -> Vec<Vec<usize>> {
    let is_own = |at: usize| own.get(at) == Some(&true);
    let below = |at: usize| {
        let record = graph.get(at)?;
        graph.below(record).find(|below| is_own(*below) && *below != at)
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
            at = match above.get(&now).map_or(&[][..], Vec::as_slice) {
                [next] => Some(*next),
                several => {
                    starts.extend(several);
                    None
                }
            };
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
    let mut ends: BTreeMap<usize, Place> = BTreeMap::new();
    let mut records = Vec::new();
    for (name, stage) in stages {
        let below = stage.first().and_then(|at| graph.below(graph.get(*at)?).next());
        guesses.begin(below.and_then(|at| ends.get(&at)).cloned().unwrap_or_default());
        let name = if stages.len() > 1 { format!("stage-{name}") } else { String::new() };
        let base = stage.first().is_some_and(|at| on_base(graph, *at));
        for (n, at) in stage.iter().enumerate() {
            let position = Position {
                stage: &name,
                at: n + 1 + usize::from(base),
                of: stage.len() + usize::from(base),
            };
            let Some(step) = step(graph, *at, &position, &mut guesses, earlier) else { continue };
            build.steps.push(step);
            records.push(*at);
            ends.insert(*at, guesses.place().clone());
        }
    }
    link(&mut build.steps, &records, graph);
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

/// Each step, which is one of the records, takes the results of those that its record links.
fn link(steps: &mut [Step], records: &[usize], graph: &Graph) {
    let places: BTreeMap<usize, usize> = records.iter().copied().zip(0..).collect();
    for (step, at) in steps.iter_mut().zip(records) {
        let links = graph.get(*at).into_iter().flat_map(|record| record.inputs.iter().flatten());
        let inputs = links.filter_map(|link| places.get(&link.record).copied()).collect();
        step.trace = Some(Box::new(Trace { inputs, ..Trace::default() }));
    }
}

/// Where a step stands.
struct Position<'a> {
    stage: &'a str,
    at: usize,
    of: usize,
}

fn step(
    graph: &Graph,
    at: usize,
    position: &Position,
    guesses: &mut Guesses,
    earlier: Option<&Seen>,
) -> Option<Step> {
    let record = graph.get(at)?;
    let kind = kind(graph, at);
    let said = record.text.as_ref().filter(|_| kind == "RUN").map(|text| format!("RUN {text}"));
    let told = || record.digest.and_then(|digest| guesses.text(kind, digest));
    let text = said.or_else(told).unwrap_or_else(|| kind.to_owned());
    let Position { stage, at: number, of } = *position;
    let front = if stage.is_empty() { String::new() } else { format!("{stage} ") };
    let what = Instruction {
        name: format!("[{front}{number}/{of}] {text}").into(),
        stage: stage.into(),
        position: u32::try_from(number).ok()?,
        of: u32::try_from(of).ok()?,
        instruction: text.split(' ').next().unwrap_or_default().into(),
        text: text.as_str().into(),
        ..Instruction::default()
    };
    let digests = graph.key(at).map(Box::new);
    Some(Step {
        what: what.into(),
        outcome: outcome(record, earlier),
        header: record.quote.clone(),
        digests,
        ..Step::default()
    })
}

/// What became of a step: a result that is older than the run, or has the layer of an earlier one,
/// was reused. A command that changes no file makes the same layer whenever it runs.
fn outcome(record: &Record, earlier: Option<&Seen>) -> Outcome {
    let Some(seen) = earlier else { return Outcome::Unknown };
    if let Some(created) = record.created {
        let reused = seen.latest.is_some_and(|latest| created <= latest);
        return if reused { Outcome::Hit } else { Outcome::Miss };
    }
    let is_new = |digest: Digest| !seen.ever.contains(&digest);
    match record.layer {
        _ if record.digest.is_some_and(is_new) => Outcome::Miss,
        Some(layer) if is_new(layer) => Outcome::Miss,
        Some(layer) if Digest::parse(NO_FILES) != Some(layer) => Outcome::Hit,
        _ => Outcome::Unknown,
    }
}

/// The layer of no files, compressed (`moby/buildkit` `emptyGZLayer`).
const NO_FILES: &str = "sha256:4f4fb700ef54461cfa02571ae0db9a0dc1e0cdb5577484a6d75e68dc38e8acc1";

/// What the shape of a record tells of its instruction.
fn kind(graph: &Graph, at: usize) -> &'static str {
    let Some(record) = graph.get(at) else { return "RUN" };
    match record.inputs.len() {
        _ if graph.is_run(record) => "RUN",
        0 | 1 if !graph.takes_a_path(record) => "WORKDIR",
        _ => "COPY",
    }
}
