//! Backends that keep caches apart by a scope or name: an import of one that nobody wrote ends as
//! well as any other, so only the command lines show the mismatch.

use std::collections::BTreeSet;

use super::META;
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, not_ruled_out};
use crate::model::{CacheSpec, Command};
use crate::rules::Study;
use crate::rules::backend::cost_of;
use crate::rules::cache_ref_shared::scope;
use crate::rules::past::{Past, header};

/// One finding for each series that writes a scope and looks for another.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let everybody: BTreeSet<String> =
        study.runs.iter().flat_map(|run| written(&run.commands)).collect();
    Past::all(study).filter_map(|past| finding(&past, &everybody)).collect()
}

fn finding(past: &Past, everybody: &BTreeSet<String>) -> Option<Finding> {
    let first = (0..past.len()).find(|i| past.exported(*i))?;
    let missed: Vec<usize> = (first + 1..past.len()).filter(|i| past.imported(*i)).collect();
    // Whoever finds something is read by somebody, and a change of sources explains a cold run as
    // well.
    let cold = |i: &usize| {
        past.builds.get(*i).is_some_and(|b| b.hits() == 0) && !past.losses(*i).is_empty()
    };
    if missed.is_empty() || !missed.iter().all(cold) {
        return None;
    }
    let (from, to) = apart(past.commands(*missed.last()?))?;
    let read: BTreeSet<String> =
        missed.iter().flat_map(|i| names(past.commands(*i), |c| &c.cache_from)).collect();
    if read.iter().any(|name| everybody.contains(name)) {
        return None;
    }
    let (named, written_to) = (scope(from)?, scope(to)?);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if each_its_own(past) { Confidence::Proven } else { Confidence::Likely },
        title: format!("the cache is written to {written_to} and imported from {named}"),
        cause: "Each run stores a cache under one name and looks for it under another. Such an \
            import ends without an error where nothing was ever written."
            .to_owned(),
        evidence: Proof::from_lines(lines(past, &missed))?
            .seen_in(past.places(missed.iter().copied())),
        fix: fix(from, to),
        impact: cost_of(missed.iter().filter_map(|i| past.builds.get(*i).copied())),
        rules_out: vec![not_ruled_out(format!(
            "a job whose log is not given may write {named} \
            (then it holds nothing of use, as no step came from it)"
        ))],
        subject: named,
    })
}

/// The import and the export of a build, where they name two things.
fn apart(commands: &[Command]) -> Option<(&CacheSpec, &CacheSpec)> {
    let from = commands.iter().flat_map(|c| &c.cache_from).find(|spec| scope(spec).is_some())?;
    let to = commands.iter().flat_map(|c| &c.cache_to).find(|spec| spec.kind() == from.kind())?;
    (scope(from) != scope(to)).then_some((from, to))
}

fn names<'a>(
    commands: &'a [Command],
    of: impl Fn(&'a Command) -> &'a Vec<CacheSpec> + 'a,
) -> impl Iterator<Item = String> + 'a {
    commands.iter().flat_map(of).filter_map(scope)
}

fn written(commands: &[Command]) -> impl Iterator<Item = String> {
    names(commands, |c| &c.cache_to)
}

/// No two runs write one scope: what a run stores, the next cannot even mean.
fn each_its_own(past: &Past) -> bool {
    let all: Vec<BTreeSet<String>> =
        (0..past.len()).map(|i| written(past.commands(i)).collect()).collect();
    let mut seen = BTreeSet::new();
    all.iter().all(|names| !names.is_empty() && names.iter().all(|name| seen.insert(name)))
}

fn lines(past: &Past, missed: &[usize]) -> Vec<Evidence> {
    missed.iter().take(4).filter_map(|i| lines_of(past, *i)).flatten().collect()
}

/// The command line of a run, and the first step that it did not find.
fn lines_of(past: &Past, i: usize) -> Option<Vec<Evidence>> {
    let (run, _) = past.get(i)?;
    let command = past.commands(i).iter().rfind(|c| !c.cache_to.is_empty())?;
    let asked =
        Study::quote(run, command.line_with("--cache-to"), "imports one and writes another");
    let loss = past.losses(i).into_iter().next();
    let ran =
        loss.map(|loss| header(run, loss.step, "ran again, though nothing it depends on changed"));
    Some(std::iter::once(asked).chain(ran).collect())
}

fn fix(from: &CacheSpec, to: &CacheSpec) -> Fix {
    let kept = |(key, value): &(String, String)| match from.get(key) {
        Some(value) if matches!(key.as_str(), "scope" | "name") => format!("{key}={value}"),
        _ => format!("{key}={value}"),
    };
    let export: Vec<String> = to.attributes.iter().map(kept).collect();
    Fix {
        summary: "use one name for import and export".to_owned(),
        steps: vec![
            "Write the same `scope=` (`name=` of s3 and azblob) in the import and in the export."
                .to_owned(),
            "Keep anything that changes from run to run out of it: GitHub keeps the caches of \
                branches apart by itself, and an export replaces the one before."
                .to_owned(),
        ],
        snippet: Some(format!("cache-from: {}\ncache-to: {}", from.raw, export.join(","))),
        ..Fix::default()
    }
}
