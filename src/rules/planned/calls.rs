//! Calls of bake and Compose, and the files of targets and services that they read. Found once:
//! there may be hundreds of both.

use std::collections::HashMap;

use super::built::{Built, Names};
use super::{plain, runs_in};
use crate::config::Config;
use crate::model::Tool;
use crate::rules::remedy::At;
use crate::rules::remedy::place::places_of;

/// Files by path and kind; calls as numbers of file, place and form.
#[derive(Clone, Debug, Default)]
pub(in crate::rules) struct Calls {
    files: HashMap<String, usize>,
    /// By the number of the file that they read, in the order of the configuration.
    of_files: HashMap<usize, Vec<(usize, usize, usize)>>,
    /// What calls build, by the number of the file and the names that they give.
    built: HashMap<(usize, Vec<String>), Built>,
    /// What some call of a file builds.
    reached: HashMap<usize, Built>,
}

impl Calls {
    pub(in crate::rules) fn of(configs: &[Config]) -> Self {
        let mut all = Self::default();
        for (number, config) in configs.iter().enumerate().filter(|(_, config)| is_read(config)) {
            all.files.entry(config.path.clone()).or_insert(number);
        }
        let mut names: HashMap<usize, Names> = HashMap::new();
        for (number, config) in configs.iter().enumerate().filter(|(_, config)| !is_read(config)) {
            let is_call =
                |at: &At| matches!(at.place.command.tool, Tool::BuildxBake | Tool::Compose);
            for at in places_of(config).filter(is_call) {
                let Some(file) = all.file(configs, at) else { continue };
                let call = (number, at.index, at.place.form);
                all.of_files.entry(file).or_default().push(call);
                let Some(config) = configs.get(file) else { continue };
                let key = (file, named(at));
                if !all.built.contains_key(&key) {
                    let names = names.entry(file).or_insert_with(|| Names::of(config));
                    let built = names.built(&key.1);
                    all.reached.entry(file).or_default().add(&built);
                    all.built.insert(key, built);
                }
            }
        }
        all
    }

    /// The number of the file that a call reads, and what it builds there.
    pub(super) fn built(&self, configs: &[Config], at: At) -> Option<(usize, &Built)> {
        let file = self.file(configs, at).filter(|_| !is_read(at.config))?;
        Some((file, self.built.get(&(file, named(at)))?))
    }

    /// What some call builds of a file; `None` where there is none.
    pub(super) fn reached(&self, file: &Config) -> Option<&Built> {
        self.reached.get(self.files.get(&file.path)?)
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
            let kind = configs.get(number)?.kind.name();
            (kind == "compose" || !composes).then_some(number)
        };
        match &at.place.command.file {
            Some(file) => read(file),
            None => FOUND.iter().find_map(|name| read(name)),
        }
    }

    /// The calls that read a file.
    pub(super) fn of_file<'a>(
        &'a self,
        configs: &'a [Config],
        file: &Config,
    ) -> impl Iterator<Item = At<'a>> + use<'a> {
        let calls = self.files.get(&file.path).and_then(|number| self.of_files.get(number));
        calls.into_iter().flatten().filter_map(|(number, index, form)| {
            let config = configs.get(*number)?;
            let place = config.content.judged(*index).get(*form)?;
            Some(At { config, index: *index, place })
        })
    }
}

/// The targets, groups or services that a call names.
fn named(call: At) -> Vec<String> {
    call.place.target.iter().chain(&call.place.command.targets).cloned().collect()
}

/// Its places are what calls build, and no calls.
fn is_read(config: &Config) -> bool {
    matches!(config.kind.name(), "bake" | "compose")
}
