//! Google Cloud Build's `cloudbuild.yaml`: steps that call docker or kaniko, by their words or in a
//! script.
//!
//! <https://cloud.google.com/build/docs/build-config-file-schema>

use yaml_serde::Value;

use super::jobs::{self, Job, JobStep, program_of, scripts, variables};
use super::script::{Builders, Item};
use super::yaml::{Route, key, text, texts};
use super::{Change, Content, Kind, yaml};

/// The kind of file.
#[derive(Debug)]
pub(super) struct CloudBuild;

impl Kind for CloudBuild {
    fn name(&self) -> &'static str {
        "cloudbuild"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("google-cloud-build")
    }

    /// `cloudbuild.yaml`, `cloudbuild-release.yml`, `web.cloudbuild.json`.
    fn names(&self, path: &str) -> bool {
        let file = path.rsplit('/').next().unwrap_or(path);
        let json = file.rsplit_once('.').is_some_and(|(_, end)| end == "json");
        (json || yaml::is_file(file)) && file.contains("cloudbuild")
    }

    /// A file that is named after it may be anything.
    fn may_be_other(&self, path: &str, text: &str) -> bool {
        !path.rsplit('/').next().unwrap_or(path).starts_with("cloudbuild") && !self.looks(text)
    }

    fn looks(&self, text: &str) -> bool {
        text.contains("steps")
            && text.contains("gcr.io/")
            && text.contains("name")
            && text.contains("args")
            && !text.lines().any(|line| line.starts_with("on:") || line.starts_with("jobs:"))
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        jobs::content(text, all)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        jobs::correct(text, all, changes)
    }
}

/// All steps run on one machine, which is new in each build.
fn all(root: &Value) -> Vec<Job> {
    let at = key(&Route::default(), "steps");
    let list = root.get("steps").and_then(Value::as_sequence).into_iter().flatten().enumerate();
    let everywhere =
        root.get("options").map(|options| variables(options.get("env"))).unwrap_or_default();
    let of_one = |(index, step)| with_its_builder(step, &at.with_key(index), &everywhere);
    let steps = list.flat_map(of_one).collect();
    let builders = Builders::fresh();
    vec![Job {
        variables: variables(root.get("substitutions")),
        slashes: true,
        steps,
        builders,
        ..Job::default()
    }]
}

fn with_its_builder(step: &Value, at: &Route, everywhere: &[(String, String)]) -> Vec<JobStep> {
    let image = step.get("name").and_then(text).unwrap_or_default();
    let set = [everywhere, &variables(step.get("env"))].concat();
    let buildkit = set.iter().any(|(name, value)| name == "DOCKER_BUILDKIT" && value == "1");
    let mut steps = vec![JobStep::Older(is_older(&image) && !buildkit)];
    steps.extend(of_step(step, at, everywhere));
    steps
}

fn of_step(step: &Value, at: &Route, everywhere: &[(String, String)]) -> Vec<JobStep> {
    if step.get("script").is_some() {
        return scripts(step.get("script"), &key(at, "script"));
    }
    let image = step.get("name").and_then(text).unwrap_or_default();
    let program = step.get("entrypoint").and_then(text);
    let arguments = texts(step.get("args"));
    let shell = program
        .as_deref()
        .is_some_and(|name| matches!(name.rsplit('/').next(), Some("bash" | "sh")));
    let mut scripts = arguments.iter().enumerate().skip_while(|(_, word)| !runs_a_script(word));
    if shell && let Some((index, value)) = scripts.nth(1) {
        let route = key(at, "args").with_key(index);
        return vec![JobStep::Script(Item { route, value: value.as_str().into() })];
    }
    let named = if shell { None } else { program };
    let Some(program) = named.or_else(|| program_of(&image)) else { return Vec::new() };
    let set = [everywhere, &variables(step.get("env"))].concat();
    let set = set.into_iter().map(|(name, value)| format!("{name}={value}"));
    let words = set.chain([program]).chain(arguments).collect();
    vec![JobStep::Words(words, key(at, "name"))]
}

/// `-c`, `-ec`
fn runs_a_script(flag: &str) -> bool {
    flag.starts_with('-') && flag.ends_with('c')
}

/// Google's own image has a Docker of 2020 unless a tag names another, and builds without
/// `BuildKit` where `DOCKER_BUILDKIT` does not ask for it (`GoogleCloudPlatform/cloud-builders`
/// `docker`).
fn is_older(image: &str) -> bool {
    let (name, tag) = image.split_once(':').unwrap_or((image, ""));
    let newer = tag.split('.').next().and_then(|number| number.parse::<u32>().ok());
    name.ends_with("cloud-builders/docker") && newer.is_none_or(|number| number < 23)
}
