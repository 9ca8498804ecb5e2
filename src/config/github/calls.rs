//! Reusable workflows and composite actions of the same repository: who calls them, with which
//! inputs.
//!
//! <https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows>

use yaml_serde::Value;

use super::{events, matrix};
use crate::config::Call;
use crate::config::elsewhere::{may_build_images, unread};
use crate::config::yaml::{entries, text};

/// Calls of files of the repository.
pub(super) fn of(root: &Value) -> Vec<Call> {
    let (refs, slashes) = (events::of_workflow(root), events::has_slashes(root));
    let jobs = root.get("jobs").map(entries).unwrap_or_default();
    let by_key: events::Jobs = jobs.iter().copied().collect();
    let in_job = |job: &Value| {
        let steps = job.get("steps").and_then(Value::as_sequence).into_iter().flatten();
        let (refs, slashes) = events::of_job(job, &by_key, refs, slashes);
        let all = std::iter::once(job).chain(steps);
        let legs = matrix::legs(job);
        let plain: Vec<String> =
            legs.iter().filter(|leg| matrix::is_plain(job, leg)).cloned().collect();
        let call = |value| {
            let (legs, plain_legs) = (legs.clone(), plain.clone());
            Some(Call { refs, slashes, legs, plain_legs, ..call(value)? })
        };
        all.filter_map(call).collect::<Vec<_>>()
    };
    jobs.into_iter().flat_map(|(_, job)| in_job(job)).collect()
}

fn call(value: &Value) -> Option<Call> {
    let path = value.get("uses").and_then(text).filter(|path| path.starts_with("./"))?;
    let with = value.get("with").map(entries).unwrap_or_default();
    let with = with
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), text(value)?)))
        .collect();
    Some(Call { path: path.trim_end_matches('/').to_owned(), with, ..Call::default() })
}

/// Reusable workflows and actions of other repositories that may build images.
pub(super) fn elsewhere(root: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for (_, job) in root.get("jobs").map(entries).unwrap_or_default() {
        let called = job.get("uses").and_then(text).filter(|uses| is_elsewhere(uses));
        all.extend(called.map(|uses| unread(&format!("the workflow {uses}"))));
        let steps = job.get("steps").and_then(Value::as_sequence).into_iter().flatten();
        let uses = steps.filter_map(|step| step.get("uses").and_then(text));
        let builds = uses.filter(|uses| is_builder(uses));
        all.extend(builds.map(|uses| format!("the action {uses} builds images and is not read")));
    }
    all.dedup();
    all
}

fn is_elsewhere(uses: &str) -> bool {
    !uses.starts_with("./") && may_build_images(uses)
}

/// Actions that build an image themselves.
fn is_builder(uses: &str) -> bool {
    const ACTIONS: [&str; 12] = [
        "whoan/docker-build-with-cache-action",
        "mr-smithers-excellent/docker-build-push",
        "elgohr/publish-docker-github-action",
        "redhat-actions/buildah-build",
        "aevea/action-kaniko",
        "devcontainers/ci",
        "macbre/push-to-ghcr",
        "openzim/docker-publish-action",
        "home-assistant/builder",
        "jupyterhub/repo2docker-action",
        "satackey/action-docker-build",
        "docker/github-builder",
    ];
    ACTIONS.contains(&super::inputs::action(uses).as_str())
}

/// Inputs that the file declares, with their defaults.
pub(super) fn inputs(root: &Value) -> Vec<(String, Option<String>)> {
    let called =
        root.get("on").and_then(|on| on.get("workflow_call")).and_then(|call| call.get("inputs"));
    let declared = called.or_else(|| root.get("inputs")).map(entries).unwrap_or_default();
    declared
        .into_iter()
        .map(|(name, input)| (name.to_owned(), input.get("default").and_then(text)))
        .collect()
}
