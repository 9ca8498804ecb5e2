//! One run in two forms: the log as the client printed it, and the JSON status of the same build, or
//! what `docker buildx history logs` prints of it.
//!
//! They name the same image by its digest, which holds the time of every step that was executed.

use std::hash::{DefaultHasher, Hash, Hasher};

use foldhash::HashMap;

use crate::model::{Dialect, Outcome, Problem, Run};

/// Leaves all but one form of a run out.
pub(super) fn leave_out(runs: &mut Vec<Run>) -> Vec<Problem> {
    let mut twins = leave_out_json(runs);
    twins.extend(leave_out_printed(runs));
    problem_of(&twins).into_iter().collect()
}

/// Of two logs that printed one run in different forms the one of the job stays, which tells more.
fn leave_out_printed(runs: &mut Vec<Run>) -> Vec<(String, String)> {
    let mut homes: HashMap<u64, usize> = HashMap::default();
    let mut poorer: HashMap<usize, usize> = HashMap::default();
    for (at, run) in runs.iter().enumerate() {
        let Some(built) = took(run).filter(|_| executed(run) && !is_json(run)) else { continue };
        let Some(&other) = homes.get(&built) else {
            homes.insert(built, at);
            continue;
        };
        if runs.get(other).is_none_or(|other| form(other) == form(run)) {
            continue;
        }
        let richer = runs.get(other).is_some_and(|other| told(other) >= told(run));
        let (stays, goes) = if richer { (other, at) } else { (at, other) };
        homes.insert(built, stays);
        poorer.insert(goes, stays);
    }
    let name = |at: usize| runs.get(at).map_or_else(String::new, |run| run.source.to_string());
    let mut twins: Vec<(usize, usize)> = poorer.iter().map(|(at, other)| (*at, *other)).collect();
    twins.sort_unstable();
    let twins = twins.into_iter().map(|(at, other)| (name(at), name(other))).collect();
    let mut at = 0..;
    runs.retain(|_| at.next().is_none_or(|at| !poorer.contains_key(&at)));
    twins
}

/// What was built, and how long each step took, in tenths of a second as all forms print it: builds
/// that make the same bytes each time do not take the same times.
fn took(run: &Run) -> Option<u64> {
    let mut hash = DefaultHasher::new();
    built(run)?.hash(&mut hash);
    let steps = run.builds.iter().flat_map(|build| &build.steps);
    for step in steps.filter(|step| step.outcome == Outcome::Miss) {
        step.seconds.map(|seconds| (seconds * 10.0).round().to_bits()).hash(&mut hash);
    }
    Some(hash.finish())
}

/// What tells apart how a run was printed: by whom, and by which client. Logs of one form are of
/// runs of their own.
fn form(run: &Run) -> Option<(Option<&'static str>, Dialect, bool)> {
    let build = run.builds.first()?;
    Some((run.ci, build.dialect, build.driver.is_some()))
}

/// How much a log tells beside the build.
fn told(run: &Run) -> (bool, bool, u64) {
    (run.commit.is_some(), !run.commands.is_empty(), run.lines)
}

/// Some step took a while, so that another run would take another time: two runs that took all from
/// the cache, or only copied, may make one image in the same tenths of a second.
fn executed(run: &Run) -> bool {
    let mut steps = run.builds.iter().flat_map(|build| &build.steps);
    steps.any(|s| s.outcome == Outcome::Miss && s.seconds.is_some_and(|seconds| seconds >= 1.0))
}

/// Leaves the JSON form of a run out where the printed one is there too.
fn leave_out_json(runs: &mut Vec<Run>) -> Vec<(String, String)> {
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
    twins
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
    use crate::pipeline::{Options, run_in_memory};
    use crate::source::Entry;

    const BUILD: &str = "\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
#2 [2/2] RUN make
#2 DONE 41.3s
#3 exporting to image
#3 writing image sha256:0f0e0d0c0b0a0908070605040302010000112233445566778899aabbccddeeff done
#3 DONE 0.1s
";

    fn runs(logs: [&str; 2]) -> usize {
        let name = |n: usize| format!("run-{n}.log");
        let files = logs.iter().zip(1..).map(|(log, n)| Entry::in_memory(&name(n), log.as_bytes()));
        run_in_memory(files, &Options::default()).study.runs.len()
    }

    #[test]
    fn the_log_of_a_job_and_what_the_builder_keeps_of_it_are_one_run() {
        let job = |line: &str| {
            format!("{line}#0 building with \"default\" instance using docker driver\n{BUILD}")
        };
        assert_eq!(runs([&job(""), BUILD]), 1);
        // Logs of one form are of runs of their own, whatever image they name.
        assert_eq!(runs([&job(""), &job("once more\n")]), 2);
    }

    #[test]
    fn many_runs_in_two_forms_are_told_in_one_line() {
        let twins = |n: usize| vec![("run-1.json".to_owned(), "run-1.log".to_owned()); n];
        let said = |n| problem_of(&twins(n)).map(|problem| problem.message).unwrap_or_default();
        assert_eq!(said(0), "");
        assert!(said(1).contains("run-1.log"));
        assert!(said(9).contains("as are 8 more logs"));
    }
}
