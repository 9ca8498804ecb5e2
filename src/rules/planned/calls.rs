//! Calls of bake and Compose, and the files of targets and services that they read. Found once:
//! there may be hundreds of both.

use std::collections::{HashMap, HashSet};

use super::built::{Built, TargetNames};
use super::{plain, runs_in};
use crate::config::{Config, base_of};
use crate::model::Tool;
use crate::rules::remedy::At;
use crate::rules::remedy::place::places_of;

/// A call, as numbers of file, place and form.
type Call = (usize, usize, usize);

/// Files by path and kind, and their calls.
#[derive(Clone, Debug, Default)]
pub(in crate::rules) struct Calls {
    files: HashMap<String, usize>,
    /// Calls that name the same in the same file are one.
    kinds: Vec<(Built, Vec<Call>)>,
    /// Which of these it is, by the number of the file and the names.
    named: HashMap<(usize, Vec<String>), usize>,
    /// Files that are called.
    called: HashSet<usize>,
    /// Those that build a place, by the numbers of file and place.
    of_places: HashMap<(usize, usize), Vec<usize>>,
    /// Those that may build any place of a file.
    open: HashMap<usize, Vec<usize>>,
}

impl Calls {
    pub(in crate::rules) fn of(configs: &[Config]) -> Self {
        let mut all = Self::default();
        for (number, config) in configs.iter().enumerate().filter(|(_, config)| is_read(config)) {
            all.files.entry(config.path.clone()).or_insert(number);
        }
        let mut names: HashMap<usize, TargetNames> = HashMap::new();
        for (number, config) in configs.iter().enumerate().filter(|(_, config)| !is_read(config)) {
            let is_call =
                |at: &At| matches!(at.place.command.tool, Tool::BuildxBake | Tool::Compose);
            for at in places_of(config).filter(is_call) {
                let Some(file) = all.file(configs, at) else { continue };
                let Some(read) = configs.get(file) else { continue };
                let names = names.entry(file).or_insert_with(|| TargetNames::of(read));
                all.add(file, names, named(at), (number, at.index, at.place.form));
            }
        }
        all
    }

    fn add(&mut self, file: usize, targets: &TargetNames, asked: Vec<String>, call: Call) {
        let key = (file, asked);
        let known = self.named.get(&key).and_then(|kind| self.kinds.get_mut(*kind));
        if let Some((_, calls)) = known {
            calls.push(call);
            return;
        }
        let kind = self.kinds.len();
        self.called.insert(file);
        let built = targets.built(&key.1);
        if built.is_open() {
            self.open.entry(file).or_default().push(kind);
        } else {
            for index in &built.all {
                self.of_places.entry((file, *index)).or_default().push(kind);
            }
        }
        self.kinds.push((built, vec![call]));
        self.named.insert(key, kind);
    }

    /// The number of the file that a call reads, and what it builds there.
    pub(super) fn built(&self, configs: &[Config], at: At) -> Option<(usize, &Built)> {
        if is_read(at.config) {
            return None;
        }
        let file = self.file(configs, at)?;
        let (built, _) = self.kinds.get(*self.named.get(&(file, named(at)))?)?;
        Some((file, built))
    }

    /// No call of the file that there is builds this place.
    pub(super) fn passes_over(&self, at: At) -> bool {
        let Some(file) = self.files.get(&at.config.path) else { return false };
        self.called.contains(file)
            && !self.open.contains_key(file)
            && !self.of_places.contains_key(&(*file, at.index))
    }

    /// The file that a call reads, else the one that bake finds by itself: its own before one of
    /// Compose, whose services are targets
    /// (<https://docs.docker.com/build/bake/reference/#file-format>).
    fn file(&self, configs: &[Config], at: At) -> Option<usize> {
        const FOUND: [&str; 6] = [
            "docker-bake.json",
            "docker-bake.hcl",
            "compose.yaml",
            "compose.yml",
            "docker-compose.yml",
            "docker-compose.yaml",
        ];
        let composes = at.place.command.tool == Tool::Compose;
        let folder = runs_in(at);
        let read = |name: &str| {
            let number = *self.files.get(&plain(&format!("{folder}/{name}")))?;
            let number = base_of(configs, number).unwrap_or(number);
            let reader = configs.get(number)?.kind.reader();
            (reader == Some(Tool::Compose) || !composes).then_some(number)
        };
        match &at.place.command.file {
            Some(file) => read(file),
            None => FOUND.iter().find_map(|name| read(name)),
        }
    }

    /// The calls that build a place, or may, in the order of the configuration.
    pub(super) fn of_place<'a>(
        &'a self,
        configs: &'a [Config],
        at: At,
    ) -> impl Iterator<Item = At<'a>> + use<'a> {
        let file = self.files.get(&at.config.path);
        let own = file.and_then(|file| self.of_places.get(&(*file, at.index)));
        let open = file.and_then(|file| self.open.get(file));
        let kinds = own.into_iter().chain(open).flatten().filter_map(|kind| self.kinds.get(*kind));
        let mut calls: Vec<Call> = kinds.flat_map(|(_, calls)| calls).copied().collect();
        calls.sort_unstable();
        calls.into_iter().filter_map(|(number, index, form)| {
            let config = configs.get(number)?;
            let place = config.content.judged(index).get(form)?;
            Some(At { config, index, place })
        })
    }
}

/// The targets, groups or services that a call names.
fn named(call: At) -> Vec<String> {
    call.place.target.iter().chain(&call.place.command.targets).cloned().collect()
}

/// Its places are what calls build, and no calls.
fn is_read(config: &Config) -> bool {
    config.kind.reader().is_some()
}
