//! Builds of exported caches or of attestations alone, where no log was given.
//!
//! A cache holds the steps of the run that wrote it, each with its result. Nothing says what their
//! texts are, so a step is called by its kind, and by its text only where a guess of it has the
//! very digest that the record has. An attestation holds commands and layers. What was reused, and
//! which stage is which, other builds tell (`align.rs`).

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use foldhash::{HashMap, HashSet};

use super::cacheconfig::CacheConfig;
use super::graph::Graph;
use super::guess::Guesses;
use super::operation::WorkDir;
use super::provenance::Attested;
use super::{Evidence, What, layout};
use crate::model::{Build, BuildOutcome, Digest, Instruction, Run, Step, Text, Trace};
use crate::source::natural;

/// A run for each cache, else for each attestation that holds a definition, the oldest first;
/// `hints` are instructions that its steps may be.
pub(super) fn runs(evidence: &[Evidence], hints: &[String]) -> Vec<Run> {
    let caches = once(evidence.iter().filter_map(Made::of_cache).collect());
    let defined = || evidence.iter().filter_map(Made::of_attestation).collect();
    let all = if caches.is_empty() { by_time(defined()) } else { by_number(by_time(caches)) };
    all.iter().map(|made| run(made, hints)).collect()
}

/// A folder that caches are written into keeps those of earlier runs, which may lie in folders of
/// their own, too: then they are no runs of this one.
fn once(all: Vec<Made>) -> Vec<Made> {
    let folder = |made: &Made| layout(&made.file.source).to_owned();
    let mut counts: HashMap<String, usize> = HashMap::default();
    for made in &all {
        *counts.entry(folder(made)).or_default() += 1;
    }
    let is_alone = |made: &Made| counts.get(&folder(made)) == Some(&1);
    let alone: HashSet<Digest> =
        all.iter().filter(|made| is_alone(made)).map(|made| made.file.digest).collect();
    let is_own: Vec<bool> =
        all.iter().map(|made| is_alone(made) || !alone.contains(&made.file.digest)).collect();
    all.into_iter().zip(is_own).filter(|(_, own)| *own).map(|(made, _)| made).collect()
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

/// The stages of a cache, in the order in which they were begun.
fn stages(graph: &Graph) -> Vec<Vec<usize>> {
    let is_step = |(at, own): (usize, bool)| own && !graph.is_merged(at);
    let own: Vec<bool> = graph.own().into_iter().enumerate().map(is_step).collect();
    let mut chains = chains(graph, &own);
    let created = |chain: &Vec<usize>| chain.iter().filter_map(|at| graph.get(*at)?.created).min();
    chains.sort_by_cached_key(|chain| (created(chain), chain.clone()));
    chains
}

/// Steps that stand on each other. Where several stand on one, each of them begins a stage: which
/// of them goes on with its stage, no record tells.
fn chains(graph: &Graph, own: &[bool]) -> Vec<Vec<usize>> {
    let is_own = |at: usize| own.get(at) == Some(&true);
    let below = |at: usize| {
        let record = graph.get(at)?;
        graph.below(record).find(|below| is_own(*below) && *below != at)
    };
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); own.len()];
    let mut starts = Vec::new();
    for at in (0..own.len()).filter(|at| is_own(*at)) {
        match below(at).and_then(|parent| above.get_mut(parent)) {
            Some(others) => others.push(at),
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
            at = match above.get(now).map_or(&[][..], Vec::as_slice) {
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

fn run(made: &Made, hints: &[String]) -> Run {
    let graph = &Graph::of(made.config);
    // No log says what was imported.
    let mut build =
        Build { outcome: BuildOutcome::Succeeded, line: 1, headless: true, ..Build::default() };
    let file = made.file;
    build.told.push((file.told, Text::new(&file.source)));
    build.given = made.attested.and_then(|attested| attested.given.clone());
    build.no_cache = made.attested.map(|attested| attested.no_cache.clone()).unwrap_or_default();
    let hints: Vec<String> = hints.iter().cloned().chain(made.hints()).collect();
    let (steps, records) = steps(graph, &hints);
    build.steps = steps;
    link(&mut build.steps, &records, graph);
    let mut run =
        Run { source: Text::new(&file.source), started: made.at, lines: 1, ..Run::default() };
    run.digest = Some(file.digest.bytes());
    run.builds.push(build);
    run.settle();
    run
}

/// The steps of all stages, and the record of each.
fn steps(graph: &Graph, hints: &[String]) -> (Vec<Step>, Vec<usize>) {
    let stages = stages(graph);
    let begins = |stage: &Vec<usize>| graph.below(graph.get(*stage.first()?)?).next();
    let grounds: HashSet<usize> = stages.iter().filter_map(begins).collect();
    let mut guesses = Guesses::new(hints);
    // Where the steps left off that stages begin on.
    let mut ends: HashMap<usize, WorkDir> = HashMap::default();
    let count = stages.iter().map(Vec::len).sum();
    let (mut steps, mut records) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for (number, stage) in stages.iter().enumerate() {
        guesses.begin(begins(stage).and_then(|at| ends.get(&at)).cloned().unwrap_or_default());
        let name = if stages.len() > 1 { format!("stage-{number}") } else { String::new() };
        let base = usize::from(stage.first().is_some_and(|at| on_base(graph, *at)));
        for (at, n) in stage.iter().zip(1..) {
            let position = Position { stage: &name, at: n + base, of: stage.len() + base };
            let Some(step) = step(graph, *at, &position, &mut guesses) else { continue };
            steps.push(step);
            records.push(*at);
            if grounds.contains(at) {
                ends.insert(*at, guesses.place().clone());
            }
        }
    }
    (steps, records)
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
    let mut places = vec![None; graph.records.len()];
    for (at, place) in records.iter().zip(0..) {
        if let Some(slot) = places.get_mut(*at) {
            *slot = Some(place);
        }
    }
    for (step, at) in steps.iter_mut().zip(records) {
        let records = graph.get(*at).into_iter().chain(graph.copy(*at));
        let links = records.flat_map(|record| record.inputs.iter().flatten());
        let inputs = links.filter_map(|link| *places.get(link.record)?).collect();
        step.trace = Some(Box::new(Trace { inputs, ..Trace::default() }));
    }
}

/// Where a step stands.
struct Position<'a> {
    stage: &'a str,
    at: usize,
    of: usize,
}

fn step(graph: &Graph, at: usize, position: &Position, guesses: &mut Guesses) -> Option<Step> {
    let record = graph.operation(at)?;
    let kind = kind(graph, at);
    let said = record.text().map(|text| format!("{kind} {text}"));
    if let Some(text) = &said {
        guesses.follow(text);
    }
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
    Some(Step { what: what.into(), header: record.quote.clone(), digests, ..Step::default() })
}

/// What the shape of a record tells of its instruction.
fn kind(graph: &Graph, at: usize) -> &'static str {
    let Some(record) = graph.get(at) else { return "RUN" };
    match record.inputs.len() {
        _ if graph.is_merge(at) => "COPY",
        _ if graph.is_run(record) => "RUN",
        0 | 1 if !graph.takes_a_path(record) => "WORKDIR",
        _ => "COPY",
    }
}
