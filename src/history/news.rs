//! What is new since the job ran last, and what is gone.

use std::collections::BTreeSet;

use super::record::Found;
use crate::finding::Finding;
use crate::render::{GoneFinding, News, Report};

/// Compares what was found with what was found before; `None` where there is nothing to compare
/// with.
pub(super) fn of(report: &Report, before: Option<&[Found]>) -> Option<News> {
    let before = before?;
    let runs = report.study.runs.iter().filter(|run| run.earlier.is_some()).count();
    let known: BTreeSet<&str> = before.iter().flat_map(Found::names).collect();
    let is_new =
        |finding: &&Finding| !finding.fingerprints().all(|name| known.contains(name.as_str()));
    // What the project hides is there, and not gone.
    let hidden = report.hidden.iter().map(|hidden| &hidden.finding);
    let there: BTreeSet<String> =
        report.findings.iter().chain(hidden).flat_map(Finding::fingerprints).collect();
    let gone = before.iter().filter(|found| !found.names().any(|name| there.contains(name)));
    Some(News {
        runs,
        new: report.findings.iter().filter(is_new).map(Finding::fingerprint).collect(),
        gone: gone
            .map(|found| GoneFinding { rule: found.rule.clone(), title: found.title.clone() })
            .collect(),
    })
}
