//! Builders of the calls of bake and Compose: a file of targets or services tells none itself.

use std::collections::BTreeMap;

use super::bake;
use crate::config::Config;
use crate::model::Tool;
use crate::rules::Study;
use crate::rules::remedy::place;

/// Files of targets, each with the driver that all calls of it have.
pub(in crate::rules) fn of(study: &Study) -> Vec<(String, String)> {
    let mut found: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    let is_call = |tool: Tool| matches!(tool, Tool::BuildxBake | Tool::Compose);
    for at in place::all(study).filter(|at| is_call(at.place.command.tool)) {
        let file = bake::file_of(study, at).filter(|file| file.path != at.config.path);
        let Some(file) = file.filter(|_| !is_of_targets(at.config)) else { continue };
        found.entry(&file.path).or_default().push(at.place.driver.as_deref());
    }
    let one = |drivers: Vec<Option<&str>>| {
        let first = drivers.first().copied().flatten()?;
        drivers.iter().all(|driver| *driver == Some(first)).then(|| first.to_owned())
    };
    let known = found.into_iter().filter_map(|(path, all)| Some((path.to_owned(), one(all)?)));
    known.collect()
}

fn is_of_targets(config: &Config) -> bool {
    matches!(config.kind.name(), "bake" | "compose")
}

/// Writes them into the places.
pub(in crate::rules) fn fill(configs: &mut [Config], drivers: &[(String, String)]) {
    for (path, driver) in drivers {
        let config = configs.iter_mut().find(|config| config.path == *path);
        for place in config.map(|config| &mut config.content.places).into_iter().flatten() {
            place.called_with = Some(driver.clone());
        }
    }
}
