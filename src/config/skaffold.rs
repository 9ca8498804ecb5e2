//! Skaffold's `skaffold.yaml`: artifacts that kaniko builds in the cluster. What Skaffold has built
//! by Docker stays in the engine of the machine, which the file does not tell.
//!
//! <https://skaffold.dev/docs/references/yaml/>

use yaml_serde::Value;

use super::jobs::{self, Job, JobStep, variables};
use super::script::Builders;
use super::yaml::{Route, key, text};
use super::{Change, Content, Kind, Place};
use crate::model::{CacheSpec, Command, Quote, Text, Tool};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Skaffold;

impl Kind for Skaffold {
    fn name(&self) -> &'static str {
        "skaffold"
    }

    fn names(&self, path: &str) -> bool {
        let file = path.rsplit('/').next().unwrap_or(path);
        super::yaml::is_file(file) && file.starts_with("skaffold")
    }

    fn may_be_other(&self, _: &str, _: &str) -> bool {
        true
    }

    fn looks(&self, text: &str) -> bool {
        text.lines().any(|line| line.starts_with("apiVersion: skaffold/"))
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        if !text.contains("artifacts:") {
            return Ok(Content::default());
        }
        let content = jobs::content_of_all(text, all)?;
        let images = text.lines().filter(|line| is_artifact(line)).count();
        let others = images > content.places.len();
        let unread =
            others.then(|| "has artifacts that are not read: kaniko's alone are".to_owned());
        Ok(Content { unread: unread.into_iter().collect(), ..content })
    }

    fn correct(&self, _: &str, _: &[Change]) -> Result<String, String> {
        Err("cachediag does not edit this kind of file".to_owned())
    }
}

/// `- image: web`
fn is_artifact(line: &str) -> bool {
    line.trim_start().strip_prefix("- image:").is_some_and(|name| !name.trim().is_empty())
}

/// Artifacts of the file and of its profiles. A profile may also patch any of them by its path.
fn all(root: &Value) -> Vec<Job> {
    let top = Route::default();
    let profiles = root.get("profiles").and_then(Value::as_sequence).into_iter().flatten();
    let profiles: Vec<&Value> = profiles.collect();
    if profiles.iter().any(|profile| profile.get("patches").is_some()) {
        return Vec::new();
    }
    let at = key(&top, "profiles");
    let of_profiles = profiles.into_iter().enumerate();
    let builds = of_profiles.map(|(index, profile)| (profile, at.with_key(index)));
    std::iter::once((root, top.clone()))
        .chain(builds)
        .flat_map(|(own, at)| jobs(own, &at))
        .collect()
}

fn jobs(root: &Value, at: &Route) -> Vec<Job> {
    let at = key(&key(at, "build"), "artifacts");
    let artifacts = root.get("build").and_then(|build| build.get("artifacts"));
    let artifacts = artifacts.and_then(Value::as_sequence).into_iter().flatten().enumerate();
    artifacts.filter_map(|(index, artifact)| job(artifact, &at.with_key(index))).collect()
}

fn job(artifact: &Value, at: &Route) -> Option<Job> {
    let kaniko = artifact.get("kaniko")?;
    let name = artifact.get("image").and_then(text).unwrap_or_default();
    let step = JobStep::Build(Box::new(place(artifact, kaniko)), key(at, "kaniko"));
    Some(Job {
        name,
        slashes: true,
        steps: vec![step],
        builders: Builders::unknown(),
        ..Job::default()
    })
}

/// `cache: {}` asks for the cache too (GoogleContainerTools/skaffold
/// `pkg/skaffold/build/kaniko/args.go`).
fn place(artifact: &Value, kaniko: &Value) -> Place {
    let context = artifact.get("context").and_then(text);
    let folder = context.as_deref().unwrap_or(".");
    let file = kaniko.get("dockerfile").and_then(text).map(|file| format!("{folder}/{file}"));
    let cache = kaniko.get("cache");
    let repository = cache.and_then(|cache| cache.get("repo")).and_then(text);
    let arguments = variables(kaniko.get("buildArgs")).into_iter();
    let mut command = Command { quote: Quote::default(), ..Command::default() };
    command.tool = Tool::Kaniko;
    command.layers = cache.map(|_| true);
    let caches: Vec<CacheSpec> = repository.iter().map(|name| CacheSpec::parse(name)).collect();
    (command.cache_from, command.cache_to) = (caches.clone(), caches);
    command.build_args = arguments.map(|(name, value)| format!("{name}={value}")).collect();
    command.target = kaniko.get("target").and_then(text);
    command.tags = artifact.get("image").and_then(text).map(Text::from).into_iter().collect();
    command.push = true;
    command.file = file;
    Place { command, context, ..Place::default() }
}
