//! `CircleCI`'s `config.yml`: jobs with their `run` steps, and the commands of the file that they
//! call.
//!
//! <https://circleci.com/docs/configuration-reference/>

mod kept;
mod orbs;

use yaml_serde::Value;

use self::orbs::OrbCall;

use super::jobs::{self, Job, JobStep, variables};
use super::script::{Builders, Item};
use super::yaml::{Route, entries, key, one_or_more, text};
use super::{Change, Content, Kind, fits_tag, machine, yaml};

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
        let content = jobs::content(text, all)?;
        Ok(Content { unread: unread(&yaml::parse(text)?), ..content })
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        jobs::correct(text, all, changes)
    }
}

fn all(root: &Value) -> Vec<Job> {
    let at = key(&Route::default(), "jobs");
    let jobs = root.get("jobs").map(entries).unwrap_or_default();
    let own = jobs.into_iter().map(|(id, value)| job(root, id, value, &key(&at, id)));
    own.chain(orb_jobs(root)).collect()
}

/// Jobs of orbs that the workflows call.
fn orb_jobs(root: &Value) -> Vec<Job> {
    let mut found = Vec::new();
    for (id, value, route) in workflow_jobs(root) {
        let Some(call) = OrbCall::of(root, id, Some(value)) else { continue };
        let Some(step) = call.build(&route) else { continue };
        let kept = call.may_keep_layers();
        found.push(Job {
            name: value.get("name").and_then(text).unwrap_or_else(|| id.to_owned()),
            variables: variables(root.get("environment")),
            slashes: !names_one_branch(value),
            steps: vec![step],
            builders: if kept { Builders::unknown() } else { Builders::fresh() },
            ..Job::default()
        });
    }
    found
}

/// Jobs that the workflows call with parameters, with where they are written.
fn workflow_jobs(root: &Value) -> Vec<(&str, &Value, Route)> {
    let at = key(&Route::default(), "workflows");
    let mut found = Vec::new();
    for (name, workflow) in root.get("workflows").map(entries).unwrap_or_default() {
        let jobs = workflow.get("jobs").and_then(Value::as_sequence).into_iter().flatten();
        for (index, job) in jobs.enumerate() {
            let route = key(&key(&at, name), "jobs").with_key(index);
            let named = entries(job);
            found.extend(named.into_iter().map(|(id, value)| (id, value, key(&route, id))));
        }
    }
    found
}

/// What it takes from orbs that may build images, and is not read.
fn unread(root: &Value) -> Vec<String> {
    let jobs = workflow_jobs(root).into_iter().map(|(id, value, _)| (id.to_owned(), Some(value)));
    let lists = ["jobs", "commands"].into_iter().filter_map(|list| root.get(list));
    let steps = lists.flat_map(entries).filter_map(|(_, job)| job.get("steps")?.as_sequence());
    let steps = steps.flatten().filter_map(|step| match text(step) {
        Some(name) => Some((name, None)),
        None => entries(step).first().map(|(name, value)| ((*name).to_owned(), Some(*value))),
    });
    let mut all: Vec<String> = jobs
        .chain(steps)
        .filter_map(|(name, value)| OrbCall::of(root, &name, value)?.unread())
        .collect();
    all.dedup();
    all
}

fn job(root: &Value, id: &str, value: &Value, at: &Route) -> Job {
    let called = calls(root, id);
    let given = parameters(&called);
    let (legs, plain_legs) = legs(&given);
    let machine = machine(root, value);
    Job {
        name: id.to_owned(),
        variables: [variables(root.get("environment")), variables(value.get("environment"))]
            .concat(),
        legs,
        plain_legs,
        machine: resource_class(value, &given),
        slashes: !called.iter().any(|call| names_one_branch(call)),
        steps: std::iter::once(JobStep::Older(has_older_client(root, value)))
            .chain(kept::early(steps(root, value, at, 0)))
            .collect(),
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

/// Its first image brings a docker client before version 23, which builds with the classic builder
/// unless told otherwise: `docker:20.10`, `circleci/node`, `cimg/base:2020.01`.
fn has_older_client(root: &Value, job: &Value) -> bool {
    let named = job.get("executor").and_then(|e| text(e).or_else(|| e.get("name").and_then(text)));
    let executor = named.and_then(|name| root.get("executors").and_then(|all| all.get(&name)));
    let images = job.get("docker").or_else(|| executor.and_then(|executor| executor.get("docker")));
    let first = images.and_then(|images| images.get(0)?.get("image").and_then(text));
    let first = first.unwrap_or_default();
    // `ubuntu-2204:2022.04.2` of a machine.
    let machine = job.get("machine").and_then(|machine| machine.get("image")).and_then(text);
    let first = machine.unwrap_or(first);
    let number = |from: &str| from.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok();
    let (name, tag) = first.rsplit_once(':').unwrap_or((&first, ""));
    match name.trim_start_matches("library/") {
        "docker" => tag.starts_with("stable") || number(tag).is_some_and(|version| version < 23),
        "cimg/base" | "ubuntu-2004" | "ubuntu-2204" => {
            number(tag).is_some_and(|year| (2000..2023).contains(&year))
        }
        name => name.starts_with("circleci/"),
    }
}

/// `docker_layer_caching`: the engine's own cache comes with the machine.
fn keeps_layers(value: &Value) -> bool {
    value.get("docker_layer_caching").and_then(text).is_some_and(|asked| asked != "false")
}

/// Steps, with those of the commands that they call in their place.
fn steps(root: &Value, value: &Value, at: &Route, depth: usize) -> Vec<JobStep> {
    let at = key(at, "steps");
    let list = value.get("steps").and_then(Value::as_sequence).into_iter().flatten().enumerate();
    list.flat_map(|(index, step)| of_step(root, step, &at.with_key(index), depth)).collect()
}

fn of_step(root: &Value, step: &Value, at: &Route, depth: usize) -> Vec<JobStep> {
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
                    JobStep::Script(Item { value: with_forms(&value).into(), route })
                })
                .into_iter()
                .collect()
        }
        ("setup_remote_docker", value) => {
            vec![JobStep::Engine { fresh: !value.is_some_and(keeps_layers) }]
        }
        ("save_cache" | "restore_cache", Some(value)) => {
            kept::of_step(&name, value, &key(at, &name))
        }
        ("when" | "unless", Some(value)) if depth < DEEPEST => nested(&name, value),
        (name, _) if depth < DEEPEST => match root.get("commands").and_then(|all| all.get(name)) {
            Some(command) => {
                steps(root, command, &key(&key(&Route::default(), "commands"), name), depth + 1)
            }
            None => OrbCall::of(root, name, value)
                .and_then(|call| call.step(&key(at, name)))
                .into_iter()
                .collect(),
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

/// The size of its machine, where it is one of ARM in some legs alone: `arm.large`.
fn resource_class(job: &Value, given: &[(String, Vec<String>)]) -> Option<String> {
    let class = with_forms(&job.get("resource_class").and_then(text)?);
    let names = crate::config::variables::names(&class);
    let is_named = |name: &str| names.iter().any(|named| named == &format!("parameters.{name}"));
    let differs =
        |(name, labels): &(String, Vec<String>)| is_named(name) && machine::differ(labels);
    given.iter().any(differs).then_some(class)
}

/// Parameters that differ between the calls, or between the legs of one, with their values.
fn parameters(calls: &[&Value]) -> Vec<(String, Vec<String>)> {
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
    given
}

/// How the job names them, and those of them that may stand in a tag.
fn legs(given: &[(String, Vec<String>)]) -> (Vec<String>, Vec<String>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: 2.1\norbs:\n  docker: circleci/docker@2\n  slack: circleci/slack@4\n  \
        kube: acme/kaniko@1\njobs:\n  own:\n    machine: true\n    steps:\n      - slack/notify\n      \
        - docker/check\n      - docker/build:\n          image: acme/web\n          extra_build_args: \
        --no-cache\nworkflows:\n  all:\n    jobs:\n      - own\n      - kube/ship: {image: a}\n      - \
        docker/publish: {image: acme/api, tag: 'v1', cache_from: 'acme/api:a,acme/api:b'}\n";

    #[test]
    fn orbs_are_read_or_named() {
        let content = CircleCi.read(TEXT).unwrap();
        let [own, orb] = content.places.as_slice() else { panic!("{:?}", content.places) };
        assert!(own.command.no_cache && own.job == "own");
        assert_eq!((orb.command.cache_from.len(), orb.job.as_str()), (2, "docker/publish"));
        assert_eq!(orb.command.tags, ["acme/api:v1"]);
        assert!(orb.machine.fresh);
        let [said] = content.unread.as_slice() else { panic!("{:?}", content.unread) };
        assert!(said.starts_with("`kube/ship` of the orb acme/kaniko is not read"), "{said}");
    }
}
