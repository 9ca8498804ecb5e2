//! The records of a cache as a graph: what a record is, what it stands on and what it takes.
//!
//! A `COPY --link` is two records: the copy onto an empty image, and the merge of its result with
//! what lies below. The step is the merge by its place, and the copy by its key, which what lies
//! below is no part of. Source: `moby/buildkit` `frontend/dockerfile/dockerfile2llb/convert.go`
//! (`llb.Merge`), `solver/llbsolver/ops/merge.go`.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::cacheconfig::{CacheConfig, CacheRecord, Link};
use super::formula;
use crate::model::{Digest, Few, KeyInput, StepKey};

/// The graph of the records.
pub(super) struct Graph<'a> {
    pub(super) records: &'a [CacheRecord],
    /// For each record those that it is the first input of.
    above: Vec<Vec<usize>>,
    /// The record of each vertex, where a definition tells them.
    vertices: HashMap<Digest, usize>,
    root: Digest,
    /// The records were made of a definition.
    pub(super) defined: bool,
    /// For each merge the copy whose result it puts onto what lies below.
    copies: BTreeMap<usize, usize>,
    /// The merge of each such copy.
    merges: BTreeMap<usize, usize>,
    /// How many steps have a result.
    pub(super) stored: usize,
}

impl<'a> Graph<'a> {
    pub(super) fn of(config: &'a CacheConfig) -> Self {
        let mut graph = Self {
            records: &config.records,
            above: vec![Vec::new(); config.records.len()],
            vertices: vertices(&config.records),
            root: formula::selector("/"),
            defined: config.defined,
            copies: BTreeMap::new(),
            merges: BTreeMap::new(),
            stored: 0,
        };
        for (at, record) in config.records.iter().enumerate() {
            if let Some(copy) = graph.merged(record) {
                graph.copies.insert(at, copy);
                graph.merges.insert(copy, at);
            }
        }
        let counts = |(at, record): &(usize, &CacheRecord)| record.stored && !graph.is_merged(*at);
        graph.stored = config.records.iter().enumerate().filter(counts).count();
        for (n, record) in config.records.iter().enumerate() {
            for below in graph.below(record) {
                if let Some(list) = graph.above.get_mut(below)
                    && list.last() != Some(&n)
                {
                    list.push(n);
                }
            }
        }
        graph
    }

    pub(super) fn get(&self, at: usize) -> Option<&'a CacheRecord> {
        self.records.get(at)
    }

    /// The record of a vertex.
    pub(super) fn vertex(&self, vertex: Digest) -> Option<usize> {
        self.vertices.get(&vertex).copied()
    }

    /// What a step may stand on. A copy onto an empty image stands on nothing: its first input is
    /// what it takes.
    pub(super) fn below(&self, record: &'a CacheRecord) -> impl Iterator<Item = usize> + use<'a> {
        let root = self.root;
        let links = record.inputs.first().into_iter().flatten();
        let whole = move |link: &&Link| link.selector.is_none_or(|path| path == root);
        links.filter(whole).map(|link| link.record)
    }

    /// Records whose first input is this one.
    pub(super) fn above(&self, at: usize) -> &[usize] {
        self.above.get(at).map_or(&[], Vec::as_slice)
    }

    /// Not the result of a step: a base image, or files.
    pub(super) fn is_leaf(&self, at: usize) -> bool {
        self.get(at).is_some_and(|record| record.inputs.is_empty())
    }

    /// The copy that a record merges with what lies below. A cache tells by the shape: what is taken
    /// from a stage, by a copy or a command, has a path.
    fn merged(&self, record: &CacheRecord) -> Option<usize> {
        let [below, copied] = record.inputs.as_slice() else { return None };
        let whole = |link: &Link| link.selector.is_none();
        let made = |link: &Link| whole(link) && !self.is_leaf(link.record);
        let shaped = below.iter().all(whole) && copied.iter().all(made);
        if !record.defined.as_ref().map_or(shaped, |defined| defined.merges) {
            return None;
        }
        let stored = |link: &&Link| self.get(link.record).is_some_and(|record| record.stored);
        copied.iter().find(stored).or_else(|| copied.first()).map(|link| link.record)
    }

    /// The step merges the result of a copy with what lies below: `COPY --link`.
    pub(super) fn is_merge(&self, at: usize) -> bool {
        self.copies.contains_key(&at)
    }

    /// It is the copy of a merge, and no step by itself.
    pub(super) fn is_merged(&self, at: usize) -> bool {
        self.merges.contains_key(&at)
    }

    /// The copy of a merge.
    pub(super) fn copy(&self, at: usize) -> Option<&'a CacheRecord> {
        self.get(*self.copies.get(&at)?)
    }

    /// The record that says what a step does: of a merge that of the copy.
    pub(super) fn operation(&self, at: usize) -> Option<&'a CacheRecord> {
        self.copy(at).or_else(|| self.get(at))
    }

    /// A RUN takes the root of what is below it.
    pub(super) fn is_run(&self, record: &CacheRecord) -> bool {
        record.inputs.first().is_some_and(|below| {
            !below.is_empty() && below.iter().all(|link| link.selector == Some(self.root))
        })
    }

    /// Some path of another stage is among what it takes.
    pub(super) fn takes_a_path(&self, record: &CacheRecord) -> bool {
        let links = record.inputs.iter().flatten();
        links.into_iter().any(|link| link.selector.is_some_and(|path| path != self.root))
    }

    /// It takes files from another stage or image.
    pub(super) fn takes_from_stage(&self, record: &CacheRecord) -> bool {
        let mut taken = taken(record);
        !self.is_run(record)
            && taken.any(|link| link.selector.is_some() || !self.is_leaf(link.record))
    }

    /// It takes files that a step made.
    pub(super) fn takes_from_step(&self, record: &CacheRecord) -> bool {
        taken(record).any(|link| !self.is_leaf(link.record))
    }

    /// What the step of a record depends on. A linked copy stands on what lies below without
    /// depending on it.
    pub(super) fn key(&self, at: usize) -> Option<StepKey> {
        let record = self.operation(at)?;
        let linked = self.is_merge(at) || self.is_merged(at);
        let below = linked.then(|| KeyInput { step: true, ..KeyInput::default() });
        let own = record.inputs.iter().map(|links| self.input(links));
        let stored = (!self.defined).then_some(record.stored);
        Some(StepKey {
            operation: record.digest,
            inputs: below.into_iter().chain(own).collect(),
            fields: record.defined.as_ref().map(|it| it.fields.clone()).unwrap_or_default(),
            stored,
            created: record.created,
            layer: record.layer(),
            ..StepKey::default()
        })
    }

    fn input(&self, links: &[Link]) -> KeyInput {
        let leaves = links.iter().filter(|link| self.is_leaf(link.record));
        let mut contents: Few<Digest> =
            leaves.clone().filter_map(|link| self.get(link.record)?.digest).collect();
        contents.sort_unstable();
        contents.dedup();
        KeyInput {
            selector: links.iter().find_map(|link| link.selector),
            contents,
            layers: leaves.clone().find_map(|link| self.get(link.record)?.layer()),
            step: links.iter().any(|link| !self.is_leaf(link.record)),
        }
    }

    /// Records of steps of the run that wrote the cache: those with a result, and what they were
    /// made of. Keys of earlier runs are there too, without results.
    pub(super) fn own(&self) -> Vec<bool> {
        let mut own = vec![false; self.records.len()];
        let mut open: Vec<usize> =
            (0..own.len()).filter(|at| self.get(*at).is_some_and(|r| r.stored)).collect();
        if open.is_empty() {
            open = (0..own.len()).collect();
        }
        while let Some(at) = open.pop() {
            let Some(slot) = own.get_mut(at).filter(|own| !**own) else { continue };
            if self.is_leaf(at) {
                continue;
            }
            *slot = true;
            let inputs = self.get(at).into_iter().flat_map(|record| &record.inputs);
            open.extend(inputs.filter_map(|links| self.only_step(links)));
        }
        own
    }

    /// The step among the records that an input may be. Where there are several, without results of
    /// their own, those of earlier runs are among them, and nothing tells which.
    fn only_step(&self, links: &[Link]) -> Option<usize> {
        let mut steps = links.iter().map(|link| link.record).filter(|at| !self.is_leaf(*at));
        let step = steps.next()?;
        let stored = self.get(step).is_some_and(|record| record.stored);
        (!stored && steps.all(|other| other == step)).then_some(step)
    }
}

/// What a record takes besides what it stands on. A copy onto an empty image stands on nothing.
fn taken(record: &CacheRecord) -> impl Iterator<Item = &Link> {
    record.inputs.iter().skip(usize::from(record.inputs.len() > 1)).flatten()
}

fn vertices(records: &[CacheRecord]) -> HashMap<Digest, usize> {
    let vertex = |(record, at): (&CacheRecord, usize)| Some((record.defined.as_ref()?.vertex?, at));
    records.iter().zip(0..).filter_map(vertex).collect()
}
