//! What `docker/metadata-action` makes of its inputs, as far as later steps name it.
//!
//! <https://github.com/docker/metadata-action#tags-input>

use yaml_serde::Value;

use super::inputs;
use crate::config::yaml::text;

/// `steps.meta.outputs.version` of the steps of a job, where it is made of the commit alone. Of
/// several kinds of tags the one that counts depends on the event.
pub(super) fn versions(job: &Value) -> Vec<(String, String)> {
    let steps = job.get("steps").and_then(Value::as_sequence).into_iter().flatten();
    steps.filter_map(version).collect()
}

fn version(step: &Value) -> Option<(String, String)> {
    let uses = step.get("uses").and_then(text)?;
    if inputs::action(&uses) != "docker/metadata-action" {
        return None;
    }
    let tags = step.get("with")?.get("tags").and_then(text)?;
    let lines = || tags.lines().map(str::trim).filter(|line| !line.is_empty());
    let by_commit = |line: &str| line.split(',').next() == Some("type=sha");
    if lines().next().is_none() || !lines().all(by_commit) {
        return None;
    }
    let id = step.get("id").and_then(text)?;
    Some((format!("steps.{id}.outputs.version"), "sha-${{ github.sha }}".to_owned()))
}
