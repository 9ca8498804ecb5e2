//! The configuration: a cache in a directory of a machine that is new in each run, and nothing
//! carries it on; or it is written beside the directory that is carried on.

use super::{META, fix};
use crate::config::Side;
use crate::finding::{Evidence, Finding, Fix, Severity, not_ruled_out};
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
    if let Some(found) = left_beside(at, from, to) {
        return Some(found);
    }
    if !at.place.machine.fresh
        || other
        || is_named_elsewhere(at, source)
        || is_named_elsewhere(at, target)
    {
        return None;
    }
    let words = Words {
        title: format!("the cache in {source} stays on the machine, which is new in each run"),
        cause: format!(
            "The build stores its cache in {target} and looks for it in {source}. The machine is \
                new in each run, and nothing else in the file names the directory: no cache of the \
                CI keeps it, so the import finds nothing."
        ),
        fix: patch::refused(fix(source), at, "which of the two ways fits is your decision"),
        rules_out: vec![not_ruled_out(
            "an action or script that is not in this file may keep the directory",
        )],
        subject: source.to_owned(),
    };
    let lines = [
        at.evidence_of_spec(to, Side::To, "is exported"),
        at.evidence_of_spec(from, Side::From, "is imported"),
    ];
    let mut lines: Vec<Evidence> = lines.into_iter().flatten().collect();
    lines.dedup_by(|a, b| a.line == b.line && a.source == b.source);
    lines.extend(at.call("runs it on a new machine"));
    planned::finding(&META, Severity::Warning, lines, words)
}

/// `--cache-to type=local,dest=DIR-new`, and DIR is what the CI's cache restores and saves: the
/// step that moves the one into the place of the other is missing.
fn left_beside(at: At, from: &CacheSpec, to: &CacheSpec) -> Option<Finding> {
    let (source, target) = (from.get("src")?, to.get("dest")?);
    let kept = at.place.kept.iter().find(|kept| kept.holds(source))?;
    let places = at.config.content.places.iter();
    let written = |spec: &CacheSpec| spec.get("dest") == Some(source);
    if source == target
        || source.contains('$')
        || places.flat_map(|place| &place.command.cache_to).any(written)
        || is_named(at, &parts_apart(target, source)?)
        || is_moved_to(at, last_part(source)?)
    {
        return None;
    }
    let words = Words {
        title: format!("the cache is written to {target} and never moved to {source}"),
        cause: format!(
            "The CI's cache restores and saves {source}, and that is where the build looks. The \
                build stores its cache in {target}, and nothing in the file moves it there: what \
                is saved under the key is what was restored, or nothing at all."
        ),
        fix: move_it(source, target, at.ci()),
        rules_out: vec![not_ruled_out(
            "an action or script that is not in this file may move the directory",
        )],
        subject: target.to_owned(),
    };
    let key = at.key_of(kept, &format!("this cache keeps {source}"));
    let lines = [
        at.evidence_of_spec(to, Side::To, "is exported"),
        at.evidence_of_spec(from, Side::From, "is imported"),
        key,
    ];
    let mut lines: Vec<Evidence> = lines.into_iter().flatten().collect();
    lines.dedup_by(|a, b| a.line == b.line && a.source == b.source);
    // Where another cache is imported beside it, that one serves the build.
    let other = at.place.command.cache_from.iter().any(|spec| spec.kind() != CacheKind::Local);
    let severity = if other { Severity::Note } else { Severity::Warning };
    planned::finding(&META, severity, lines, words)
}

fn move_it(source: &str, target: &str, ci: Option<&str>) -> Fix {
    let step = match ci {
        Some("github-actions") => "- name: Move cache\n  run: |\n    ",
        Some("azure-pipelines") => "- bash: |\n    ",
        _ => "",
    };
    let next = step.rsplit('\n').next().unwrap_or_default();
    Fix {
        summary: format!("move {target} into the place of {source} after the build"),
        steps: vec![
            "Add the step after the build, in the same job: the CI's cache is saved at the job's \
                end."
                .to_owned(),
            "A registry cache (`type=registry`) needs no directory and no CI cache.".to_owned(),
        ],
        snippet: Some(format!("{step}rm -rf {source}\n{next}mv {target} {source}")),
        ..Fix::default()
    }
}

/// The name of the directory itself.
fn last_part(directory: &str) -> Option<&str> {
    let mut parts = directory.trim_end_matches('/').rsplit('/');
    parts.find(|part| !part.is_empty() && !matches!(*part, "." | ".."))
}

/// A line that is none of cache options names the directory, or one above it: whatever it does, it
/// may carry it on.
fn is_named_elsewhere(at: At, directory: &str) -> bool {
    let Some(mut parts) = parts_of(directory) else { return true };
    if let Some(name) = parts.first_mut() {
        *name = name.trim_end_matches("-new").trim_end_matches("-old");
    }
    is_named(at, &parts)
}

/// Names in the path of a directory that are not in that of another one: of
/// `/tmp/layers-new/web` and `/tmp/layers/web` it is `layers-new` that is moved.
fn parts_apart<'a>(directory: &'a str, other: &str) -> Option<Vec<&'a str>> {
    let mut parts = parts_of(directory)?;
    if parts.iter().any(|part| !other.split('/').any(|its| its == *part)) {
        parts.retain(|part| !other.split('/').any(|its| its == *part));
    }
    Some(parts)
}

/// The name of the directory, and of those above it that say something: what moves one of these
/// moves it too.
fn parts_of(directory: &str) -> Option<Vec<&str>> {
    let name = last_part(directory)?;
    let above = directory.trim_end_matches('/').rsplit('/').skip(1);
    Some(std::iter::once(name).chain(above.filter(|part| part.len() > 3)).collect())
}

/// A line that is none of cache options, and makes no empty directory, has one of these words.
fn is_named(at: At, names: &[&str]) -> bool {
    let idle = |line: &str| line.contains("type=local") || is_mkdir(line);
    let texts = at.texts().chain(at.config.others.iter().map(String::as_str));
    let mut others = texts.flat_map(str::lines).filter(|line| !idle(line));
    others.any(|line| names.iter().any(|name| begins_in(line, name)))
}

/// `- run: mkdir -p /tmp/layers`, and nothing behind it.
fn is_mkdir(line: &str) -> bool {
    let command = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '@'));
    let command = command.strip_prefix("run:").unwrap_or(command).trim_start();
    command.starts_with("mkdir ") && !command.contains(['&', ';', '|'])
}

/// `mv /tmp/layers{-new,}`
fn is_moved_to(at: At, name: &str) -> bool {
    let mut lines = at.texts().flat_map(str::lines);
    lines.any(|line| line.contains("mv ") && begins_in(line, name))
}

/// `.buildx-cache` is another directory than `buildx-cache`.
fn begins_in(line: &str, name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    line.match_indices(name).any(|(at, _)| !line.get(..at).is_some_and(|l| l.ends_with(inside)))
}
