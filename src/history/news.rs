//! What is new since the job ran last, and what is gone.

use super::record::Found;
use crate::finding::Finding;
use crate::render::{Gone, News};

/// Compares what was found with what was found before; `None` where there is nothing to compare with.
pub(super) fn of(findings: &[Finding], before: Option<&[Found]>, runs: usize) -> Option<News> {
    let before = before?;
    let names: Vec<String> = findings.iter().map(Finding::fingerprint).collect();
    let known = |name: &String| before.iter().any(|found| found.fingerprint == *name);
    let gone = before.iter().filter(|found| !names.contains(&found.fingerprint));
    Some(News {
        runs,
        new: names.iter().filter(|name| !known(name)).cloned().collect(),
        gone: gone.map(|found| Gone { rule: found.rule.clone(), title: found.title.clone() }).collect(),
    })
}
