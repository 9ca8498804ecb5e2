//! Runs that get through all their steps and never through their cache export.

use super::META;
use crate::finding::{
    Confidence, Evidence, Finding, Fix, LogPlace, Proof, Severity, not_ruled_out, ruled_out,
    to_decide,
};
use crate::model::{Build, BuildOutcome, CacheKind, Dialect, Outcome, Run, Transfer};
use crate::rules::Study;
use crate::rules::backend::cost_of;
use crate::rules::remedy::builder::CREATE_NEWEST;
use crate::series::Series;

/// Fewer runs may each have been cancelled by a newer one.
const RUNS: usize = 2;

pub(super) fn finding(study: &Study, series: &Series) -> Option<Finding> {
    let members: Vec<(&Run, &Build)> = study.members(series).collect();
    let stuck = members.iter().rev().take_while(|(_, build)| export(build).is_some()).count();
    let runs = members.get(members.len().saturating_sub(stuck)..).filter(|_| stuck >= RUNS)?;
    let quote = |(run, build): &(&Run, &Build)| -> Option<Evidence> {
        Some(Study::quote(run, &export(build)?.header, "begins, and nothing ends it"))
    };
    let (_, last) = runs.last()?;
    Some(Finding {
        rule: META.id,
        severity: Severity::Error,
        confidence: if stuck > RUNS { Confidence::Likely } else { Confidence::Suspected },
        title: format!("{stuck} runs in a row do not get through their cache export"),
        cause: "All steps are done, the cache export begins, and the log ends in it: the job was \
            stopped while it waited. BuildKit before 0.25 can work on `preparing build cache for \
            export` for hours, or for ever, when the records of the cache refer to each other in a \
            circle; each import and export makes such a cache larger."
            .to_owned(),
        evidence: Proof::from_lines(runs.iter().rev().take(4).rev().filter_map(quote).collect())?
            .seen_in(runs.iter().map(|(run, build)| LogPlace::of(run, build))),
        fix: fix(),
        impact: cost_of(runs.iter().map(|(_, build)| *build)),
        rules_out: vec![
            ruled_out("a step that is too slow (all of them ended)"),
            not_ruled_out("runs that a newer commit cancelled, or logs that were cut"),
            to_decide(
                "the times in the log: how long the export had run, and the builder's version",
            ),
        ],
        subject: last.exports.first().map_or("", |export| export.kind.name()).to_owned(),
    })
}

/// The export in which the log ends.
fn export(build: &Build) -> Option<&Transfer> {
    let cut = matches!(build.outcome, BuildOutcome::Unknown | BuildOutcome::Canceled);
    let done = |outcome| matches!(outcome, Outcome::Hit | Outcome::Miss);
    let all_done = !build.steps.is_empty() && build.steps.iter().all(|step| done(step.outcome));
    // Others push each layer by itself.
    let own = matches!(build.dialect, Dialect::Kaniko | Dialect::Buildah | Dialect::Classic);
    if !cut || !all_done || build.tangled || own {
        return None;
    }
    let open = |export: &&Transfer| !export.ended && export.error.is_none();
    build.exports.iter().filter(|export| export.kind != CacheKind::Inline).find(open)
}

fn fix() -> Fix {
    Fix {
        summary: "use BuildKit 0.25 or newer, and start the cache anew once".to_owned(),
        steps: vec![
            "BuildKit 0.25 has a new cache exporter, which has no such circles (`moby/buildkit` \
                issues 3299 and 6008, pull request 6129)."
                .to_owned(),
            "Delete the cache's tag, scope or directory once, or write to a new one: an old cache \
                may hold such records."
                .to_owned(),
            "Until then: `mode=min` leaves most records out, and a time limit for the step ends a \
                job that hangs."
                .to_owned(),
        ],
        snippet: Some(CREATE_NEWEST.to_owned()),
        ..Fix::default()
    }
}
