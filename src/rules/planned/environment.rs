//! Variables of bake and Compose files that calls give a value: both take them from the environment
//! before a default (<https://docs.docker.com/build/bake/variables/>).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::bake;
use super::callers::numbers;
use crate::config::pattern::has_word;
use crate::config::{Config, Form, pieces};
use crate::model::CacheSpec;
use crate::rules::Study;
use crate::rules::remedy::{At, place};

/// What variables hold in a call; `None` where that is not known. Others have their default.
type Values<'a> = BTreeMap<&'a str, Option<String>>;

/// A target by its file and number, with what its variables hold in all calls that build it.
pub(in crate::rules) type Given = (String, usize, Vec<(String, Option<String>)>);

pub(in crate::rules) fn of(study: &Study) -> Vec<Given> {
    let mut found: BTreeMap<(&str, usize), Values> = BTreeMap::new();
    let mut names: HashMap<[&str; 3], Vec<&str>> = HashMap::new();
    for call in place::all(study) {
        let Some((file, built)) = bake::built(study, call) else { continue };
        let caller = call.place.caller.as_ref().map_or("", |caller| &caller.path);
        let key = [file.path.as_str(), call.config.path.as_str(), caller];
        let names = names.entry(key).or_insert_with(|| mentioned(file, call));
        let values: Values = names.iter().map(|name| (*name, value(call, name))).collect();
        for index in built.places_of(file) {
            match found.get_mut(&(file.path.as_str(), index)) {
                Some(known) => agree(known, &values),
                None => drop(found.insert((&file.path, index), values.clone())),
            }
        }
    }
    let owned = |values: Values| values.into_iter().map(|(name, v)| (name.to_owned(), v)).collect();
    let found = found.into_iter().filter(|(_, values)| !values.is_empty());
    found.map(|((path, index), values)| (path.to_owned(), index, owned(values))).collect()
}

/// Of calls that differ in a variable none tells what it holds.
fn agree<'a>(known: &mut Values<'a>, values: &Values<'a>) {
    for (name, held) in known.iter_mut() {
        if values.get(name) != Some(held) {
            *held = None;
        }
    }
    for name in values.keys() {
        known.entry(name).or_insert(None);
    }
}

/// Variables of the file that the files of the call name in any way: others it cannot give a value,
/// as far as they tell.
fn mentioned<'a>(file: &'a Config, call: At) -> Vec<&'a str> {
    let used = pieces(file.body()).filter_map(|piece| match piece.form {
        Some(Form::Variable(name, _)) => Some(name),
        _ => None,
    });
    let set = file.content.places.iter().flat_map(|place| place.variables.iter());
    let names: HashSet<&str> = used.chain(set.map(|(name, _)| name.as_str())).collect();
    let is_named = |name: &&str| call.texts().any(|text| has_word(text, name));
    let mut names: Vec<&str> = names.into_iter().filter(is_named).collect();
    names.sort_unstable();
    names
}

/// What is named and has no value here is given in a way that is not read:
/// `echo "TAG=…" >> $GITHUB_ENV`.
fn value(call: At, name: &str) -> Option<String> {
    let set = call.place.variables.iter().any(|(known, _)| known == name);
    (set && is_exported(call.config, name)).then(|| call.place.expanded(&format!("${{{name}}}")))
}

/// A variable of a Makefile is in the environment of its commands only where it says so.
pub(in crate::rules) fn is_exported(config: &Config, name: &str) -> bool {
    let exports = |line: &str| {
        let rest = line.strip_prefix("export");
        rest.is_some_and(|rest| {
            rest.trim().is_empty() || rest.split([' ', ':', '?', '=', '+']).any(|word| word == name)
        })
    };
    config.kind.hands_variables_on() || config.body().lines().any(exports)
}

/// Writes them into the places.
pub(in crate::rules) fn fill(configs: &mut [Config], given: Vec<Given>) {
    let numbers = numbers(configs);
    for (path, index, values) in given {
        let config = numbers.get(&path).and_then(|number| configs.get_mut(*number));
        let Some(place) = config.and_then(|config| config.content.places.get_mut(index)) else {
            continue;
        };
        for (name, value) in values {
            place.variables.retain(|(known, _)| *known != name);
            place.variables.extend(value.map(|value| (name, value)));
        }
        let command = &mut place.command;
        let (mut from, mut to) = (command.cache_from.clone(), command.cache_to.clone());
        for spec in from.iter_mut().chain(&mut to).filter(|spec| spec.raw.starts_with('$')) {
            *spec = CacheSpec::parse(&spec.raw);
        }
        (command.cache_from, command.cache_to) = (from, to);
        place.resolve();
    }
}
