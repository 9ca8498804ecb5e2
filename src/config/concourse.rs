//! Concourse's pipelines and tasks: images that the `oci-build` task or the `docker-image` resource
//! builds.
//!
//! <https://github.com/concourse/oci-build-task>, <https://github.com/concourse/docker-image-resource>

use yaml_serde::Value;

use super::jobs::{self, Job, JobStep, without_tag};
use super::script::Builders;
use super::yaml::{Route, entries, key, text};
use super::{Change, Content, Kind, Machine, Place, yaml};
use crate::model::{CacheSpec, Command, Quote, Tool};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Concourse;

impl Kind for Concourse {
    fn name(&self) -> &'static str {
        "concourse"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("concourse")
    }

    /// It has no name of its own: `ci/pipeline.yml`, `ci/tasks/build.yml`, `concourse/web.yml`.
    fn names(&self, path: &str) -> bool {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let known = |part: &str| matches!(part, "ci" | "concourse" | ".concourse");
        let stem = file.split('.').next().unwrap_or(file);
        yaml::is_file(file)
            && (folder.split('/').any(known) || stem == "pipeline" || file.contains("concourse"))
    }

    fn may_be_other(&self, _: &str, _: &str) -> bool {
        true
    }

    fn looks(&self, text: &str) -> bool {
        text.contains("oci-build-task") && text.contains("image_resource:")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        if !IMAGES.iter().chain(&["docker-image"]).any(|name| text.contains(name)) {
            return Ok(Content::default());
        }
        jobs::content(text, all)
    }

    fn correct(&self, _: &str, _: &[Change]) -> Result<String, String> {
        Err("cachediag does not edit this kind of file".to_owned())
    }
}

/// Tasks that build by a `BuildKit` of their own, and keep its cache in the folder `cache`, where
/// there is one.
const IMAGES: [&str; 2] = ["oci-build-task", "builder-task"];

/// Deeper than steps are nested.
const DEEPEST: usize = 24;

fn all(root: &Value) -> Vec<Job> {
    let mut finder = Finder { resources: resources(root), found: Vec::new() };
    finder.look(root, &Route::default(), "", 0);
    finder.found
}

/// Names of the resources that build by Docker.
fn resources(root: &Value) -> Vec<String> {
    let all = root.get("resources").and_then(Value::as_sequence).into_iter().flatten();
    let of_docker =
        all.filter(|one| one.get("type").and_then(text).as_deref() == Some("docker-image"));
    of_docker.filter_map(|one| one.get("name").and_then(text)).collect()
}

struct Finder {
    resources: Vec<String>,
    found: Vec<Job>,
}

impl Finder {
    /// Steps below a value; `job` is the one that they are of.
    fn look(&mut self, value: &Value, at: &Route, job: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        for (index, item) in value.as_sequence().into_iter().flatten().enumerate() {
            self.look(item, &at.with_key(index), job, depth + 1);
        }
        let own = value.get("plan").and_then(|_| value.get("name")).and_then(text);
        let job = own.as_deref().unwrap_or(job);
        let built = task(value, at).or_else(|| self.put(value, at));
        self.found.extend(built.map(|step| of_job(job, step)));
        for (name, inside) in entries(value) {
            self.look(inside, &key(at, name), job, depth + 1);
        }
    }

    /// `put: image`, with `params: {build: folder}`.
    fn put(&self, step: &Value, at: &Route) -> Option<JobStep> {
        let name = step.get("put").and_then(text)?;
        let resource = step.get("resource").and_then(text).unwrap_or(name);
        let parameters = step.get("params")?;
        let builds = parameters.get("build").is_some() && self.resources.contains(&resource);
        let names = ["cache", "cache_from", "cache_tag", "load_base", "load_bases"];
        let cached = names.iter().any(|name| is_on(parameters.get(*name)));
        builds.then(|| build(Tool::DockerBuild, cached, key(at, "put")))
    }
}

/// A parameter is there, and is not turned off.
fn is_on(value: Option<&Value>) -> bool {
    value.is_some_and(|value| text(value).is_none_or(|value| value != "false"))
}

/// The configuration of a task that builds.
fn task(config: &Value, at: &Route) -> Option<JobStep> {
    let source = config.get("image_resource")?.get("source")?;
    let repository = source.get("repository").and_then(text)?;
    let name = without_tag(&repository).rsplit('/').next()?.to_owned();
    if !IMAGES.contains(&name.as_str()) {
        return None;
    }
    // A folder of this name among the inputs or outputs is a cache that the pipeline carries.
    let folders = ["caches", "inputs", "outputs"];
    let cached = folders.iter().filter_map(|name| config.get(*name)).any(names_cache);
    Some(build(
        Tool::Buildctl,
        cached,
        key(&key(&key(at, "image_resource"), "source"), "repository"),
    ))
}

fn names_cache(list: &Value) -> bool {
    let path = |one: &Value| one.get("path").or_else(|| one.get("name")).and_then(text);
    let all = list.as_sequence().into_iter().flatten();
    all.filter_map(path).any(|path| path.trim_start_matches("./").trim_end_matches('/') == "cache")
}

/// Its builder lives as long as its container. Where the cache is on, the task writes the options.
fn build(tool: Tool, cached: bool, at: Route) -> JobStep {
    let mut command = Command { quote: Quote::default(), ..Command::default() };
    command.tool = tool;
    let hidden = CacheSpec::hidden("cache");
    command.cache_from.extend(cached.then(|| hidden.clone()));
    command.cache_to.extend(cached.then_some(hidden));
    let machine = Machine { new_builder: true, ..Machine::default() };
    // The folder is one of an input: which repository that is, the file does not tell.
    let context = Some("$INPUT".to_owned());
    JobStep::Build(Box::new(Place { command, context, machine, ..Place::default() }), at)
}

fn of_job(name: &str, step: JobStep) -> Job {
    let (name, builders) = (name.to_owned(), Builders::unknown());
    Job { name, slashes: true, steps: vec![step], builders, ..Job::default() }
}
