//! A build stage that is rebuilt as a whole while the final stage comes from the cache: the
//! signature of a cache that stores the final stage only.
//!
//! A helper of two rules; which kind of cache it was is for them.

mod proof;

use std::collections::BTreeSet;

use super::dockerfile_at::DockerfileAt;
use super::past::{Past, header, verdict};
use super::{RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Impact, Proof, Severity};
use crate::model::{Outcome, Step};
use crate::series::chain::{self, Input, Stage};

/// The stages that were rebuilt from their first step on, in one run.
pub(super) struct Rebuilt<'a> {
    /// Index of the run.
    pub(super) at: usize,
    /// The stages.
    pub(super) stages: Vec<Stage<'a>>,
    /// A step of the final stage that came from the cache.
    pub(super) hit: &'a Step,
    /// Compared with an earlier run; a lone log cannot be.
    pub(super) compared: bool,
}

/// Words of a rule for its finding.
pub(super) struct Words {
    pub(super) meta: &'static RuleMeta,
    pub(super) severity: Severity,
    pub(super) store: &'static str,
    pub(super) fix: Fix,
    pub(super) subject: String,
    pub(super) written: Option<Evidence>,
    /// The kind of cache is known to hold the final stage only.
    pub(super) certain: bool,
}

/// Runs of the series that show it. A stage that is ever partly cached is stored, and shows nothing.
pub(super) fn rebuilt<'a>(past: &Past<'a>) -> Vec<Rebuilt<'a>> {
    let stored = chain::stored_stages(past.builds.iter().copied());
    (0..past.len()).filter_map(|i| in_run(past, i, &stored)).collect()
}

/// The finding for these runs.
pub(super) fn finding(past: &Past, seen: &[Rebuilt], words: Words) -> Option<Finding> {
    let last = seen.last()?;
    let compared = seen.iter().any(|r| r.compared);
    let names: BTreeSet<&str> = seen.iter().flat_map(|r| r.stages.iter().map(|s| s.name)).collect();
    let names: Vec<String> = names.into_iter().map(|n| format!("`{n}`")).collect();
    let stage = if names.len() == 1 { "stage" } else { "stages" };
    let file = proof::of(past, last);
    let proven = compared && words.certain && file.as_ref().is_some_and(|file| proof::decides(past, file, seen));
    let mut evidence = lines(past, seen, words.written);
    evidence.extend(file.iter().flat_map(|file| proof::lines(file, last)));
    let of = if past.len() > 1 { format!(" (in {} of {} runs)", seen.len(), past.len()) } else { String::new() };
    Some(Finding {
        rule: words.meta.id,
        severity: words.severity,
        confidence: match (compared, proven) {
            (_, true) => Confidence::Proven,
            (true, false) => Confidence::Likely,
            (false, false) => Confidence::Suspected,
        },
        title: format!(
            "{stage} {} rebuilt from the start: {} stores the final stage only{of}",
            names.join(", "),
            words.store
        ),
        cause: format!(
            "As soon as anything in {stage} {} changes, all its steps run again, those before the change included, while steps of the final stage come from the cache. {} keeps only the layers of the final image; a run in which nothing changed shows every step CACHED and hides it.",
            names.join(", "),
            sentence(words.store)
        ),
        evidence: Proof::from_lines(evidence)?,
        fix: words.fix,
        impact: cost(seen),
        rules_out: rules_out(past, last, compared, file.as_ref()),
        subject: words.subject,
    })
}

fn in_run<'a>(past: &Past<'a>, i: usize, stored: &BTreeSet<(&str, &str)>) -> Option<Rebuilt<'a>> {
    let (_, build) = past.get(i)?;
    let last = chain::final_stage(build)?;
    if !past.imported(i) || past.asked_for_no_cache(i) || build.steps.iter().all(|s| s.stage == last) {
        return None;
    }
    let hit = build.decided().find(|s| s.stage == last && s.outcome == Outcome::Hit)?;
    let losses = past.losses(i);
    let lone = past.len() == 1;
    let unexplained = |stage: &Stage| {
        let compared = losses.iter().any(|l| l.stage.name == stage.name && l.stage.platform == stage.platform);
        compared
            || (lone && stage.steps.first().is_some_and(|s| matches!(chain::input(s), Input::None | Input::Values)))
    };
    let stages: Vec<Stage> = chain::inner_stages(build)
        .into_iter()
        .filter(|s| chain::all_missed(s) && !stored.contains(&(s.name, s.platform)) && unexplained(s))
        .collect();
    let rebuilt = Rebuilt { at: i, stages, hit, compared: !lone };
    let rebuilt = proof::without_image(past, rebuilt);
    (!rebuilt.stages.is_empty()).then_some(rebuilt)
}

fn cost(seen: &[Rebuilt]) -> Impact {
    super::past::cost(seen.iter().flat_map(|r| &r.stages).flat_map(|s| s.steps.iter().copied()), seen.len())
}

fn lines(past: &Past, seen: &[Rebuilt], written: Option<Evidence>) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for one in seen.iter().rev().take(2).rev() {
        let Some((run, build)) = past.get(one.at) else { continue };
        for stage in &one.stages {
            let shows = if one.compared {
                "ran again, though nothing it depends on changed"
            } else {
                "the first step of its stage ran"
            };
            let first = stage.steps.first().map(|s| header(run, s, shows));
            lines.extend(first);
            lines.extend(
                build
                    .base_of(stage.name, stage.platform)
                    .filter(|_| one.compared)
                    .map(|b| Study::quote(run, &b.quote, "same base image as before")),
            );
        }
        lines.push(verdict(run, one.hit, "of the final stage came from the cache"));
    }
    lines.extend(written);
    lines
}

fn rules_out(past: &Past, last: &Rebuilt, compared: bool, file: Option<&DockerfileAt>) -> Vec<String> {
    let import = past.imports(last.at).iter().any(|t| t.ok());
    let mut said = Vec::new();
    if import {
        said.push("cache not found: no, the import ended without error and the final stage used it".to_owned());
    }
    if compared {
        said.push("base image of the stage changed: no, same digest as in the run before".to_owned());
    } else {
        said.push(
            "one log cannot exclude that the stage's base image changed: the log of the run before would decide it"
                .to_owned(),
        );
    }
    let first = last.stages.first().and_then(|s| s.steps.first());
    let values = |step: &Step| proof::takes_values(past, file, last.at, step);
    if let Some(step) = first.filter(|s| chain::input(s) == Input::Values && values(s)) {
        said.push(format!(
            "a build argument that `{}` does not show can also rerun it; compare the build arguments of the runs",
            step.text
        ));
    }
    said.push(match file {
        Some(file) => format!(
            "layers of the stage in the image: no, {} copies files out of it, and no FROM leads to it",
            file.config.path
        ),
        None => "the Dockerfile would prove which stages there are".to_owned(),
    });
    said
}

fn sentence(store: &str) -> String {
    let mut letters = store.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
