//! Files that belong together: what one includes, and what one calls, is read with it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::variables::names;
use super::{Call, Config, Content, Place, fits_tag, machine};

/// The files, each with what the others make of it.
pub fn link(configs: &mut Vec<Config>) {
    include(configs);
    call(configs);
    super::overridden::fill(configs);
    super::contexts::fill(configs);
    // What only calls others has no builds of its own.
    configs.retain(|config| !config.kind.is_called() || !config.content.places.is_empty());
}

/// The path is one that the file includes: `/ci/build.yml`, `ci/*.yml`.
#[must_use]
pub fn is_included(config: &Config, path: &str) -> bool {
    config.content.includes.iter().any(|pattern| matches(&in_root(&config.path, pattern), path))
}

/// `*` stands for a part of a name, `**` for folders too.
fn matches(pattern: &str, path: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == path };
    let Some(rest) = path.strip_prefix(head) else { return false };
    let (tail, deep) =
        tail.strip_prefix('*').map_or((tail, false), |tail| (tail.trim_start_matches('/'), true));
    rest.strip_suffix(tail).is_some_and(|inside| deep || !inside.contains('/'))
}

/// From the root of the repository, which the including file lies in.
pub(super) fn in_root(including: &str, path: &str) -> String {
    let root = root(including);
    let path = path.trim_start_matches("./").trim_start_matches('/');
    if root.is_empty() { path.to_owned() } else { format!("{root}/{path}") }
}

/// The folder that paths of the file start from, where it lies in a hidden one of a CI.
pub(super) fn root(path: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.split('/').take_while(|part| !part.starts_with('.')).collect::<Vec<_>>().join("/")
}

/// Files that include each other are one configuration.
fn include(configs: &mut [Config]) {
    let with: Vec<usize> =
        (0..configs.len()).filter(|at| configs.get(*at).is_some_and(includes)).collect();
    let mut groups: Vec<HashSet<usize>> = Vec::new();
    for at in with {
        let Some(config) = configs.get(at) else { continue };
        let same = |other: &Config| {
            other.kind.name() == config.kind.name() && is_included(config, &other.path)
        };
        let mut group: HashSet<usize> =
            configs.iter().enumerate().filter(|(_, c)| same(c)).map(|(n, _)| n).collect();
        group.insert(at);
        let (joined, apart): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|known| !known.is_disjoint(&group));
        group.extend(joined.into_iter().flatten());
        groups = apart;
        groups.push(group);
    }
    for group in groups.into_iter().filter(|group| group.len() > 1) {
        let mut members: Vec<usize> = group.into_iter().collect();
        members.sort_unstable();
        for at in &members {
            let others =
                members.iter().filter(|other| *other != at).filter_map(|other| configs.get(*other));
            let others: Arc<[String]> = others.map(|config| config.body().to_owned()).collect();
            let Some(config) = configs.get_mut(*at) else { continue };
            if let Ok(content) = config.kind.read_among(config.body(), &others) {
                config.content =
                    Content { includes: std::mem::take(&mut config.content.includes), ..content };
                config.others = others;
            }
        }
    }
}

fn includes(config: &Config) -> bool {
    !config.content.includes.is_empty()
}

/// Lines of the file that call the reusable workflow or the action in the file of this path, or
/// include it.
#[must_use]
pub fn calls_of(config: &Config, called: &str) -> Vec<u64> {
    let folder = called.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_call = |line: &str| {
        let by_uses = line.split_once("uses:").map(|(_, used)| used);
        let Some(used) = by_uses.or_else(|| Some(line.split_once("local:")?.1)) else {
            return false;
        };
        let path = used.split([' ', ',', '}']).find(|word| !word.is_empty()).unwrap_or_default();
        let path = path.trim_matches(['"', '\'']).trim_end_matches('/');
        let own = by_uses.is_none() || path.starts_with("./");
        let path = in_root(&config.path, path);
        own && (path == called || path == folder)
    };
    let lines = config.body().lines().zip(1..);
    lines.filter(|(line, _)| is_call(line)).map(|(_, number)| number).collect()
}

/// A reusable workflow or an action that is called several times is built with each caller's
/// inputs: those that differ tell the calls apart as the variables of a matrix do.
fn call(configs: &mut [Config]) {
    let mut calls: HashMap<String, Vec<Call>> = HashMap::new();
    for config in configs.iter() {
        for call in &config.content.calls {
            calls.entry(in_root(&config.path, &call.path)).or_default().push(call.clone());
        }
    }
    for config in configs.iter_mut().filter(|config| !config.content.inputs.is_empty()) {
        let folder = config.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let calls = calls.get(&config.path).or_else(|| calls.get(folder));
        let inputs = std::mem::take(&mut config.content.inputs);
        for place in &mut config.content.places {
            match calls {
                Some(calls) => take_inputs(place, &inputs, calls),
                None => doubt_machine(place, &inputs),
            }
        }
        config.content.inputs = inputs;
    }
}

/// Some caller fills the input with a variable of its matrix; whether all that is given may stand in
/// a tag.
fn of_legs(calls: &[Call], values: &[Option<String>]) -> Option<bool> {
    let pairs = || calls.iter().zip(values);
    let named = |value: &Option<String>| value.as_deref().map(names).unwrap_or_default();
    let varies = |(call, value): (&Call, &Option<String>)| {
        named(value).iter().any(|name| call.legs.contains(name))
    };
    let plain = |(call, value): (&Call, &Option<String>)| {
        let Some(value) = value else { return false };
        let inside = value.trim().strip_prefix("${{").and_then(|v| v.strip_suffix("}}"));
        let leg = inside.map(|name| name.trim().to_owned());
        fits_tag(value) || leg.is_some_and(|leg| call.plain_legs.contains(&leg))
    };
    pairs().any(varies).then(|| pairs().all(plain))
}

/// Callers that were not given say which machine it is, unless the input has a default.
fn doubt_machine(place: &mut Place, inputs: &[(String, Option<String>)]) {
    let unknown = |(_, default): &&(String, Option<String>)| {
        !default.as_deref().is_some_and(machine::is_hosted)
    };
    if inputs.iter().filter(unknown).any(|(name, _)| names_machine(place, name)) {
        place.machine.fresh = false;
    }
}

/// The label of its machine is this input, or made of it.
fn names_machine(place: &Place, input: &str) -> bool {
    let input = format!("inputs.{input}");
    place.machine.runs_on.as_deref().is_some_and(|label| names(label).contains(&input))
}

fn take_inputs(place: &mut Place, inputs: &[(String, Option<String>)], calls: &[Call]) {
    for (name, default) in inputs {
        let given = |call: &Call| {
            let own =
                call.with.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            own.or_else(|| default.clone())
        };
        let values: Vec<Option<String>> = calls.iter().map(given).collect();
        let distinct: HashSet<&Option<String>> = values.iter().collect();
        let input = format!("inputs.{name}");
        if names_machine(place, name)
            && !values.iter().flatten().all(|value| machine::is_hosted(value))
        {
            place.machine.fresh = false;
        }
        let all: Option<Vec<&String>> = values.iter().map(Option::as_ref).collect();
        if let Some(plain) = of_legs(calls, &values) {
            place.plain_legs.extend(plain.then(|| input.clone()));
            place.legs.push(input);
            continue;
        }
        match (distinct.len(), all) {
            (1, Some(all)) => {
                place.variables.extend(all.first().map(|value| (input, (*value).clone())));
            }
            (0 | 1, _) => {}
            (_, all) => {
                if all.is_some_and(|all| all.iter().all(|value| fits_tag(value))) {
                    place.plain_legs.push(input.clone());
                }
                if values.iter().flatten().any(|value| value.contains(',')) {
                    place.listed_legs.push(input.clone());
                }
                place.legs.push(input);
            }
        }
    }
    let refs = calls.iter().map(|call| call.refs).reduce(super::Refs::or).unwrap_or_default();
    place.refs = place.refs.and(refs);
    place.slashes |= calls.iter().any(|call| call.slashes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_at_the_root_and_may_have_stars() {
        assert_eq!(in_root(".gitlab-ci.yml", "/ci/a.yml"), "ci/a.yml");
        assert_eq!(
            in_root("x/.github/workflows/a.yml", "./.github/workflows/b.yml"),
            "x/.github/workflows/b.yml"
        );
        assert!(matches("ci/*.yml", "ci/a.yml") && !matches("ci/*.yml", "ci/b/a.yml"));
        assert!(matches("ci/**/*.yml", "ci/b/a.yml") || matches("ci/**.yml", "ci/b/a.yml"));
    }
}
