//! What a call of bake or Compose makes its file build.
//!
//! Targets that are linked by `contexts = { x = "target:y" }` are built as well, each a build of
//! its own (<https://docs.docker.com/build/bake/contexts/#using-a-target-as-a-build-context>).

use std::collections::{HashMap, HashSet};

use crate::config::Config;
use crate::model::Tool;

/// Numbers of the places of a file.
#[derive(Clone, Debug, Default)]
pub(in crate::rules) struct Built {
    /// What the call asks for.
    pub(in crate::rules) asked: Vec<usize>,
    /// The same with all that those are linked to.
    pub(in crate::rules) all: Vec<usize>,
    /// Some name is written with a variable, or is of another file: it may be any of them.
    open: bool,
}

impl Built {
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// What the call builds, or may, of a file.
    pub(super) fn places_of(&self, file: &Config) -> Vec<usize> {
        if self.open { (0..file.content.places.len()).collect() } else { self.all.clone() }
    }
}

/// Targets and groups of a file by their names.
pub(super) struct TargetNames<'a> {
    file: &'a Config,
    targets: HashMap<&'a str, usize>,
    groups: HashMap<&'a str, &'a [String]>,
}

impl<'a> TargetNames<'a> {
    pub(super) fn of(file: &'a Config) -> Self {
        let mut targets = HashMap::new();
        for (index, place) in file.content.places.iter().enumerate() {
            if let Some(name) = &place.target {
                targets.entry(name.as_str()).or_insert(index);
            }
        }
        let groups = file.content.groups.iter().rev();
        let groups = groups.map(|(name, members)| (name.as_str(), members.as_slice())).collect();
        Self { file, targets, groups }
    }

    /// What is built where a call names these; none stands for those the file has by default.
    pub(super) fn built(&self, named: &[String]) -> Built {
        let mut built = Built::default();
        let mut open: Vec<&str> = named.iter().rev().map(String::as_str).collect();
        if named.is_empty() {
            open = self.by_default();
        }
        let mut seen: HashSet<&str> = HashSet::new();
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            match (self.groups.get(name), self.targets.get(name)) {
                (Some(members), _) => open.extend(members.iter().rev().map(String::as_str)),
                (None, Some(index)) => built.asked.push(*index),
                (None, None) => {}
            }
        }
        let known = |name: &String| {
            self.groups.contains_key(name.as_str()) || self.targets.contains_key(name.as_str())
        };
        built.open = built.asked.is_empty() || !named.iter().all(known);
        self.with_linked(built)
    }

    fn with_linked(&self, mut built: Built) -> Built {
        let mut known: HashSet<usize> = built.asked.iter().copied().collect();
        built.all.clone_from(&built.asked);
        let mut next = 0;
        while let Some(index) = built.all.get(next) {
            next += 1;
            let place = self.file.content.places.get(*index);
            let inputs = place.into_iter().flat_map(|place| &place.inputs);
            let linked = inputs.filter_map(|input| input.split_once("=target:"));
            let linked = linked.filter_map(|(_, name)| self.targets.get(name)).copied();
            built.all.extend(linked.filter(|index| known.insert(*index)));
        }
        built
    }

    /// What a call builds that names nothing.
    fn by_default(&self) -> Vec<&'a str> {
        if self.file.kind.reader() != Some(Tool::Compose) {
            return vec!["default"];
        }
        self.file.content.places.iter().rev().filter_map(|place| place.target.as_deref()).collect()
    }
}
