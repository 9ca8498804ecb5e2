//! Builders of the calls of bake and Compose: a file of targets or services tells none itself.

use std::collections::{BTreeMap, HashMap};

use super::bake;
use crate::config::Config;
use crate::model::Tool;
use crate::rules::Study;
use crate::rules::remedy::place;

/// Targets by file and index, each with the driver that all calls which build it have.
pub(in crate::rules) fn of(study: &Study) -> Vec<(String, usize, String)> {
    let mut found: BTreeMap<(&str, usize), Vec<Option<&str>>> = BTreeMap::new();
    let is_call = |tool: Tool| matches!(tool, Tool::BuildxBake | Tool::Compose);
    for call in place::all(study).filter(|at| is_call(at.place.command.tool)) {
        let Some((file, built)) = bake::built(study, call) else { continue };
        for index in built.places_of(file) {
            let drivers = found.entry((&file.path, index)).or_default();
            drivers.push(call.place.machine.driver.as_deref());
        }
    }
    let one = |drivers: Vec<Option<&str>>| {
        let first = drivers.first().copied().flatten()?;
        drivers.iter().all(|driver| *driver == Some(first)).then(|| first.to_owned())
    };
    let known = found.into_iter();
    known.filter_map(|((path, at), all)| Some((path.to_owned(), at, one(all)?))).collect()
}

/// Files by their paths; of two of one path the first.
pub(super) fn numbers(configs: &[Config]) -> HashMap<String, usize> {
    let all = configs.iter().enumerate().rev();
    all.map(|(number, config)| (config.path.clone(), number)).collect()
}

/// Writes them into the places.
pub(in crate::rules) fn fill(configs: &mut [Config], drivers: Vec<(String, usize, String)>) {
    let numbers = numbers(configs);
    for (path, index, driver) in drivers {
        let config = numbers.get(&path).and_then(|number| configs.get_mut(*number));
        let forms = config.into_iter().flat_map(|config| config.content.forms_of(index));
        forms.for_each(|place| place.machine.called_with = Some(driver.clone()));
    }
}
