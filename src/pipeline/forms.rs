//! One run in two forms: the log as the client printed it, and the JSON status of the same build.
//!
//! They name the same image by its digest, which holds the time of every step that was executed.

use std::hash::{DefaultHasher, Hash, Hasher};

use foldhash::HashMap;

use crate::model::{Dialect, Problem, Run};

/// Leaves the JSON form of a run out where the printed one is there too.
pub(super) fn leave_out(runs: &mut Vec<Run>) -> Vec<Problem> {
    let mut printed: HashMap<u64, Vec<String>> = HashMap::default();
    for run in runs.iter().filter(|run| !is_json(run)) {
        if let Some(built) = built(run) {
            printed.entry(built).or_default().push(run.source.to_string());
        }
    }
    let mut problems = Vec::new();
    runs.retain(|run| {
        let built = if is_json(run) { built(run) } else { None };
        let Some(other) = built.and_then(|built| printed.get_mut(&built)?.pop()) else {
            return true;
        };
        let message = format!("is the same run as {other}, in another form: it is counted once");
        problems.push(super::problem(&run.source, message));
        false
    });
    problems
}

fn is_json(run: &Run) -> bool {
    run.builds.iter().any(|build| build.dialect == Dialect::BuildkitRawjson)
}

/// The images that were built, with the outcome of each step; nothing where an image has no digest.
fn built(run: &Run) -> Option<u64> {
    let mut hash = DefaultHasher::new();
    for build in &run.builds {
        build.config.as_deref()?.hash(&mut hash);
        let mut steps: Vec<_> = build.steps.iter().map(|step| (&step.text, step.outcome)).collect();
        steps.sort_unstable_by(|a, b| a.0.cmp(b.0));
        steps.hash(&mut hash);
    }
    (!run.builds.is_empty()).then(|| hash.finish())
}
