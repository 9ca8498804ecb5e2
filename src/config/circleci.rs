//! `CircleCI`'s `config.yml`: jobs with their `run` steps, and the commands of the file that they
//! call.
//!
//! <https://circleci.com/docs/configuration-reference/>

use yaml_serde::Value;

use super::jobs::{self, Job, Step, variables};
use super::script::{Builders, Item};
use super::yaml::{Route, entries, key, one_or_more, text};
use super::{Change, Content, Kind, fits_tag, yaml};

/// The kind of file.
#[derive(Debug)]
pub(super) struct CircleCi;

impl Kind for CircleCi {
    fn name(&self) -> &'static str {
        "circleci-config"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("circleci")
    }

    fn variable(&self, name: &str) -> Option<String> {
        Some(format!("<< {name} >>"))
    }

    fn names(&self, path: &str) -> bool {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        yaml::is_file(file) && folder.split('/').any(|part| part == ".circleci")
    }

    fn looks(&self, text: &str) -> bool {
        let top = |key: &str| text.lines().any(|line| line.starts_with(key));
        top("jobs:")
            && (top("version: 2") || top("workflows:"))
            && !top("on:")
            && text.contains("steps:")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        jobs::content(text, all)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        jobs::correct(text, all, changes)
    }
}

fn all(root: &Value) -> Vec<Job> {
    let at = key(&Route::default(), "jobs");
    let jobs = root.get("jobs").map(entries).unwrap_or_default();
    jobs.into_iter().map(|(id, value)| job(root, id, value, &key(&at, id))).collect()
}

fn job(root: &Value, id: &str, value: &Value, at: &Route) -> Job {
    let called = calls(root, id);
    let (legs, plain_legs) = legs(&called);
    let machine = machine(root, value);
    Job {
        name: id.to_owned(),
        variables: [variables(root.get("environment")), variables(value.get("environment"))]
            .concat(),
        legs,
        plain_legs,
        slashes: !called.iter().any(|call| names_one_branch(call)),
        steps: steps(root, value, at, 0),
        builders: if machine { Builders::fresh() } else { Builders::unknown() },
    }
}

/// The job runs on a virtual machine of its own, without kept layers.
fn machine(root: &Value, job: &Value) -> bool {
    let named = job.get("executor").and_then(|e| text(e).or_else(|| e.get("name").and_then(text)));
    let executor = named.and_then(|name| root.get("executors").and_then(|all| all.get(&name)));
    let of =
        |name: &str| job.get(name).or_else(|| executor.and_then(|executor| executor.get(name)));
    let own = of("resource_class").and_then(text).is_some_and(|class| class.contains('/'));
    of("machine").is_some_and(|machine| !keeps_layers(machine)) && !own
}

/// `docker_layer_caching`: the engine's own cache comes with the machine.
fn keeps_layers(value: &Value) -> bool {
    value.get("docker_layer_caching").and_then(text).is_some_and(|asked| asked != "false")
}

/// Steps, with those of the commands that they call in their place.
fn steps(root: &Value, value: &Value, at: &Route, depth: usize) -> Vec<Step> {
    let at = key(at, "steps");
    let list = value.get("steps").and_then(Value::as_sequence).into_iter().flatten().enumerate();
    list.flat_map(|(index, step)| of_step(root, step, &at.with_key(index), depth)).collect()
}

fn of_step(root: &Value, step: &Value, at: &Route, depth: usize) -> Vec<Step> {
    const DEEPEST: usize = 4;
    let Some((name, value)) = text(step).map(|name| (name, None)).or_else(|| {
        let (name, value) = *entries(step).first()?;
        Some((name.to_owned(), Some(value)))
    }) else {
        return Vec::new();
    };
    let nested = |name: &str, value: &Value| steps(root, value, &key(at, name), depth + 1);
    match (name.as_str(), value) {
        ("run", Some(value)) => {
            let route = key(at, "run");
            let script = text(value).map(|text| (text, route.clone()));
            let script = script
                .or_else(|| Some((value.get("command").and_then(text)?, key(&route, "command"))));
            script
                .map(|(value, route)| {
                    Step::Script(Item { value: with_forms(&value).into(), route })
                })
                .into_iter()
                .collect()
        }
        ("setup_remote_docker", value) => {
            vec![Step::Engine { fresh: !value.is_some_and(keeps_layers) }]
        }
        ("when" | "unless", Some(value)) if depth < DEEPEST => nested(&name, value),
        (name, _) if depth < DEEPEST => match root.get("commands").and_then(|all| all.get(name)) {
            Some(command) => {
                steps(root, command, &key(&key(&Route::default(), "commands"), name), depth + 1)
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// `<< parameters.tag >>` in the form of other expressions: a shell reads `<<` as the begin of a
/// document.
fn with_forms(script: &str) -> String {
    let mut rest = script;
    let mut formed = String::new();
    while let Some((before, behind)) = rest.split_once("<<") {
        formed.push_str(before);
        if let Some((inside, after)) =
            behind.split_once(">>").filter(|(inside, _)| is_parameter(inside))
        {
            formed.push_str("${{");
            formed.push_str(inside);
            formed.push_str("}}");
            rest = after;
        } else {
            formed.push_str("<<");
            rest = behind;
        }
    }
    formed + rest
}

fn is_parameter(inside: &str) -> bool {
    let name = inside.trim();
    ["parameters.", "pipeline.", "matrix."].iter().any(|prefix| name.starts_with(prefix))
        && !name.contains('\n')
}

/// What the workflows give the job, each time they call it.
fn calls<'a>(root: &'a Value, id: &str) -> Vec<&'a Value> {
    let workflows = root.get("workflows").map(entries).unwrap_or_default();
    let jobs = workflows
        .into_iter()
        .filter_map(|(_, workflow)| workflow.get("jobs")?.as_sequence())
        .flatten();
    jobs.filter_map(|job| job.get(id)).collect()
}

/// Parameters that differ between the calls, or between the legs of one.
fn legs(calls: &[&Value]) -> (Vec<String>, Vec<String>) {
    const OWN: [&str; 8] =
        ["name", "requires", "context", "filters", "matrix", "type", "pre-steps", "post-steps"];
    let mut given: Vec<(String, Vec<String>)> = Vec::new();
    for call in calls {
        let matrix = call
            .get("matrix")
            .and_then(|matrix| matrix.get("parameters"))
            .map(entries)
            .unwrap_or_default();
        let own = entries(call).into_iter().filter(|(name, _)| !OWN.contains(name));
        for (name, value) in matrix.into_iter().chain(own) {
            let values = one_or_more(value);
            match given.iter_mut().find(|(known, _)| known == name) {
                Some((_, all)) => all.extend(values),
                None => given.push((name.to_owned(), values)),
            }
        }
    }
    let several = |values: &[String]| values.iter().any(|value| Some(value) != values.first());
    given.retain(|(_, values)| several(values));
    let named = |(name, _): &(String, Vec<String>)| format!("parameters.{name}");
    let plain = given.iter().filter(|(_, values)| values.iter().all(|value| fits_tag(value)));
    (given.iter().map(named).collect(), plain.map(named).collect())
}

/// `filters: branches: only: main`.
fn names_one_branch(call: &Value) -> bool {
    let only = call
        .get("filters")
        .and_then(|f| f.get("branches"))
        .and_then(|b| b.get("only"))
        .map(one_or_more);
    only.is_some_and(|names| {
        !names.is_empty() && names.iter().all(|name| !name.contains(['/', '*']))
    })
}
