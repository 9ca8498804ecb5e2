//! An import in which the log ends: the job was stopped while it waited for the cache.

use super::META;
use crate::finding::{
    Confidence, Finding, Fix, Impact, LogPlace, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::{Build, CacheKind, Dialect, Run, Transfer};
use crate::rules::Study;
use crate::rules::remedy::reference;

/// A note for each reference.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for (at, run) in study.runs.iter().enumerate() {
        for build in &run.builds {
            let Some((import, name)) = unended(run, build) else { continue };
            let later = study.runs.iter().skip(at);
            let known = found.iter().any(|known| known.subject == name);
            if !known && !later.flat_map(|run| &run.builds).any(|build| reads(build, name)) {
                found.extend(finding(run, build, import, name));
            }
        }
    }
    found
}

/// The import that is the last thing the builder was at. Before the caches are there it begins no
/// step: `#6 importing cache manifest from r.example.com/app:c`, and then `ERROR: failed to build:
/// failed to solve: Canceled: context canceled`.
fn unended<'a>(run: &Run, build: &'a Build) -> Option<(&'a Transfer, &'a str)> {
    let shown = matches!(build.dialect, Dialect::BuildkitPlain | Dialect::BuildkitRawjson);
    let begun = run.together(build).iter().any(|other| !other.steps.is_empty());
    if !shown || begun || build.succeeded() || build.tangled {
        return None;
    }
    let import = build.imports.iter().find(|import| !import.ended && import.error.is_none())?;
    Some((import, import.reference.as_deref()?))
}

/// The reference answered this build.
fn reads(build: &Build, name: &str) -> bool {
    let same = |import: &Transfer| {
        import.reference.as_deref().is_some_and(|read| reference::same(read, name))
    };
    build.imports.iter().any(|import| import.ended && same(import))
}

fn finding(run: &Run, build: &Build, import: &Transfer, name: &str) -> Option<Finding> {
    let last = build.errors.first();
    let ends = last.map(|error| Study::quote(run, error, "and so the build ends"));
    let begins = Study::quote(run, &import.header, "begins, and nothing ends it");
    Some(Finding {
        rule: META.id,
        severity: Severity::Note,
        confidence: Confidence::Suspected,
        title: format!("the build was stopped while it imported the cache {name}"),
        cause: "The import begins, nothing ends it, and no step was begun: BuildKit asks for the \
            caches first. A cache that takes the connection and does not answer holds up the \
            whole build there, until the job's time limit ends it."
            .to_owned(),
        evidence: Proof::from_lines(std::iter::once(begins).chain(ends).collect())?
            .seen_in([LogPlace::of(run, build)]),
        fix: Fix {
            summary: "see whether the cache answers the machine that builds".to_owned(),
            steps: vec![
                "Ask it from that machine for the same reference; an answer, be it `not found`, \
                    must come at once."
                    .to_owned(),
                "Until it does, build without this `--cache-from`.".to_owned(),
            ],
            snippet: (import.kind == CacheKind::Registry)
                .then(|| format!("docker buildx imagetools inspect {name}")),
            ..Fix::default()
        },
        impact: Impact::default(),
        rules_out: vec![
            not_ruled_out("a job that was cancelled just then, or a log that was cut"),
            to_decide("the times in the log: how long the import had run, and what ended the job"),
        ],
        subject: name.to_owned(),
    })
}
