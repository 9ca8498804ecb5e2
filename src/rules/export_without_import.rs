//! A cache is exported in every run, and no run imports one.

mod written;

use super::past::{self, Past, cost, end, header};
use super::planned;
use super::remedy::{self, Site};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Confidence, Evidence, Finding, Impact, Proof, Severity, not_ruled_out, ruled_out,
};
use crate::model::{Build, CacheKind, Dialect, Run};

pub(super) struct ExportWithoutImport;

static META: RuleMeta = RuleMeta {
    id: "export-without-import",
    title: "a cache is exported and never imported",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "Every run exports a cache, no run imports one, and no step ever comes from a cache; a \
        note for a single run, on a new builder, whose command line asks for none. In the \
        configuration: a build that exports a cache and imports none, and no other build of the \
        files given reads that cache.",
    why: "`--cache-to` alone only writes: each run pays for the export and starts cold.",
    fix: "Add `--cache-from` with the same reference.",
    rules_out: "Runs with an import line, whatever its outcome; a local cache that was asked for \
        and is missing; builders that keep their own cache; a single run whose command line is not \
        in the log.",
    limits: "Another job may import what this one stores; with its logs given, this rule reports \
        nothing.",
    example: include_str!("examples/export-without-import.txt"),
    references: &["https://docs.docker.com/build/cache/backends/"],
    since: "0.1.0",
};

impl Rule for ExportWithoutImport {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let seen = past::judge(study, finding);
        let decides = |past: &Past| !past.never_imports() || finding(past).is_some();
        planned::with_undecided(study, seen, decides, written::findings(study))
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let writing: Vec<usize> = (0..past.len()).filter(|&i| past.stored(i)).collect();
    let cold = past.builds.iter().all(|b| b.hits() == 0 && b.warnings.is_empty());
    let asked = past.all_commands().any(|c| !c.cache_from.is_empty());
    let again = writing.iter().any(|&i| i > 0 && !past.losses(i).is_empty());
    // Only the client says that a directory to import is missing, and JSON status has no client.
    let silent = past.all_commands().next().is_none()
        && past.builds.iter().any(|b| {
            b.dialect == Dialect::BuildkitRawjson
                && b.exports.iter().any(|e| e.kind == CacheKind::Local)
        });
    if silent || !cold || asked || !past.never_imports() {
        return None;
    }
    if past.len() == 1 {
        return single_run(past);
    }
    if writing.len() < 2 || !again {
        return None;
    }
    let (run, build) = past.last()?;
    let site = site(past, run, build);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!("{} runs export a cache and none imports it", writing.len()),
        cause: "Each run stores its cache, and no run looks for one: every step runs every time."
            .to_owned(),
        evidence: Proof::from_lines(lines(past, &writing))?
            .seen_in(past.places(writing.iter().copied())),
        fix: remedy::add_import(&site),
        impact: cost(
            writing.iter().skip(1).filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps),
            writing.len() - 1,
        ),
        rules_out: vec![ruled_out(
            "a builder that is kept (steps that nothing can have changed ran again)",
        )],
        subject: site.cache,
    })
}

/// An inline cache is where its image is.
fn site<'a>(past: &Past<'a>, run: &'a Run, build: &'a Build) -> Site<'a> {
    let site = Site::of(past.study, run, build);
    let elsewhere = build.exports.iter().any(|e| e.kind != CacheKind::Inline);
    match build.images.first() {
        Some(image) if !elsewhere && build.inline.is_some() => {
            Site { cache: image.to_string(), ..site }
        }
        _ => site,
    }
}

/// One run on a new builder whose command line stores a cache and asks for none.
fn single_run(past: &Past) -> Option<Finding> {
    if !past.exported(0) {
        return None;
    }
    let (run, build) = past.last()?;
    let booted = build.booted.as_ref()?;
    let command = past.commands(0).first()?;
    let site = Site::of(past.study, run, build);
    let asked = Study::quote(run, &command.quote, "stores a cache and asks for none");
    let new = Study::quote(run, booted, "the builder is created in this run");
    Some(Finding {
        rule: META.id,
        severity: Severity::Note,
        confidence: Confidence::Suspected,
        title: "a cache is exported and none is imported, on a new builder".to_owned(),
        cause: "The builder is new, and the build asks for no cache: every step runs, whatever is \
            stored."
            .to_owned(),
        evidence: Proof::from_lines([asked, new].into_iter().chain(lines(past, &[0])).collect())?,
        fix: remedy::add_import(&site),
        impact: Impact::default(),
        rules_out: vec![not_ruled_out("a job that fills the cache from scratch for other jobs")],
        subject: site.cache,
    })
}

fn lines(past: &Past, writing: &[usize]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for &i in writing.iter().rev().take(2).rev() {
        let Some((run, build)) = past.get(i) else { continue };
        let export = build.exports.iter().find(|e| e.ok() && e.kind != CacheKind::Inline);
        if i > 0 {
            lines.extend(build.decided().next().map(|s| header(run, s, "ran again")));
        }
        if export.is_none() {
            let inline = build.inline.as_ref();
            lines.extend(inline.map(|q| Study::quote(run, q, "a cache is stored with the image")));
        }
        lines.extend(export.map(|e| Study::quote(run, &e.header, "a cache is stored")));
        lines.extend(export.map(|e| end(run, e, "without error")));
    }
    lines
}
