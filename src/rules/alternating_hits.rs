//! Hits and total misses take turns, and no cause is established.

use super::past::{self, Past, cost, end, header};
use super::{Cause, Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out,
};
use crate::model::{Build, CacheKind};

pub(super) struct AlternatingHits;

static META: RuleMeta = RuleMeta {
    id: "alternating-hits",
    title: "runs take turns between a warm and a cold cache",
    group: "Hits only every second run",
    severity: Severity::Warning,
    what: "At least two runs import the cache without error, or begin so late that their logs do \
        not show it, and find nothing, not even steps that no source change can reach, while a run \
        between them used it.",
    why: "Half of the builds are cold. Known causes are the engine's inline cache bug, a reference \
        shared by several builds, and caches deleted between runs; the logs given do not say \
        which.",
    fix: "Give the logs of all jobs that use the reference, with their command lines; check which \
        Docker Engine runs the builds.",
    rules_out: "Every cause that has a rule of its own: if one of those is found, this rule \
        reports nothing.",
    limits: "It names no cause: several fit these logs. It needs at least two cold runs with a \
        warm one between them.",
    example: include_str!("examples/alternating-hits.txt"),
    references: &["https://github.com/moby/buildkit/issues/2274"],
    since: "0.1.0",
};

impl Rule for AlternatingHits {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[
            Cause::Rule("inline-cache-lost-every-second-run"),
            Cause::Rule("inline-cache-never-exported"),
            Cause::Rule("cache-ref-shared"),
            Cause::Rule("image-without-inline-cache"),
            Cause::Rule("cache-ref-is-image"),
        ]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, finding)
    }
}

/// Runs that found nothing, and cannot blame a change for it.
fn cold(past: &Past) -> Vec<usize> {
    let lost = |i: &usize| {
        let nothing = past.counts(*i).is_some_and(|(hits, total)| hits == 0 && total > 0);
        nothing
            && (past.imported(*i) || begins_late(past, *i))
            && !past.final_losses(*i).is_empty()
            && !past.asked_for_no_cache(*i)
    };
    (1..past.len()).filter(lost).collect()
}

/// The log was cut in front, and shows no import: it may have been above.
fn begins_late(past: &Past, i: usize) -> bool {
    past.imports(i).is_empty() && past.builds.get(i).is_some_and(|build| build.headless)
}

fn finding(past: &Past) -> Option<Finding> {
    let cold = cold(past);
    let (first, end) = (*cold.first()?, *cold.last()?);
    let warm_between = (first..end).any(|i| past.builds.get(i).is_some_and(|b| b.hits() > 0));
    if !warm_between || past.is_over(&cold) {
        return None;
    }
    let last = past.last()?.1;
    let cut = cold.iter().any(|&i| begins_late(past, i));
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Suspected,
        title: format!(
            "{} of {} runs found nothing in a cache that other runs use",
            cold.len(),
            past.len()
        ),
        cause: format!(
            "{}, the base image has the same digest, and steps that no change of the source can \
                reach ran again. These logs do not show what empties the cache between the runs.",
            if cut { "The logs begin after the imports" } else { "The import reports no error" }
        ),
        evidence: Proof::from_lines(lines(past, &cold))?.seen_in(past.places(cold.iter().copied())),
        fix: fix(last, cut),
        impact: cost(
            cold.iter().filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps),
            cold.len(),
        ),
        rules_out: open_causes(last, cut),
        subject: last.imports.first().map_or_else(
            || past.subject("cache"),
            |i| i.reference.as_deref().unwrap_or_default().to_owned(),
        ),
    })
}

/// GitHub's service has scopes, and limits of its own.
fn is_of_github(build: &Build) -> bool {
    !build.imports.is_empty() && build.imports.iter().all(|import| import.kind == CacheKind::Gha)
}

fn fix(build: &Build, cut: bool) -> Fix {
    let gha = is_of_github(build);
    let mut steps = Vec::new();
    if cut {
        steps
            .push("Give the logs from their first line on: they show what is imported.".to_owned());
    }
    steps.push(format!(
        "Give the logs of all jobs that write this {} in one call: builds that share it are then \
            named.",
        if gha { "scope" } else { "reference" }
    ));
    if gha {
        steps.push(
            "Look at the repository's caches (`gh cache list`): above 10 GB, GitHub removes the \
                oldest ones, and those that were not used for 7 days."
                .to_owned(),
        );
    }
    if build.inline.is_some() {
        steps.push(
            "Check which engine runs the builds (`docker version`): 20.10 to 26.1 have an \
                inline-cache bug that looks like this."
                .to_owned(),
        );
    }
    if !gha {
        steps.push(
            "Check whether the registry deletes tags or untagged manifests between the runs."
                .to_owned(),
        );
    }
    let what =
        if gha { "scope between the runs, or removes it" } else { "reference between the runs" };
    Fix { summary: format!("find out who writes the {what}"), steps, ..Fix::default() }
}

fn open_causes(build: &Build, cut: bool) -> Vec<Alternative> {
    let mut open = vec![not_ruled_out(causes_of_a_loss(build))];
    if cut {
        open.push(not_ruled_out(
            "imports that failed above the beginning of the logs, and machines that keep caches of \
                their own",
        ));
    }
    open
}

fn causes_of_a_loss(build: &Build) -> &'static str {
    match (is_of_github(build), build.inline.is_some()) {
        (true, _) => {
            "a shared scope, and caches that GitHub removed (its limits are 10 GB and 7 days)"
        }
        (false, true) => {
            "a shared reference, the engine's inline cache bug, and content that the registry lost"
        }
        (false, false) => "a shared reference, and content that the registry lost",
    }
}

fn lines(past: &Past, cold: &[usize]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for &i in cold.iter().rev().take(3).rev() {
        let Some((run, _)) = past.get(i) else { continue };
        lines.extend(
            past.imports(i)
                .into_iter()
                .find(|t| t.ok())
                .map(|t| end(run, t, "imported without error")),
        );
        lines.extend(
            past.final_losses(i)
                .first()
                .map(|l| header(run, l.step, "ran again, though nothing it depends on changed")),
        );
    }
    lines
}
