//! JSON status of runs that store a local cache and find none. The warning that tells why is the
//! client's, on standard error, and no part of the status.

use super::{META, fix, writes};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::{Build, CacheKind, Dialect};
use crate::rules::past::{Past, cost, end, header};

pub(super) fn finding(past: &Past) -> Option<Finding> {
    let writing: Vec<usize> =
        (0..past.len()).filter(|&i| past.builds.get(i).is_some_and(|b| writes(b))).collect();
    let again = writing.iter().any(|&i| i > 0 && !past.losses(i).is_empty());
    let called = past.all_commands().next().is_some();
    let asked = past.all_commands().any(|command| !command.cache_from.is_empty());
    if writing.len() < 2 || !again || (called && !asked) || !past.never_imports() {
        return None;
    }
    if !past.builds.iter().all(|build| is_cold_status(build)) {
        return None;
    }
    Some(Finding {
        rule: META.id,
        severity: Severity::Warning,
        confidence: Confidence::Suspected,
        title: format!("{} runs store a local cache, and none imports one", writing.len()),
        cause: "Each run writes its cache to a directory, and no run reads one: the directory is \
            not there in the next run, or the build does not ask for it."
            .to_owned(),
        evidence: Proof::from_lines(lines(past, &writing))?
            .seen_in(past.places(writing.iter().copied())),
        fix: Fix {
            summary: "keep the directory between runs, and import it".to_owned(),
            ..fix("DIR")
        },
        impact: cost(
            writing.iter().skip(1).filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps),
            writing.len() - 1,
        ),
        rules_out: vec![
            not_ruled_out("a build without `--cache-from type=local`"),
            to_decide(
                "what the client printed beside the status: `local cache import at … skipped` says \
                    that the directory is missing",
            ),
        ],
        subject: past.subject("local"),
    })
}

/// Nothing came from a cache, nor from a builder that is kept.
fn is_cold_status(build: &Build) -> bool {
    build.dialect == Dialect::BuildkitRawjson && build.hits() == 0 && build.warnings.is_empty()
}

fn lines(past: &Past, writing: &[usize]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for &i in writing.iter().rev().take(2).rev() {
        let Some((run, build)) = past.get(i) else { continue };
        if i > 0 {
            lines.extend(build.decided().next().map(|step| header(run, step, "ran again")));
        }
        let export = build.exports.iter().find(|export| export.kind == CacheKind::Local);
        lines.extend(export.map(|export| end(run, export, "a cache is stored")));
    }
    lines
}
