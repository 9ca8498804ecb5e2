//! Which record of a cache configuration is which step of a build.
//!
//! An attestation calls the steps by the digests of their vertices, as the status of the same build
//! does. Records of a cache have no names: a stage of the log is a path through the records, each
//! the first input of the next; its length, the kinds of its steps, its base image and operations
//! that can be named from a text tell which. Where two paths fit equally well, the steps in which
//! they differ get no record.

use std::collections::BTreeSet;

use super::formula;
use super::graph::Graph;
use super::operation::WorkDir;
use crate::model::{Base, Build, Digest, Step, StepKind};

/// Steps of the search for one stage, at most: a hostile file holds paths without end.
const MOST: usize = 20_000;

/// For each step of the build its record, as far as it can be told.
pub(super) fn assign(graph: &Graph, build: &Build) -> Vec<Option<usize>> {
    let mut given = vec![None; build.steps.len()];
    let mut stages = stages(build);
    // The longest path is the least ambiguous; what it takes, others cannot have.
    stages.sort_by_key(|stage| std::cmp::Reverse(stage.len()));
    let mut taken = vec![false; graph.records.len()];
    let ends: Vec<WorkDir> = stages.iter().map(|stage| end_of(build, stage)).collect();
    let (own, called, all) = (graph.own(), called(graph), stages.clone());
    let mut found = Found::default();
    // A definition is of one platform, and those of the others differ in little: nothing but
    // vertices tells whose steps it holds.
    let mixed = graph.defined && is_of_platforms(build);
    // A stage may be known by the one that it stands on, which is found later.
    for last in [false, true] {
        let mut left = Vec::new();
        for stage in stages {
            let search = || {
                let mut search = Search::of(graph, build, &stage, (&all, &ends), (&taken, &own));
                search.learn(&called);
                let records = search.best();
                (search.is_known(&records), search.is_nameable(), records)
            };
            let of_vertices = graph.of_vertices(build, &stage, mixed);
            let of_vertices = of_vertices.map(|records| (true, true, records));
            let (known, nameable, records) = of_vertices.unwrap_or_else(search);
            found.known |= known;
            found.nameable |= nameable;
            let bare = last && !nameable && found.is_of_this_build();
            if !known && !bare {
                left.push(stage);
                continue;
            }
            for (step, record) in stage.iter().zip(records) {
                if let Some((slot, record)) = given.get_mut(*step).zip(record) {
                    *slot = Some(record);
                    taken.get_mut(record).into_iter().for_each(|taken| *taken = true);
                }
            }
        }
        stages = left;
    }
    given
}

/// What of the stages of a build was found so far.
#[derive(Default)]
struct Found {
    /// Some stage is known for sure.
    known: bool,
    /// Some stage has what a record can be known by.
    nameable: bool,
}

impl Found {
    /// Projects of one kind have stages of the same shape: of a build that can be known by more,
    /// something must be.
    fn is_of_this_build(&self) -> bool {
        self.known || !self.nameable
    }
}

impl Graph<'_> {
    /// The records of a stage's steps, where the status names the vertices of all: the definition
    /// of the same build calls them so, too. Of some of them, where nothing else may tell.
    fn of_vertices(
        &self,
        build: &Build,
        stage: &[usize],
        some: bool,
    ) -> Option<Vec<Option<usize>>> {
        let record = |step: &usize| {
            let vertex = build.steps.get(*step)?.trace.as_ref()?.vertex?;
            self.vertex(vertex)
        };
        if some {
            return Some(stage.iter().map(record).collect());
        }
        stage.iter().map(|step| record(step).map(Some)).collect()
    }

    /// The shape of the record is that of the instruction.
    fn fits(&self, step: &Step, at: usize) -> bool {
        let Some(record) = self.operation(at) else { return false };
        if self.is_merged(at) || self.is_merge(at) && !step.operation().is_link() {
            return false;
        }
        match step.instruction.as_str() {
            "RUN" => self.is_run(record),
            _ if record.inputs.is_empty() || self.is_run(record) => false,
            "WORKDIR" => record.inputs.len() == 1,
            _ if step.text.contains("--from=") => self.takes_from_stage(record),
            _ => !self.takes_from_step(record),
        }
    }
}

/// What the records are called.
fn called(graph: &Graph) -> BTreeSet<Digest> {
    graph.records.iter().filter_map(|record| record.digest).collect()
}

/// It was made for several platforms.
fn is_of_platforms(build: &Build) -> bool {
    let mut platforms = build.steps.iter().map(|step| &step.platform).filter(|it| !it.is_empty());
    let first = platforms.next();
    platforms.any(|platform| Some(platform) != first)
}

/// Indices of the counted steps of each stage, in their order.
fn stages(build: &Build) -> Vec<Vec<usize>> {
    let mut stages: Vec<Vec<usize>> = Vec::new();
    for (n, step) in
        build.steps.iter().enumerate().filter(|(_, step)| step.kind == StepKind::Counted)
    {
        let of_stage = |other: &usize| {
            build.steps.get(*other).is_some_and(|o| step.is_of(&o.stage, &o.platform))
        };
        match stages.iter_mut().find(|stage| stage.first().is_some_and(of_stage)) {
            Some(stage) => stage.push(n),
            None => stages.push(vec![n]),
        }
    }
    for stage in &mut stages {
        stage.sort_by_key(|n| build.steps.get(*n).map(|step| step.position));
    }
    stages
}

/// Where a stage ends, as far as its own steps tell.
fn end_of(build: &Build, stage: &[usize]) -> WorkDir {
    let mut place = WorkDir::default();
    for step in stage.iter().filter_map(|n| build.steps.get(*n)) {
        place.operation(step);
    }
    place
}

/// Where stages stand above the place of a step: those that begin alike share their first steps,
/// which are printed as those of one.
fn above(build: &Build, all: &[Vec<usize>], first: &Step) -> Vec<WorkDir> {
    let before = |step: &&Step| {
        step.position < first.position && step.position > 1 && step.platform == first.platform
    };
    let place = |stage: &Vec<usize>| {
        let mut place = WorkDir::default();
        let steps = stage.iter().filter_map(|n| build.steps.get(*n));
        for step in steps.filter(before) {
            place.operation(step);
        }
        place
    };
    if first.position > 2 { all.iter().map(place).collect() } else { Vec::new() }
}

/// The search for the path of one stage.
struct Search<'a> {
    graph: &'a Graph<'a>,
    steps: Vec<&'a Step>,
    /// Operations that the texts tell, from each directory that the stage may begin in.
    named: Vec<Vec<Digest>>,
    /// Records that the base image may be, where the log prints its digest.
    bases: Vec<Digest>,
    /// A definition tells the operation, and some record of the cache is called so.
    defined: Vec<bool>,
    on_base: bool,
    /// Each step of the build has its result in the cache: what has none is of earlier builds.
    whole: bool,
    taken: &'a [bool],
    /// Records that are of this build for sure.
    own: &'a [bool],
}

/// How well a path fits; the larger the better.
type Score = u32;

impl<'a> Search<'a> {
    fn of(
        graph: &'a Graph<'a>,
        build: &'a Build,
        stage: &[usize],
        (all, ends): (&[Vec<usize>], &[WorkDir]),
        (taken, own): (&'a [bool], &'a [bool]),
    ) -> Self {
        let steps: Vec<&Step> = stage.iter().filter_map(|n| build.steps.get(*n)).collect();
        let base = steps.first().and_then(|step| build.base_of(&step.stage, &step.platform));
        // Numbers begin with the FROM of an image: without one the stage may stand on another one.
        let on_image = base.is_some() || steps.first().is_some_and(|step| step.position > 1);
        let mut places = vec![WorkDir::default()];
        if !on_image {
            places.extend_from_slice(ends);
        }
        if base.is_none() {
            places.extend(steps.first().into_iter().flat_map(|first| above(build, all, first)));
        }
        places.sort();
        places.dedup();
        Self {
            graph,
            named: steps.iter().map(|step| named(step, &mut places)).collect(),
            bases: base.map(bases).unwrap_or_default(),
            defined: Vec::new(),
            on_base: base.is_some(),
            whole: graph.stored >= build.decided().count(),
            steps,
            taken,
            own,
        }
    }

    /// Which steps a definition names as the cache does.
    fn learn(&mut self, called: &BTreeSet<Digest>) {
        let known = |step: &&Step| {
            let operation = step.digests.as_ref().and_then(|key| key.operation);
            operation.is_some_and(|operation| called.contains(&operation))
        };
        self.defined = self.steps.iter().map(known).collect();
    }

    /// The records of the best path; nothing where equally good ones differ.
    fn best(&self) -> Vec<Option<usize>> {
        let mut found = BestPaths { best: 0, paths: Vec::new() };
        let mut left = MOST;
        for start in 0..self.graph.records.len() {
            if let Some(score) = self.starts_with(start) {
                self.follow((start, score), &mut left, &mut found);
            }
        }
        if left == 0 {
            return Vec::new();
        }
        let Some((first, others)) = found.paths.split_first() else { return Vec::new() };
        let agreed =
            |(n, record): (usize, &usize)| others.iter().all(|path| path.get(n) == Some(record));
        // The texts of steps need not be their keys: an epoch makes another one of the same text.
        let is_sure = |(n, record): (usize, &usize)| {
            let defined =
                |step: &&Step| step.digests.as_ref().is_some_and(|key| key.operation.is_some());
            self.own.get(*record) == Some(&true) || self.steps.get(n).is_some_and(defined)
        };
        let sure = |at| agreed(at) && is_sure(at);
        first.iter().enumerate().map(|at| sure(at).then_some(*at.1)).collect()
    }

    /// The records have the base image that the log prints, an operation or a text of the stage, or
    /// stand on a step of another stage that was found. The shape alone is that of many a project.
    fn is_known(&self, records: &[Option<usize>]) -> bool {
        let mut found = records.iter().enumerate().filter_map(|(n, at)| Some((n, (*at)?)));
        found.any(|(place, at)| {
            self.graph.defined
                || self.is_named(place, at)
                || place == 0 && (self.is_on_its_base(at) || self.stands_on_a_known_step(at))
        })
    }

    /// The log shows something of the stage that a record can be known by.
    fn is_nameable(&self) -> bool {
        !self.bases.is_empty() || self.named.iter().any(|named| !named.is_empty())
    }

    fn is_named(&self, place: usize, at: usize) -> bool {
        let digest = self.graph.operation(at).and_then(|record| record.digest);
        self.named.get(place).zip(digest).is_some_and(|(named, digest)| named.contains(&digest))
    }

    fn is_on_its_base(&self, at: usize) -> bool {
        let below = self.graph.get(at).and_then(|record| record.inputs.first());
        let leaves = below.into_iter().flatten().filter(|link| self.graph.is_leaf(link.record));
        let mut digests = leaves.filter_map(|link| self.graph.get(link.record)?.digest);
        digests.any(|digest| self.bases.contains(&digest))
    }

    fn stands_on_a_known_step(&self, at: usize) -> bool {
        let record = self.graph.get(at);
        let mut below = record.into_iter().flat_map(|record| self.graph.below(record));
        below.any(|below| self.taken.get(below) == Some(&true))
    }

    /// Every path from a record on; without recursion, for a file may hold a path of any length.
    fn follow(&self, (start, score): (usize, Score), left: &mut usize, found: &mut BestPaths) {
        let mut open = vec![(0, start, score)];
        let mut path: Vec<usize> = Vec::new();
        while let Some((depth, at, score)) = open.pop() {
            let Some(less) = left.checked_sub(1) else { return };
            *left = less;
            path.truncate(depth);
            path.push(at);
            if path.len() == self.steps.len() {
                found.keep(&path, score);
                continue;
            }
            for next in self.graph.above(at) {
                if !path.contains(next)
                    && let Some(more) = self.score(path.len(), *next)
                {
                    open.push((path.len(), *next, score + more));
                }
            }
        }
    }

    fn starts_with(&self, at: usize) -> Option<Score> {
        let score = self.score(0, at)?;
        let below = self.graph.get(at)?.inputs.first()?;
        let mut bases = below.iter().filter(|link| self.graph.is_leaf(link.record));
        if self.on_base && bases.next().is_none() {
            return None;
        }
        Some(score + if self.is_on_its_base(at) { 16 } else { 0 })
    }

    /// How well a record fits the step at a place; `None` where it cannot be.
    fn score(&self, place: usize, at: usize) -> Option<Score> {
        let (step, record) = (self.steps.get(place)?, self.graph.operation(at)?);
        let foreign = self.whole && !record.stored;
        let named = |digest| self.named.get(place).is_some_and(|all| all.contains(&digest));
        let same = record.digest.is_some_and(named);
        // Files of the context that a step made, too, have its result as an alternative: the shape
        // is that of a copy from a stage.
        let fits = self.graph.fits(step, at) || same && !self.graph.is_merged(at);
        if foreign || self.taken.get(at) == Some(&true) || !fits {
            return None;
        }
        // A definition tells the operation, and the cache has a record that is called so.
        if !same && self.defined.get(place) == Some(&true) {
            return None;
        }
        let context =
            matches!(step.instruction.as_str(), "COPY" | "ADD") && !step.text.contains("--from=");
        let takes = record.inputs.len() > 1 || self.graph.is_merge(at);
        let alike = context == (takes && !self.graph.takes_from_stage(record));
        let said = record.text().is_some_and(|text| step.text.ends_with(text));
        Some(Score::from(same || said) * 8 + Score::from(record.stored) * 2 + Score::from(alike))
    }
}

/// What the operation of a step may be called.
fn named(step: &Step, places: &mut [WorkDir]) -> Vec<Digest> {
    let told: Vec<Digest> = places.iter_mut().filter_map(|place| place.operation(step)).collect();
    let known = step.digests.as_ref().and_then(|key| key.operation);
    known.map_or(told, |operation| vec![operation])
}

struct BestPaths {
    best: Score,
    paths: Vec<Vec<usize>>,
}

impl BestPaths {
    fn keep(&mut self, path: &[usize], score: Score) {
        if score > self.best {
            self.best = score;
            self.paths.clear();
        }
        if score == self.best && self.paths.len() < 64 {
            self.paths.push(path.to_vec());
        }
    }
}

/// What the record of a base image is called, on the platforms that are built for. One that is not
/// among them is told by its place alone.
fn bases(base: &Base) -> Vec<Digest> {
    const PLATFORMS: [(&str, &str); 9] = [
        ("amd64", ""),
        ("arm64", ""),
        ("arm64", "v8"),
        ("arm", "v7"),
        ("amd64", "v2"),
        ("amd64", "v3"),
        ("ppc64le", ""),
        ("riscv64", ""),
        ("s390x", ""),
    ];
    let Some(digest) = &base.digest else { return Vec::new() };
    PLATFORMS.iter().map(|(arch, variant)| formula::base(digest, "linux", arch, variant)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::cacheconfig::{CacheConfig, CacheRecord, Defined, Link};
    use super::*;
    use crate::model::Trace;

    fn digest(name: &str) -> Digest {
        formula::of_bytes(name.as_bytes())
    }

    /// A COPY of a stage of its own; the status calls it so.
    fn step(stage: &str, vertex: Option<&str>) -> Step {
        let trace = Trace { vertex: vertex.map(digest), ..Trace::default() };
        let mut step = Step { trace: Some(Box::new(trace)), ..Step::default() };
        step.stage = stage.into();
        step.instruction = "COPY".into();
        step.text = "COPY --chmod=755 . /srv/".into();
        step
    }

    /// Base, context, and two copies that differ in nothing which a log prints.
    fn definition() -> CacheConfig {
        let link = |record| vec![Link { record, selector: None }];
        let copy = |vertex: &str| CacheRecord {
            defined: Some(Box::new(Defined { vertex: Some(digest(vertex)), ..Defined::default() })),
            inputs: vec![link(0), link(1)],
            ..CacheRecord::default()
        };
        let records =
            vec![CacheRecord::default(), CacheRecord::default(), copy("one"), copy("two")];
        CacheConfig { records, defined: true, ..CacheConfig::default() }
    }

    fn assigned(one: Option<&str>, two: Option<&str>) -> Vec<Option<usize>> {
        let build = Build { steps: vec![step("a", two), step("b", one)], ..Build::default() };
        assign(&Graph::of(&definition()), &build)
    }

    #[test]
    fn vertices_tell_steps_apart_that_are_alike() {
        assert_eq!(assigned(Some("one"), Some("two")), [Some(3), Some(2)]);
    }

    #[test]
    fn vertices_of_another_build_tell_nothing() {
        assert_eq!(assigned(None, None), assigned(Some("three"), Some("four")));
    }
}
