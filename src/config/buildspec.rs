//! AWS `CodeBuild`'s `buildspec.yml`: the commands of its phases.
//!
//! <https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html>

use yaml_serde::Value;

use super::jobs::{self, Job, JobStep, scripts, variables};
use super::script::Builders;
use super::yaml::{Route, entries, key, text};
use super::{Change, Content, Kind, yaml};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Buildspec;

impl Kind for Buildspec {
    fn name(&self) -> &'static str {
        "buildspec"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("aws-codebuild")
    }

    /// `buildspec.yml`, `buildspec-image.yaml`, `image.buildspec.yml`.
    fn names(&self, path: &str) -> bool {
        let file = path.rsplit('/').next().unwrap_or(path);
        yaml::is_file(file) && file.contains("buildspec")
    }

    fn looks(&self, text: &str) -> bool {
        let top = |key: &str| text.lines().any(|line| line.starts_with(key));
        top("phases:") && top("version:") && text.contains("commands:")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        jobs::content(text, all)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        jobs::correct(text, all, changes)
    }
}

/// The phases run one after the other on one machine. Whether that keeps its layers is set in the
/// project, not here.
fn all(root: &Value) -> Vec<Job> {
    let at = key(&Route::default(), "phases");
    let phases = root.get("phases").map(entries).unwrap_or_default();
    let commands = phases.into_iter().flat_map(|(name, phase)| {
        scripts(phase.get("commands"), &key(&key(&at, name), "commands"))
    });
    let commands: Vec<JobStep> = commands.collect();
    let commands = if keeps_its_shell(root) { in_one_shell(commands) } else { commands };
    let set = variables(root.get("env").and_then(|env| env.get("variables")));
    let asked = set.iter().any(|(name, value)| name == "DOCKER_BUILDKIT" && value == "1");
    let older = JobStep::Older(is_older(root) && !asked);
    let steps = [JobStep::Doubt, older].into_iter().chain(commands).collect();
    vec![Job {
        variables: set,
        slashes: true,
        steps,
        builders: Builders::fresh(),
        ..Job::default()
    }]
}

/// Version 0.2 runs all commands in one shell, 0.1 each in its own
/// (<https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.version>).
fn keeps_its_shell(root: &Value) -> bool {
    root.get("version").and_then(text).is_some_and(|version| version != "0.1")
}

fn in_one_shell(commands: Vec<JobStep>) -> Vec<JobStep> {
    let item = |step| if let JobStep::Script(item) = step { Some(item) } else { None };
    vec![JobStep::Shell(commands.into_iter().filter_map(item).collect())]
}

/// `runtime-versions: {docker: 19}`: before version 23 it builds with the classic builder unless told
/// otherwise.
fn is_older(root: &Value) -> bool {
    let install = root.get("phases").and_then(|phases| phases.get("install"));
    let versions = install.and_then(|install| install.get("runtime-versions"));
    let docker = versions.and_then(|versions| versions.get("docker")).and_then(text);
    let major = docker.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major < 23)
}
