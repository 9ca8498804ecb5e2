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
    let mut twins: Vec<(String, String)> = Vec::new();
    runs.retain(|run| {
        let built = if is_json(run) { built(run) } else { None };
        let Some(other) = built.and_then(|built| printed.get_mut(&built)?.pop()) else {
            return true;
        };
        twins.push((run.source.to_string(), other));
        false
    });
    problem_of(&twins).into_iter().collect()
}

/// One line for all of them: whoever keeps both forms has them of every run.
fn problem_of(twins: &[(String, String)]) -> Option<Problem> {
    let ((source, other), more) = twins.split_first()?;
    let message = match more.len() {
        0 => format!("is the same run as {other}, in another form: it is counted once"),
        more => format!(
            "is the same run as {other}, in another form, as are {more} more logs: each run is \
                counted once"
        ),
    };
    Some(super::problem(source, message))
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

#[cfg(test)]
mod tests {
    use super::problem_of;

    #[test]
    fn many_runs_in_two_forms_are_told_in_one_line() {
        let twins = |n: usize| vec![("run-1.json".to_owned(), "run-1.log".to_owned()); n];
        let said = |n| problem_of(&twins(n)).map(|problem| problem.message).unwrap_or_default();
        assert_eq!(said(0), "");
        assert!(said(1).contains("run-1.log"));
        assert!(said(9).contains("as are 8 more logs"));
    }
}
