//! Logs without a build, beside configuration in which something is found.

use crate::finding::Finding;
use crate::model::{Problem, Run};
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

fn says_nothing(run: &Run) -> bool {
    run.builds.is_empty() && run.ci_caches.is_empty()
}
