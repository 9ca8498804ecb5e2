//! Imports of which a terminal shows that they failed, and not why.
//!
//! ` => ERROR importing cache manifest from r.example.com/app:cache   0.2s` is also how every cache
//! begins: its reference is not there yet.

use super::META;
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::Transfer;
use crate::rules::Study;
use crate::rules::past::{self, Past, cost, end};
use crate::rules::remedy::reference;

/// A run that got nothing from its cache, and does not say why.
struct SilentFailure<'a> {
    at: usize,
    import: &'a Transfer,
    name: &'a str,
}

pub(super) fn findings(study: &Study) -> Vec<Finding> {
    past::judge(study, finding)
}

/// The newest run is one of them, and its reference was there, or should have been.
fn finding(past: &Past) -> Option<Finding> {
    let all: Vec<SilentFailure> = (0..past.len()).filter_map(|at| failure(past, at)).collect();
    let newest = all.last().filter(|one| one.at + 1 == past.len())?;
    let read = (0..newest.at).rev().find_map(|at| read(past, at, newest.name));
    let since = |one: &&SilentFailure| read.map_or(one.at > 0, |(at, _)| one.at > at);
    let cold: Vec<&SilentFailure> = all.iter().filter(since).collect();
    // Without a run that read it, two runs after one that stored a cache.
    if read.is_none() && (cold.len() < 2 || !stores_before(past, cold.first()?.at)) {
        return None;
    }
    let other_each = all.len() > 2 && names(&all).len() == all.len();
    let runs = cold.iter().map(|one| one.at);
    let steps = runs.clone().filter_map(|at| past.builds.get(at)).flat_map(|build| &build.steps);
    Some(Finding {
        rule: META.id,
        severity: Severity::Warning,
        confidence: Confidence::Suspected,
        title: title(newest.name, other_each, read.is_some()),
        cause: cause(newest.name, other_each, read.is_some()),
        evidence: Proof::from_lines(lines(past, read, &cold))?.seen_in(past.places(runs)),
        fix: fix(newest.name, other_each),
        impact: cost(steps, cold.len()),
        rules_out: vec![
            not_ruled_out(
                "a reference that is not there, rights that are missing, a registry that is down",
            ),
            to_decide("build with `--progress=plain`: it prints the answer of the registry"),
        ],
        subject: newest.name.to_owned(),
    })
}

/// The run that read it, and the newest three that could not.
fn lines(past: &Past, read: Option<(usize, &Transfer)>, cold: &[&SilentFailure]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    if let Some((at, import)) = read
        && let Some((run, _)) = past.get(at)
    {
        lines.push(end(run, import, "an earlier run read it"));
    }
    for one in cold.iter().rev().take(3).rev() {
        let run = past.get(one.at).map(|(run, _)| run);
        lines.extend(run.map(|run| Study::quote(run, &one.import.header, "the import fails")));
    }
    lines
}

fn title(name: &str, other_each: bool, read: bool) -> String {
    if other_each {
        return format!(
            "each run imports its cache under another name ({name}), and every import fails"
        );
    }
    let since = if read { ", which an earlier run read," } else { "" };
    format!("the import of {name}{since} fails, and this form of the log does not say why")
}

fn cause(name: &str, other_each: bool, read: bool) -> String {
    if other_each {
        return format!(
            "Every run asks for a cache of another name, {name} in the newest, and gets none. A \
                name that is made for one run is a name that no earlier run has written."
        );
    }
    let known = if read {
        "An earlier run imported this reference"
    } else {
        "Each run stores a cache without an error"
    };
    format!(
        "{known}, and the newest run cannot import {name}: it starts cold. The progress of a \
            terminal shows that an import failed, and leaves out why."
    )
}

fn fix(name: &str, other_each: bool) -> Fix {
    let mut steps = Vec::new();
    if other_each {
        steps.push(format!(
            "Import and export one name that stays, such as {}:buildcache.",
            reference::repository(name)
        ));
    }
    steps.push(
        "Build with `--progress=plain` (or `BUILDKIT_PROGRESS=plain`): it prints what the \
            registry answers."
            .to_owned(),
    );
    let summary = if other_each {
        "give the cache one name for all runs"
    } else {
        "build with --progress=plain, which prints why the import fails"
    };
    Fix { summary: summary.to_owned(), steps, ..Fix::default() }
}

/// Nothing was imported, and nothing tells why.
fn failure<'a>(past: &Past<'a>, at: usize) -> Option<SilentFailure<'a>> {
    let imports = past.imports(at);
    let silent = |import: &&Transfer| import.error.as_deref().is_some_and(|e| e.trim().is_empty());
    if imports.is_empty() || !imports.iter().all(silent) {
        return None;
    }
    let (hits, total) = past.counts(at)?;
    let import = imports.first().copied()?;
    let name = import.reference.as_deref()?;
    (hits == 0 && total > 0).then_some(SilentFailure { at, import, name })
}

/// The import of the reference, where this run got it.
fn read<'a>(past: &Past<'a>, at: usize, name: &str) -> Option<(usize, &'a Transfer)> {
    let same = |import: &&Transfer| {
        import.ok() && import.reference.as_deref().is_some_and(|read| reference::same(read, name))
    };
    past.imports(at).into_iter().find(same).map(|import| (at, import))
}

/// A run before this one stored a cache.
fn stores_before(past: &Past, at: usize) -> bool {
    past.builds.iter().take(at).any(|build| build.exports.iter().any(Transfer::ok))
}

fn names<'a>(all: &[SilentFailure<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = all.iter().map(|one| one.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
