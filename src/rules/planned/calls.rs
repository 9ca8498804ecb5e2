//! Calls of bake and Compose, and the files of targets and services that they read. Found once:
//! there may be hundreds of both.

use std::collections::HashMap;

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
}

impl Calls {
    pub(in crate::rules) fn of(configs: &[Config]) -> Self {
        let mut all = Self::default();
        for (number, config) in configs.iter().enumerate().filter(|(_, config)| is_read(config)) {
            all.files.entry(config.path.clone()).or_insert(number);
        }
        for (number, config) in configs.iter().enumerate() {
            let is_call =
                |at: &At| matches!(at.place.command.tool, Tool::BuildxBake | Tool::Compose);
            for at in places_of(config).filter(is_call) {
                if let Some(file) = all.file(configs, at) {
                    let call = (number, at.index, at.place.form);
                    all.of_files.entry(file).or_default().push(call);
                }
            }
        }
        all
    }

    /// The file that a call reads, else the one that bake finds by itself: its own before one of
    /// Compose, whose services are targets
    /// (<https://docs.docker.com/build/bake/reference/#file-format>).
    pub(super) fn file(&self, configs: &[Config], at: At) -> Option<usize> {
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

fn is_read(config: &Config) -> bool {
    matches!(config.kind.name(), "bake" | "compose")
}
