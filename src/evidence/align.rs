//! Builds that were made of files alone, beside those before them, of this call or remembered: which
//! stage is which, and what was reused.
//!
//! Nothing in such a file says what a stage is called, nor whether a step ran. Stages that have the
//! most operations in common are one stage. A result that is older than the newest of the cache
//! before was reused; so was a layer that an earlier build had, but for that of no files, which a
//! command makes whenever it runs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use foldhash::{HashMap, HashSet};

use super::formula;
use crate::model::{Build, Digest, EvidenceKind, Outcome, Part, Run, Step, Text};

/// Aligns the builds of files, each with the newest one before it that it has a step in common with.
pub fn align(runs: &mut [Run]) {
    let mut known = OtherBuilds::default();
    for run in runs {
        if !run.is_of_files() {
            continue;
        }
        let job = run.job.clone();
        for build in &mut run.builds {
            let earlier = known.earlier(job.as_ref(), build);
            // A cache whose run found all in results of earlier runs holds nothing that is new.
            if build.told.iter().any(|(told, _)| *told == EvidenceKind::CacheConfig) {
                run.started = run.started.max(earlier.and_then(|at| known.latest(at)));
            }
            let family = known.family(earlier);
            if let Some(earlier) = earlier.and_then(|at| known.seen.get(at)) {
                name_stages(build, &earlier.stages);
            }
            known.tell(build, earlier, family);
            known.learn(job.as_ref(), build, run.started, family);
        }
    }
}

/// What is known of the builds so far.
#[derive(Default)]
struct OtherBuilds {
    seen: Vec<OtherBuild>,
    /// The newest build of a job that has an operation.
    newest: HashMap<(Option<Text>, Digest), usize>,
    /// What builds that follow each other had.
    ever: Vec<Ever>,
}

#[derive(Default)]
struct Ever {
    operations: HashSet<Digest>,
    layers: HashSet<Digest>,
    /// Operations whose layers are told.
    layered: HashSet<Digest>,
    /// What each operation took, by the place of the input.
    taken: HashSet<(Digest, usize, Digest)>,
}

struct OtherBuild {
    /// The operations of each stage, by the name of the stage.
    stages: BTreeMap<Text, Vec<Digest>>,
    latest: Option<DateTime<Utc>>,
    family: usize,
}

impl OtherBuilds {
    fn earlier(&self, job: Option<&Text>, build: &Build) -> Option<usize> {
        let newest = |digest| self.newest.get(&(job.cloned(), digest)).copied();
        build.steps.iter().filter_map(operation).filter_map(newest).max()
    }

    fn latest(&self, at: usize) -> Option<DateTime<Utc>> {
        self.seen.get(at)?.latest
    }

    fn family(&mut self, earlier: Option<usize>) -> usize {
        if let Some(earlier) = earlier.and_then(|at| self.seen.get(at)) {
            return earlier.family;
        }
        self.ever.push(Ever::default());
        self.ever.len() - 1
    }

    /// What became of the steps.
    fn tell(&self, build: &mut Build, earlier: Option<usize>, family: usize) {
        let Some(earlier) = earlier.and_then(|at| self.seen.get(at)) else { return };
        let Some(ever) = self.ever.get(family) else { return };
        for step in &mut build.steps {
            step.outcome = outcome(step, earlier.latest, ever);
            let known = operation(step).is_some_and(|digest| ever.operations.contains(&digest));
            if let Some(key) = &mut step.digests {
                key.known = known;
            }
        }
    }

    fn learn(
        &mut self,
        job: Option<&Text>,
        build: &Build,
        latest: Option<DateTime<Utc>>,
        family: usize,
    ) {
        let at = self.seen.len();
        for digest in build.steps.iter().filter_map(operation) {
            self.newest.insert((job.cloned(), digest), at);
        }
        if let Some(ever) = self.ever.get_mut(family) {
            for step in &build.steps {
                let layer = step.digests.as_ref().and_then(|key| key.layer);
                ever.operations.extend(operation(step));
                ever.layers.extend(layer);
                if layer.is_some() {
                    ever.layered.extend(operation(step));
                }
                ever.taken.extend(inputs(step).flatten());
            }
        }
        self.seen.push(OtherBuild { stages: stages(build), latest, family });
    }
}

/// What the step does: where one digest of it is not told, its parts.
fn operation(step: &Step) -> Option<Digest> {
    let key = step.digests.as_deref()?;
    key.operation.or_else(|| (!key.fields.is_empty()).then(|| of_parts(&key.fields)))
}

/// One digest for all parts, in whatever order they are told.
fn of_parts(fields: &[Part]) -> Digest {
    let mut parts: Vec<&Part> = fields.iter().collect();
    parts.sort_unstable();
    let value = |part: &Part| part.value.map_or_else(String::new, |value| value.to_string());
    let texts: Vec<String> =
        parts.into_iter().map(|part| format!("{}={}", part.name, value(part))).collect();
    formula::of_bytes(texts.join("\n").as_bytes())
}

/// What the step takes of each input of which that is told.
fn inputs(step: &Step) -> impl Iterator<Item = Vec<(Digest, usize, Digest)>> {
    let key = step.digests.as_deref();
    let told = key.into_iter().filter_map(|key| Some((key.operation?, &key.inputs)));
    told.flat_map(|(operation, inputs)| {
        inputs.iter().enumerate().filter(|(_, input)| !input.contents.is_empty()).map(
            move |(at, input)| input.contents.iter().map(|one| (operation, at, *one)).collect(),
        )
    })
}

fn outcome(step: &Step, latest: Option<DateTime<Utc>>, ever: &Ever) -> Outcome {
    let Some(key) = step.digests.as_deref() else { return Outcome::Unknown };
    if let Some(created) = key.created {
        // A foreign exporter may leave the times of the earlier one out.
        return match latest {
            Some(latest) if created <= latest => Outcome::Hit,
            Some(_) => Outcome::Miss,
            None => Outcome::Unknown,
        };
    }
    // Without its result nothing tells when it was made; but none had what it takes.
    let is_new = |all: Vec<_>| !all.iter().any(|one| ever.taken.contains(one));
    if key.stored == Some(false) && inputs(step).any(is_new) {
        return Outcome::Miss;
    }
    let Some((operation, layer)) = operation(step).zip(key.layer) else { return Outcome::Unknown };
    // No cache that is known of can have had it.
    if !ever.operations.contains(&operation) {
        return Outcome::Miss;
    }
    match ever.layers.contains(&layer) {
        true if Digest::parse(NO_FILES) == Some(layer) => Outcome::Unknown,
        true => Outcome::Hit,
        false if ever.layered.contains(&operation) => Outcome::Miss,
        false => Outcome::Unknown,
    }
}

/// The layer of no files, compressed (`moby/buildkit` `emptyGZLayer`).
const NO_FILES: &str = "sha256:4f4fb700ef54461cfa02571ae0db9a0dc1e0cdb5577484a6d75e68dc38e8acc1";

fn stages(build: &Build) -> BTreeMap<Text, Vec<Digest>> {
    let mut stages: BTreeMap<Text, Vec<Digest>> = BTreeMap::new();
    for step in &build.steps {
        stages.entry(step.stage.clone()).or_default().extend(operation(step));
    }
    stages
}

/// Calls the stages by the names of those before that they are.
fn name_stages(build: &mut Build, before: &BTreeMap<Text, Vec<Digest>>) {
    let names = names(&stages(build), before);
    for step in &mut build.steps {
        let Some(name) = names.get(&step.stage).filter(|name| **name != step.stage) else {
            continue;
        };
        let front = if name.is_empty() { String::new() } else { format!("{name} ") };
        let place = format!("[{front}{}/{}] {}", step.position, step.of, step.text);
        step.stage = name.clone();
        step.name = place.into();
    }
}

/// For each stage the name of that of before that it has the most in common with, whatever the
/// others are; one that has nothing in common with any takes the name of one as long as it.
fn names(
    now: &BTreeMap<Text, Vec<Digest>>,
    before: &BTreeMap<Text, Vec<Digest>>,
) -> BTreeMap<Text, Text> {
    let mut free: BTreeSet<&Text> = before.keys().collect();
    let mut names: BTreeMap<Text, Text> = BTreeMap::new();
    let mut alike = alike(now, before);
    alike.sort_by_key(|(common, now, before)| (Reverse(*common), *now, *before));
    for (_, stage, name) in alike {
        if !names.contains_key(stage) && free.remove(name) {
            names.insert(stage.clone(), name.clone());
        }
    }
    let mut new = (0..).map(|n| Text::new(&format!("stage-{n}")));
    for (stage, operations) in now {
        if names.contains_key(stage) {
            continue;
        }
        let as_long =
            |name: &&Text| before.get(*name).is_some_and(|known| known.len() == operations.len());
        let name = free.iter().copied().find(as_long).cloned();
        let Some(name) = name.or_else(|| new.find(|name| !before.contains_key(name))) else {
            continue;
        };
        free.remove(&name);
        names.insert(stage.clone(), name);
    }
    names
}

/// How many operations a stage and one of before have in common, where it is any.
fn alike<'a>(
    now: &'a BTreeMap<Text, Vec<Digest>>,
    before: &'a BTreeMap<Text, Vec<Digest>>,
) -> Vec<(usize, &'a Text, &'a Text)> {
    let mut of: HashMap<Digest, Vec<&Text>> = HashMap::default();
    for (name, digests) in before {
        for digest in digests {
            of.entry(*digest).or_default().push(name);
        }
    }
    let mut all = Vec::new();
    for (stage, digests) in now {
        let digests: BTreeSet<&Digest> = digests.iter().collect();
        let mut common: BTreeMap<&Text, usize> = BTreeMap::new();
        for name in digests.into_iter().filter_map(|digest| of.get(digest)).flatten() {
            *common.entry(name).or_default() += 1;
        }
        all.extend(common.into_iter().map(|(name, count)| (count, stage, name)));
    }
    all
}
