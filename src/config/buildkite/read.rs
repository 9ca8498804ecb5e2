//! Walks the steps, also those of groups.

use yaml_serde::Value;

use super::plugin::Plugin;
use crate::config::script::{self, BuildSpot, Builders, Item};
use crate::config::yaml::{Document, Route, entries, field, key, text};
use crate::config::{Place, fits_tag};

/// A build of the file.
#[derive(Clone, Debug)]
pub(super) struct PipelineBuild {
    pub(super) place: Place,
    pub(super) at: At,
}

/// How a step builds.
#[derive(Clone, Debug)]
pub(super) enum At {
    /// In its commands.
    Script(BuildSpot),
    /// By the docker-compose plugin.
    Plugin(Box<Plugin>),
}

/// All builds, in the order of the file. Old files are a list without `steps:`.
pub(super) fn builds(root: &Value, doc: Option<&Document>) -> Vec<PipelineBuild> {
    let mut walk = Walk { doc, set: variables(root), found: Vec::new(), jobs: 0 };
    let top = Route::default();
    match root.get("steps") {
        Some(steps) => walk.steps(steps, &key(&top, "steps")),
        None => walk.steps(root, &top),
    }
    walk.found
}

/// Uses of the plugin in the whole file.
pub(super) fn uses_of_plugin(value: &Value) -> usize {
    match value {
        Value::Sequence(list) => list.iter().map(uses_of_plugin).sum(),
        Value::Mapping(_) => {
            let own = value
                .get("plugins")
                .map_or(0, |plugins| Plugin::all(plugins, &Route::default()).len());
            own + entries(value)
                .into_iter()
                .filter(|(name, _)| *name == "steps")
                .map(|(_, v)| uses_of_plugin(v))
                .sum::<usize>()
        }
        _ => 0,
    }
}

struct Walk<'a> {
    doc: Option<&'a Document>,
    set: Vec<(String, String)>,
    found: Vec<PipelineBuild>,
    jobs: usize,
}

impl Walk<'_> {
    fn steps(&mut self, list: &Value, at: &Route) {
        for (index, step) in list.as_sequence().into_iter().flatten().enumerate() {
            let route = at.with_key(index);
            if let Some(steps) = step.get("steps") {
                self.steps(steps, &key(&route, "steps"));
            } else if step.is_mapping() {
                self.step(step, &route);
                self.jobs += 1;
            }
        }
    }

    fn step(&mut self, step: &Value, route: &Route) {
        let frame = self.frame(step);
        let plugins = step
            .get("plugins")
            .map(|plugins| Plugin::all(plugins, &key(route, "plugins")))
            .unwrap_or_default();
        for plugin in plugins {
            for place in plugin.places(self.doc) {
                let (legs, plain_legs) = (frame.legs.clone(), frame.plain_legs.clone());
                let place = Place { legs, plain_legs, ..within(&frame, place) };
                self.found.push(PipelineBuild { place, at: At::Plugin(Box::new(plugin.clone())) });
            }
        }
        let items: Vec<Item> = ["command", "commands"]
            .iter()
            .filter_map(|name| Some((step.get(*name)?, self.written(route, name))))
            .flat_map(|(value, route)| items(value, &route))
            .collect();
        let mut builders = Builders::unknown();
        for (mut place, spot) in script::builds(self.doc, self.jobs, &items, &mut builders) {
            builders.end(&mut place);
            let mut place = within(&frame, place);
            place.take_legs(&frame.legs, &frame.plain_legs);
            place.resolve();
            self.found.push(PipelineBuild { place, at: At::Script(spot) });
        }
    }

    /// What a step says of all that it builds.
    fn frame(&self, step: &Value) -> Place {
        let value = |name: &str| step.get(name).and_then(text);
        let id = value("key").or_else(|| value("identifier")).or_else(|| value("id"));
        let label = value("label").or_else(|| value("name"));
        let (job, id) = match (label, id) {
            (Some(label), id) => (label, id),
            (None, id) => (id.unwrap_or_default(), None),
        };
        let mut variables = [self.set.clone(), variables(step)].concat();
        let legs = legs(step);
        if legs.is_empty() && !job.is_empty() {
            variables.push(("BUILDKITE_LABEL".to_owned(), job.clone()));
        }
        let plain_legs = legs.iter().filter(|leg| is_plain(step, leg)).cloned().collect();
        let branches = value("branches").unwrap_or_else(|| "*".to_owned());
        let slashes = branches.contains(['*', '/', '!'])
            && !value("if").is_some_and(|test| test.contains("build.branch =="));
        Place {
            job,
            key: id,
            legs,
            plain_legs,
            variables: variables.into(),
            slashes,
            ..Place::default()
        }
    }

    /// Where a keyword is written: it may be merged.
    fn written(&self, route: &Route, name: &str) -> Route {
        self.doc
            .and_then(|doc| field(doc, route, name))
            .map_or_else(|| key(route, name), |field| field.route)
    }
}

/// One text, or a list of them.
fn items(value: &Value, route: &Route) -> Vec<Item> {
    match value.as_sequence() {
        Some(list) => list
            .iter()
            .enumerate()
            .flat_map(|(index, value)| items(value, &route.with_key(index)))
            .collect(),
        None => text(value)
            .map(|value| Item { route: route.clone(), value: value.into() })
            .into_iter()
            .collect(),
    }
}

/// `matrix: [a, b]` is `{{matrix}}`, `matrix: {setup: {os: [a, b]}}` is `{{matrix.os}}`.
fn legs(step: &Value) -> Vec<String> {
    let several = |value: &Value| value.as_sequence().is_some_and(|list| list.len() > 1);
    let matrix = step.get("matrix").map(|matrix| matrix.get("setup").unwrap_or(matrix));
    let mut legs = match matrix {
        Some(list) if list.is_sequence() => {
            several(list).then(|| "matrix".to_owned()).into_iter().collect()
        }
        Some(setup) => entries(setup)
            .into_iter()
            .filter(|(_, v)| several(v))
            .map(|(name, _)| format!("matrix.{name}"))
            .collect(),
        None => Vec::new(),
    };
    let parallel = step.get("parallelism").and_then(Value::as_u64).is_some_and(|count| count > 1);
    legs.extend(parallel.then(|| "BUILDKITE_PARALLEL_JOB".to_owned()));
    legs
}

/// A build of a step, without the legs.
fn within(step: &Place, place: Place) -> Place {
    Place {
        job: step.job.clone(),
        key: step.key.clone(),
        variables: step.variables.clone(),
        slashes: step.slashes,
        ..place
    }
}

/// All values of the variable may stand in a tag.
fn is_plain(step: &Value, leg: &str) -> bool {
    let matrix = step.get("matrix").map(|matrix| matrix.get("setup").unwrap_or(matrix));
    let list = matrix.map(|matrix| {
        leg.strip_prefix("matrix.").and_then(|name| matrix.get(name)).unwrap_or(matrix)
    });
    let list = list.and_then(Value::as_sequence).into_iter().flatten();
    let values: Vec<Option<String>> = list.map(text).collect();
    let fit = |value: &Option<String>| value.as_deref().is_some_and(fits_tag);
    leg == "BUILDKITE_PARALLEL_JOB" || (!values.is_empty() && values.iter().all(fit))
}

fn variables(value: &Value) -> Vec<(String, String)> {
    let pairs = value.get("env").map(entries).unwrap_or_default();
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), text(value)?))).collect()
}
