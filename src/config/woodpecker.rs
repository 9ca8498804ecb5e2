//! Woodpecker's and Drone's pipelines: steps with commands, and steps that build by a plugin.
//!
//! <https://woodpecker-ci.org/docs/usage/workflow-syntax>, <https://woodpecker-ci.org/plugins/docker-buildx>,
//! <https://plugins.drone.io/plugins/docker>

use yaml_serde::Value;

use super::jobs::{self, Job, JobStep, scripts, variables, without_tag};
use super::script::Builders;
use super::yaml::{Route, entries, key, one_or_more, text};
use super::{Change, Content, Kind, Machine, Place, fits_tag, yaml};
use crate::model::{CacheSpec, Command, Quote, Text, Tool};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Woodpecker;

/// `.drone.yml`: the same steps; a file may hold several pipelines.
#[derive(Debug)]
pub(super) struct Drone;

impl Kind for Woodpecker {
    fn name(&self) -> &'static str {
        "woodpecker"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("woodpecker")
    }

    fn variable(&self, name: &str) -> Option<String> {
        Some(format!("${{{name}}}"))
    }

    fn names(&self, path: &str) -> bool {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = folder.split('/').any(|part| part == ".woodpecker");
        yaml::is_file(file) && (folder || file.trim_start_matches('.').starts_with("woodpecker."))
    }

    fn looks(&self, text: &str) -> bool {
        text.contains("woodpeckerci/plugin-")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        jobs::content(text, all)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        jobs::correct(text, all, changes)
    }
}

impl Kind for Drone {
    fn name(&self) -> &'static str {
        "drone"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("drone")
    }

    /// `.drone.yml` unless the project's settings name another; `.drone/drone.yml` is what Jsonnet
    /// is written out to.
    fn names(&self, path: &str) -> bool {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let inside = folder.rsplit('/').next() == Some(".drone");
        matches!(file, ".drone.yml" | ".drone.yaml") || inside && yaml::is_file(file)
    }

    fn looks(&self, text: &str) -> bool {
        text.lines().any(|line| line.trim_end() == "kind: pipeline")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        jobs::content_of_all(text, all)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        if yaml::documents(text).len() > 1 {
            return Err("the file holds several pipelines".to_owned());
        }
        jobs::correct(text, all, changes)
    }
}

fn all(root: &Value) -> Vec<Job> {
    let list = ["steps", "pipeline"].into_iter().find_map(|name| Some((name, root.get(name)?)));
    let Some((name, list)) = list else { return Vec::new() };
    let at = key(&Route::default(), name);
    let listed = list.as_sequence().into_iter().flatten().enumerate();
    let listed = listed.map(|(index, step)| {
        (step.get("name").and_then(text).unwrap_or_default(), step, at.with_key(index))
    });
    let named =
        entries(list).into_iter().map(|(name, step)| (name.to_owned(), step, key(&at, name)));
    let (legs, plain_legs) = legs(root);
    let gone = volumes_of_one_run(root);
    // Each step is a container of its own.
    let job = |(name, step, at)| Job {
        legs: legs.clone(),
        plain_legs: plain_legs.clone(),
        ..job(name, step, &at, &gone)
    };
    listed.chain(named).map(job).collect()
}

/// Names of Drone's volumes that are made for a run and removed with it: `temp: {}`
/// (<https://docs.drone.io/pipeline/docker/syntax/volumes/temporary/>).
fn volumes_of_one_run(root: &Value) -> Vec<String> {
    let volumes = root.get("volumes").and_then(Value::as_sequence).into_iter().flatten();
    let of_one_run = volumes.filter(|volume| volume.get("temp").is_some());
    of_one_run.filter_map(|volume| volume.get("name").and_then(text)).collect()
}

fn job(name: String, step: &Value, at: &Route, gone: &[String]) -> Job {
    let plugin = step.get("image").and_then(text).and_then(|image| plugin(&image, step, gone));
    let plugin = plugin.map(|place| JobStep::Build(Box::new(place), key(at, "image")));
    let steps =
        scripts(step.get("commands"), &key(at, "commands")).into_iter().chain(plugin).collect();
    let variables = variables(step.get("environment"));
    Job { name, variables, slashes: true, steps, builders: Builders::unknown(), ..Job::default() }
}

/// What a plugin of this image builds with.
fn tool(image: &str) -> Option<Tool> {
    let name = without_tag(image);
    match name.rsplit('/').next()? {
        "plugin-docker-buildx" | "drone-docker-buildx" | "drone-buildx" | "buildx" => {
            Some(Tool::BuildxBuild)
        }
        "plugin-kaniko" | "drone-kaniko" | "kaniko" => Some(Tool::Kaniko),
        "docker" | "drone-docker" | "gcr" | "ecr"
            if name.contains("plugins/") || name.contains("drone") =>
        {
            Some(Tool::DockerBuild)
        }
        _ => None,
    }
}

/// The repository under each tag.
fn images(repository: &str, tags: &[String]) -> Vec<Text> {
    if tags.is_empty() {
        return vec![Text::new(repository)];
    }
    tags.iter().map(|tag| Text::from(format!("{repository}:{tag}"))).collect()
}

/// `matrix:` of a Woodpecker workflow.
fn legs(root: &Value) -> (Vec<String>, Vec<String>) {
    let matrix = root.get("matrix").map(entries).unwrap_or_default();
    let mut given: Vec<(String, Vec<String>)> = Vec::new();
    let included = matrix
        .iter()
        .filter(|(name, _)| *name == "include")
        .filter_map(|(_, list)| list.as_sequence());
    let rows = included.flatten().flat_map(entries);
    for (name, value) in matrix.iter().copied().filter(|(name, _)| *name != "include").chain(rows) {
        match given.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.extend(one_or_more(value)),
            None => given.push((name.to_owned(), one_or_more(value))),
        }
    }
    given.retain(|(_, values)| values.iter().any(|value| Some(value) != values.first()));
    let plain = given.iter().filter(|(_, values)| values.iter().all(|value| fits_tag(value)));
    (
        given.iter().map(|(name, _)| name.clone()).collect(),
        plain.map(|(name, _)| name.clone()).collect(),
    )
}

/// A plugin that builds: by a builder or an engine of its own, which is gone with its container
/// unless a volume keeps it; `gone` are those that keep nothing.
fn plugin(image: &str, step: &Value, gone: &[String]) -> Option<Place> {
    let tool = tool(image)?;
    let settings = step.get("settings").unwrap_or(step);
    if ["push_only", "source_tar_path"].iter().any(|name| settings.get(*name).is_some()) {
        return None;
    }
    let setting = |name: &str| settings.get(name).and_then(text);
    let list = |name: &str| settings.get(name).map(lists).unwrap_or_default();
    let mut command = Command { quote: Quote::default(), ..Command::default() };
    command.tool = tool;
    let both = list("cache_images");
    let both = both.iter().map(|image| format!("type=registry,ref={image}"));
    command.cache_from = specs(list("cache_from").into_iter().chain(both.clone()));
    command.cache_to =
        specs(list("cache_to").into_iter().chain(both.map(|spec| format!("{spec},mode=max"))));
    command.build_args = arguments(settings);
    command.platforms = list("platforms");
    command.target = setting("target");
    command.file = setting("dockerfile");
    command.no_cache = setting("no_cache").is_some_and(|asked| asked == "true");
    command.push =
        setting("dry_run").or_else(|| setting("dry-run")).is_none_or(|dry| dry == "false");
    if tool == Tool::Kaniko {
        take_kaniko(&mut command, settings);
    }
    let tags = [list("tags"), list("tag")].concat();
    command.tags = list("repo").iter().flat_map(|repository| images(repository, &tags)).collect();
    let driver = (tool == Tool::BuildxBuild).then(|| "docker-container".to_owned());
    let volumes = step.get("volumes").and_then(Value::as_sequence).into_iter().flatten();
    let keeps = |volume: &Value| {
        !volume.get("name").and_then(text).is_some_and(|name| gone.contains(&name))
    };
    let kept = settings.get("storage_path").is_some() || volumes.into_iter().any(keeps);
    let own = matches!(tool, Tool::BuildxBuild | Tool::DockerBuild);
    let fresh = own && !kept && setting("daemon_off").is_none();
    Some(Place {
        command,
        context: setting("context"),
        machine: Machine {
            driver,
            fresh,
            classic: tool == Tool::DockerBuild,
            ..Machine::default()
        },
        ..Place::default()
    })
}

/// `enable_cache: true` of Drone's plugin (drone/drone-kaniko `cmd/kaniko-docker/main.go`), `cache:
/// true` of Woodpecker's and of the older one. What a secret holds may be anything.
fn take_kaniko(command: &mut Command, settings: &Value) {
    let named = |names: &[&str]| names.iter().find_map(|name| settings.get(*name));
    let asked = named(&["enable_cache", "enable-cache", "cache"]);
    let on = asked.is_some_and(|asked| text(asked).is_none_or(|asked| asked != "false"));
    command.layers = on.then_some(true);
    let repository = named(&["cache_repo", "cache-repo"]).and_then(text).filter(|_| on);
    command.cache_from.extend(repository.iter().map(|name| CacheSpec::parse(name)));
    command.cache_to.extend(repository.iter().map(|name| CacheSpec::parse(name)));
}

/// A list, or its items in one text; a comma inside of an item is escaped:
/// `type=registry\\,ref=r/a:c`.
fn lists(value: &Value) -> Vec<String> {
    let plain = |item: &str| item.replace("\\\\,", ",").replace("\\,", ",").trim().to_owned();
    let Some(text) = text(value) else {
        return one_or_more(value).iter().map(|item| plain(item)).collect();
    };
    if text.contains("type=") {
        return vec![plain(&text)];
    }
    text.split(',').map(|item| item.trim().to_owned()).collect()
}

fn specs(all: impl Iterator<Item = String>) -> Vec<CacheSpec> {
    all.filter(|raw| !raw.is_empty()).map(|raw| CacheSpec::parse(&raw)).collect()
}

/// `build_args` is a list of `NAME=value`, or a mapping.
fn arguments(settings: &Value) -> Vec<String> {
    let given = settings.get("build_args").or_else(|| settings.get("build-args"));
    variables(given).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}
