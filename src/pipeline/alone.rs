//! Logs without a build: what is said of them, alone and beside configuration in which something is
//! found.

use crate::finding::Finding;
use crate::model::{Command, Problem, Run, Tool};
use crate::rules::Study;

/// Findings of the configuration alone would be taken for what the logs say.
pub(super) fn without_build(study: &Study, findings: &[Finding]) -> Option<Problem> {
    let first = study.runs.first()?;
    let of_log = |finding: &Finding| {
        finding.evidence.iter().any(|line| study.runs.iter().any(|r| r.source == line.source))
    };
    if findings.is_empty() || findings.iter().any(of_log) || !study.runs.iter().all(says_nothing) {
        return None;
    }
    let others = study.runs.len() - 1;
    let others = if others > 0 { format!(", nor in {others} more") } else { String::new() };
    let message =
        format!("no Docker build in it{others}; what is found is about the configuration alone");
    Some(super::problem(&first.source, message))
}

/// Names the lines that call a build, where no log holds what one printed: `docker build -q` prints
/// the digest of the image and no step.
pub(super) fn name_silent_builds(runs: &mut [Run]) {
    if !runs.iter().all(says_nothing) {
        return;
    }
    for run in runs {
        let call = run.commands.iter().find(|call| call.tool != Tool::BuildxCreate);
        if let Some(call) = call
            && run.problems.is_empty()
        {
            run.problems.push(silent(run, call));
        }
    }
}

fn silent(run: &Run, call: &Command) -> Problem {
    let message = "a build is called here, and nothing that it prints is in the log: build with \
        --progress=plain, without -q, and do not send the output elsewhere";
    let line = Some(call.quote.line);
    Problem { source: run.source.to_string(), line, message: message.to_owned() }
}

fn says_nothing(run: &Run) -> bool {
    run.builds.is_empty() && run.ci_caches.is_empty()
}
