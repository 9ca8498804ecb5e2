//! The builder lost count of steps that several builds share, and fails one of them.

use super::META;
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Impact, LogPlace, Proof, Severity, ruled_out,
};
use crate::model::{Build, Run};
use crate::rules::Study;

/// `failed to solve: failed to compute cache key: failed to get state for index 0 on [web 3/9]
/// COPY …` (`solver/jobs.go`), `failed to solve: failed to get edge: inconsistent graph state`
/// (`solver/scheduler.go`).
const WORDS: [&str; 2] = ["failed to get state for index ", "inconsistent graph state"];

/// The newest build of each series.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for series in &study.series {
        let Some((run, build)) = study.members(series).last() else { continue };
        let Some(line) = fault(run, build) else { continue };
        if found.iter().all(|known| known.subject != *run.label) {
            found.extend(finding(run, build, line));
        }
    }
    found
}

fn fault(run: &Run, build: &Build) -> Option<Evidence> {
    let said = |text: &str| WORDS.iter().any(|words| text.contains(words));
    let error = build.errors.iter().find(|error| said(&error.text))?;
    Some(Study::quote(run, error, "the builder's own bookkeeping fails, and no step"))
}

fn finding(run: &Run, build: &Build, line: Evidence) -> Option<Finding> {
    Some(Finding {
        rule: META.id,
        severity: Severity::Error,
        confidence: Confidence::Likely,
        title: "the build fails because the builder lost track of a step that builds share"
            .to_owned(),
        cause: "BuildKit solves equal steps of builds and targets that run at once only once, and \
            here one of them was let go while another still needed it. It is a race in the \
            builder: neither the step nor the stored cache is at fault."
            .to_owned(),
        evidence: Proof::from_lines(vec![line])?.seen_in([LogPlace::of(run, build)]),
        fix: Fix {
            summary: "run again, with a newer builder".to_owned(),
            steps: vec![
                "Run the job again: what was built stays in the builder's cache.".to_owned(),
                "Use a newer builder: several such races were mended (`moby/buildkit` pull \
                    requests 3953 and 4285)."
                    .to_owned(),
                "Until then build targets that share steps one after the other, or each job with a \
                    builder of its own, and none with `--no-cache` beside others."
                    .to_owned(),
            ],
            ..Fix::default()
        },
        impact: Impact::default(),
        rules_out: vec![ruled_out("a file that is missing (that error names the file)")],
        subject: run.label.to_string(),
    })
}
