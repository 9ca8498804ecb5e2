//! Reusable workflows and composite actions of the same repository: who calls them, with which
//! inputs.
//!
//! <https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows>

use yaml_serde::Value;

use super::events;
use crate::config::Call;
use crate::config::yaml::{entries, text};

/// Calls of files of the repository.
pub(super) fn of(root: &Value) -> Vec<Call> {
    let (refs, slashes) = (events::of_workflow(root), events::has_slashes(root));
    let jobs = root.get("jobs").map(entries).unwrap_or_default();
    let in_job = |job: &Value| {
        let steps = job.get("steps").and_then(Value::as_sequence).into_iter().flatten();
        let own = refs.and(events::of_condition(job));
        let all = std::iter::once(job).chain(steps);
        all.filter_map(call).map(|call| Call { refs: own, slashes, ..call }).collect::<Vec<_>>()
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
