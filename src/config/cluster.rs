//! Containers that build in a Kubernetes cluster: steps of Tekton, templates of Argo Workflows, and
//! the pods of plain manifests.
//!
//! <https://tekton.dev/docs/pipelines/tasks/#defining-steps>,
//! <https://argo-workflows.readthedocs.io/en/latest/fields/>,
//! <https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/>

mod catalog;
mod container;

use yaml_serde::Value;

use super::jobs::{self, Job, variables};
use super::script::Builders;
use super::yaml::{Route, entries, text};
use super::{Change, Content, Kind, yaml};

/// Tasks and pipelines of Tekton.
#[derive(Debug)]
pub(super) struct Tekton;

/// Workflows of Argo.
#[derive(Debug)]
pub(super) struct ArgoWorkflow;

/// Pods, and what makes pods.
#[derive(Debug)]
pub(super) struct Kubernetes;

impl Kind for Tekton {
    fn name(&self) -> &'static str {
        "tekton"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("tekton")
    }

    /// `.tekton/push.yaml`, `ci/tekton/build.yaml`, `tekton-task.yaml`.
    fn names(&self, path: &str) -> bool {
        is_named(path, &[".tekton", "tekton"], &["tekton"])
    }

    fn may_be_other(&self, _: &str, _: &str) -> bool {
        true
    }

    fn looks(&self, text: &str) -> bool {
        is_of(text, "tekton.dev/")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        read(text)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        correct(text, changes)
    }
}

impl Kind for ArgoWorkflow {
    fn name(&self) -> &'static str {
        "argo-workflow"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("argo")
    }

    /// `argo/build.yaml`, `workflow-templates/image.yaml`, `argo-build.yaml`.
    fn names(&self, path: &str) -> bool {
        const FOLDERS: [&str; 5] =
            ["argo", "argo-workflows", "argo-workflow", "workflow-templates", "workflowtemplates"];
        is_named(path, &FOLDERS, &["argo", "workflow"])
    }

    fn may_be_other(&self, _: &str, _: &str) -> bool {
        true
    }

    fn looks(&self, text: &str) -> bool {
        is_of(text, "argoproj.io/") && text.contains("Workflow")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        read(text)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        correct(text, changes)
    }
}

impl Kind for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    /// `k8s/build-job.yaml`, `kaniko-pod.yaml`.
    fn names(&self, path: &str) -> bool {
        const FOLDERS: [&str; 4] = ["k8s", "kubernetes", "manifests", "kaniko"];
        is_named(path, &FOLDERS, &["kaniko", "buildah", "buildkit"])
    }

    fn may_be_other(&self, _: &str, _: &str) -> bool {
        true
    }

    fn looks(&self, text: &str) -> bool {
        let top = |key: &str| text.lines().any(|line| line.starts_with(key));
        top("apiVersion:") && top("kind:") && text.contains("containers:")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        read(text)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        correct(text, changes)
    }
}

/// It is a YAML file in one of these folders, or with one of these words in its name.
fn is_named(path: &str, folders: &[&str], words: &[&str]) -> bool {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    yaml::is_file(file)
        && (folder.split('/').any(|part| folders.contains(&part))
            || words.iter().any(|word| file.contains(word)))
}

/// An object of this group of the API stands in it.
fn is_of(text: &str, group: &str) -> bool {
    let names = |line: &str| line.strip_prefix("apiVersion:").map(|name| name.trim().to_owned());
    text.lines().filter_map(names).any(|name| name.trim_matches(['"', '\'']).starts_with(group))
}

/// A cluster is full of files that build nothing: those are not taken apart.
fn read(text: &str) -> Result<Content, String> {
    const BUILDERS: [&str; 5] = ["kaniko", "buildah", "buildctl", "docker", "podman"];
    if !BUILDERS.iter().any(|name| text.contains(name)) || !text.contains("apiVersion") {
        return Ok(Content::default());
    }
    let content = jobs::content_of_all(text, all)?;
    let unread = catalog::unread(text).filter(|_| content.is_empty()).into_iter().collect();
    Ok(Content { unread, ..content })
}

fn correct(text: &str, changes: &[Change]) -> Result<String, String> {
    if yaml::documents(text).len() > 1 {
        return Err("the file holds several objects".to_owned());
    }
    jobs::correct(text, all, changes)
}

/// Keys of lists of containers: of tasks, of pods, of Argo's sets of containers.
const LISTS: [&str; 4] = ["steps", "containers", "initContainers", "sidecars"];

/// Keys of one container: of Argo's templates.
const ONES: [&str; 2] = ["container", "script"];

/// Deeper than any object of these is nested: a `CronWorkflow` has its steps in the eighth.
const DEEPEST: usize = 16;

/// Each container is a machine of its own.
fn all(root: &Value) -> Vec<Job> {
    if root.get("apiVersion").is_none() {
        return Vec::new();
    }
    let mut finder = Finder { defaults: container::defaults(root), found: Vec::new() };
    finder.look(root, &Route::default(), "", 0);
    finder.found
}

struct Finder {
    /// Parameters with what they hold where nobody gives them anything else.
    defaults: Vec<(String, String)>,
    found: Vec<Job>,
}

impl Finder {
    /// Containers below a value; `owner` is the task, template or object that it belongs to.
    fn look(&mut self, value: &Value, at: &Route, owner: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        if let Some(list) = value.as_sequence() {
            for (index, item) in list.iter().enumerate() {
                self.look(item, &at.with_key(index), owner, depth + 1);
            }
            return;
        }
        let name = value.get("name").or_else(|| value.get("metadata")?.get("name"));
        let name = name.and_then(text).unwrap_or_else(|| owner.to_owned());
        self.found.extend(catalog::kaniko(value, at, &name));
        for (key, inside) in entries(value) {
            let at = at.with_key(key);
            let listed = LISTS.contains(&key) && inside.as_sequence().is_some();
            let one = ONES.contains(&key) && inside.get("image").is_some();
            match inside.as_sequence().filter(|_| listed) {
                Some(list) => {
                    for (index, item) in list.iter().enumerate() {
                        self.take(item, &at.with_key(index), &name);
                    }
                }
                None if one => self.take(inside, &at, &name),
                None => self.look(inside, &at, &name, depth + 1),
            }
        }
    }

    fn take(&mut self, container: &Value, at: &Route, owner: &str) {
        let own = container.get("name").and_then(text);
        // `[task : step]` in the logs of Tekton.
        let name = own.as_ref().map_or_else(|| owner.to_owned(), |own| format!("{owner} : {own}"));
        self.found.push(Job {
            name,
            variables: variables(container.get("env")),
            slashes: true,
            steps: container::steps(container, at, &self.defaults),
            builders: Builders::unknown(),
            ..Job::default()
        });
    }
}
