//! What is new since the job ran last, and what is gone.

use super::record::Found;
use crate::finding::Finding;
use crate::render::{Gone, News, Report};

/// Compares what was found with what was found before; `None` where there is nothing to compare
/// with.
pub(super) fn of(report: &Report, before: Option<&[Found]>) -> Option<News> {
    let before = before?;
    let runs = report.study.runs.iter().filter(|run| run.earlier.is_some()).count();
    let names: Vec<String> = report.findings.iter().map(Finding::fingerprint).collect();
    let known = |name: &&String| before.iter().any(|found| found.fingerprint == **name);
    // What the project hides is there, and not gone.
    let hidden = |found: &Found| {
        report.hidden.iter().any(|hidden| hidden.finding.fingerprint() == found.fingerprint)
    };
    let gone = before.iter().filter(|found| !names.contains(&found.fingerprint) && !hidden(found));
    Some(News {
        runs,
        new: names.iter().filter(|name| !known(name)).cloned().collect(),
        gone: gone
            .map(|found| Gone { rule: found.rule.clone(), title: found.title.clone() })
            .collect(),
    })
}
