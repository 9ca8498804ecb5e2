//! The configuration: a cache in a directory of a machine that is new in each run, and nothing
//! carries it on.

use super::{META, fix};
use crate::finding::{Evidence, Finding, Severity, not_ruled_out};
use crate::model::{CacheKind, CacheSpec};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{At, patch};

/// The finding of a build.
pub(super) fn finding(at: At) -> Option<Finding> {
    let command = &at.place.command;
    let of = |spec: &&CacheSpec| spec.kind() == CacheKind::Local;
    let (from, to) = (command.cache_from.iter().find(of)?, command.cache_to.iter().find(of)?);
    let (source, target) = (from.get("src")?, to.get("dest")?);
    let other = command.cache_from.iter().any(|spec| spec.kind() != CacheKind::Local);
    if !at.place.fresh || other || is_named_elsewhere(at, source) || is_named_elsewhere(at, target)
    {
        return None;
    }
    let words = Words {
        title: format!("the cache in {source} stays on the machine, which is new in each run"),
        cause: format!(
            "The build stores its cache in {target} and looks for it in {source}. The machine is \
                new in each run, and nothing else in the file names the directory: no cache of the \
                CI carries it on, so the import finds nothing."
        ),
        fix: patch::refused(fix(source), at, "which of the two ways fits is yours to say"),
        rules_out: vec![not_ruled_out(
            "an action or script that is not in this file may carry the directory on",
        )],
        subject: source.to_owned(),
    };
    let lines = [at.evidence_of(&to.raw, "is exported"), at.evidence_of(&from.raw, "is imported")];
    let mut lines: Vec<Evidence> = lines.into_iter().flatten().collect();
    lines.dedup_by(|a, b| a.line == b.line);
    planned::finding(&META, Severity::Warning, lines, words)
}

/// A line that is none of cache options names the directory, or one above it: whatever it does, it
/// may carry it on.
fn is_named_elsewhere(at: At, directory: &str) -> bool {
    let parts: Vec<&str> = directory.trim_end_matches('/').rsplit('/').collect();
    let Some(name) = parts.iter().find(|part| !part.is_empty() && !matches!(**part, "." | ".."))
    else {
        return true;
    };
    let stem = name.trim_end_matches("-new").trim_end_matches("-old");
    let above = parts.iter().skip(1).filter(|part| part.len() > 3 && **part != "tmp");
    let names: Vec<&str> = std::iter::once(stem).chain(above.copied()).collect();
    let option = |line: &str| line.contains("type=local");
    let texts =
        std::iter::once(at.config.body()).chain(at.config.others.iter().map(String::as_str));
    let mut others = texts.flat_map(str::lines).filter(|line| !option(line));
    others.any(|line| names.iter().any(|name| line.contains(name)))
}
