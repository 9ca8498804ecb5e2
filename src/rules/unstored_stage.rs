//! A build stage that is rebuilt as a whole though a cache is read and written: the signature of a
//! cache that stores the final stage only. Plainest where steps of the final stage come from the
//! cache in the same run; where none can, see `copied`.
//!
//! A helper of two rules; which kind of cache it was is for them.

mod arguments;
mod copied;
mod proof;
mod wording;

use std::collections::BTreeSet;

use super::past::{self, Loss, Past, cost};
use super::planned;
use super::remedy::At;
use super::{RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, Severity, capitalised};
use crate::model::{Build, Outcome, Step};
use crate::series::chain::{self, Input, Stage};
use crate::series::standing;

/// The stages that were rebuilt from their first step on, in one run.
pub(super) struct Rebuilt<'a> {
    /// Index of the run.
    pub(super) at: usize,
    /// The stages.
    pub(super) stages: Vec<Stage<'a>>,
    /// The final stage.
    last: &'a str,
    /// A step of it that came from the cache; none where the stage begins with a copy out of a
    /// rebuilt one.
    hit: Option<&'a Step>,
    /// Compared with an earlier run; a single log cannot be.
    pub(super) compared: bool,
    /// The first step of each stage is a RUN that an argument or option which is not shown may have
    /// rerun.
    pub(super) open: bool,
}

/// Words of a rule for its finding.
pub(super) struct StageWords {
    pub(super) meta: &'static RuleMeta,
    pub(super) severity: Severity,
    pub(super) store: &'static str,
    pub(super) fix: Fix,
    pub(super) subject: String,
    pub(super) written: Option<Evidence>,
    /// The kind of cache is known to hold the final stage only.
    pub(super) certain: bool,
}

/// What the logs show, and what is written in places of the configuration that they leave open.
pub(super) fn check(
    study: &Study,
    seen: impl Fn(&Past) -> Option<Finding>,
    written: impl Fn(&Study, At) -> Option<Finding>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut open = planned::Open::of(study);
    let found = past::judge(study, |past| seen(past));
    for whole in Past::all(study) {
        let newest = whole.newest().unwrap_or(whole);
        open.close(&newest, |newest| !stored(newest).is_empty() || seen(newest).is_some());
    }
    findings.extend(found);
    // kaniko and buildah store the layers of all stages.
    open.places.retain(|at| planned::flow::is_buildkit(*at));
    findings.extend(open.places.into_iter().filter_map(|at| written(study, at)));
    findings
}

/// Runs of the series that show it, those that found the final stage before all others. A stage
/// that is ever partly cached is stored, and shows nothing.
pub(super) fn rebuilt<'a>(past: &Past<'a>) -> Vec<Rebuilt<'a>> {
    let stored = stored(past);
    let mut seen: Vec<Rebuilt> = (0..past.len()).filter_map(|i| in_run(past, i, &stored)).collect();
    if seen.iter().any(|r| r.hit.is_some()) {
        seen.retain(|r| r.hit.is_some());
    }
    seen
}

/// No run found anything of the final stage.
pub(super) fn is_blind(seen: &[Rebuilt]) -> bool {
    seen.iter().all(|r| r.hit.is_none())
}

/// The finding for these runs.
pub(super) fn finding(past: &Past, seen: &[Rebuilt], words: StageWords) -> Option<Finding> {
    let last = seen.last()?;
    let compared = seen.iter().any(|r| r.compared);
    let open = !words.certain && seen.iter().all(|r| r.open);
    let stages = wording::stages(seen);
    let file = proof::of(past, last);
    let proven = compared
        && words.certain
        && file.as_ref().is_some_and(|file| proof::decides(past, file, seen));
    let blind = is_blind(seen).then(|| copied::StoreSigns::of(past, seen, words.certain));
    let mut evidence = wording::lines(past, seen, words.written);
    evidence.extend(blind.iter().filter_map(|case| case.evidence(past)));
    evidence.extend(file.iter().flat_map(|file| proof::lines(file, last)));
    let all = seen.iter().flat_map(|r| &r.stages).flat_map(|s| s.steps.iter().copied());
    let of = wording::of_runs(past, seen.len());
    Some(Finding {
        rule: words.meta.id,
        severity: blind.as_ref().map_or(words.severity, |case| case.severity(words.severity)),
        confidence: match (&blind, compared, proven) {
            (Some(case), ..) => case.confidence(),
            (None, _, true) => Confidence::Proven,
            (None, true, false) if open => Confidence::Suspected,
            (None, true, false) => Confidence::Likely,
            (None, false, false) => Confidence::Suspected,
        },
        title: format!(
            "{stages} rebuilt from the start: {} stores the final stage only{of}",
            words.store
        ),
        cause: format!(
            "As soon as anything in {stages} changes, all its steps run again, including those \
                before the change, {}. {} keeps only the layers of the final image; a run in which \
                nothing changed shows every step CACHED and hides it.",
            if blind.is_some() {
                "and the final stage, which begins with a copy out of it, runs too"
            } else {
                "while steps of the final stage come from the cache"
            },
            capitalised(words.store)
        ),
        evidence: Proof::from_lines(evidence)?.seen_in(past.places(seen.iter().map(|one| one.at))),
        fix: words.fix,
        impact: cost(all, seen.len()),
        rules_out: wording::rules_out(past, seen, compared, file.as_ref(), blind.as_ref()),
        subject: words.subject,
    })
}

/// The final stage begins with a copy out of a stage that ran: nothing of it can come from a cache.
pub(super) fn begins_with_a_copy(past: &Past, i: usize) -> bool {
    let copies = |build| {
        let mut ran = chain::inner_stages(build);
        ran.retain(chain::all_missed);
        chain::final_stage(build).is_some_and(|last| copied::copies(build, last, &ran))
    };
    past.builds.get(i).is_some_and(|build| copies(build))
}

fn stored<'a>(past: &Past<'a>) -> BTreeSet<(&'a str, &'a str)> {
    chain::stored_stages(past.builds.iter().copied())
}

fn in_run<'a>(past: &Past<'a>, i: usize, stored: &BTreeSet<(&str, &str)>) -> Option<Rebuilt<'a>> {
    let (_, build) = past.get(i)?;
    let last = chain::final_stage(build)?;
    if !past.imported(i)
        || past.asked_for_no_cache(i)
        || build.steps.iter().all(|s| s.stage == last)
    {
        return None;
    }
    let single = past.len() == 1;
    let losses = past.losses(i);
    if losses.is_empty() && !single {
        return None;
    }
    if lacks_a_workdir(build, last) {
        return None;
    }
    let mut ran = chain::inner_stages(build);
    ran.retain(chain::all_missed);
    let hit = build.decided().find(|s| s.stage == last && s.outcome == Outcome::Hit);
    if hit.is_none() && !copied::is_blind(past, i, last, &ran) {
        return None;
    }
    // What copies out of the stage was a hit all the same: nothing that the image needs was built
    // again.
    if single && build.decided().filter(|s| s.stage == last).all(|s| s.outcome == Outcome::Hit) {
        return None;
    }
    let of = |stage: &Stage| {
        losses.iter().find(|loss| loss.is_of(stage) && !was_replaced(past, i, loss))
    };
    let immune = |stage: &Stage| {
        let first = stage.steps.first();
        first.is_some_and(|s| matches!(chain::input(s), Input::None | Input::Values))
    };
    ran.retain(|stage| {
        let known = stored.contains(&(stage.name, stage.platform));
        !known && (of(stage).is_some() || (single && immune(stage)))
    });
    let open = !single && ran.iter().all(|stage| of(stage).is_some_and(Loss::may_follow_a_value));
    let standing = ran.iter().flat_map(|stage| standing::on(build, stage.name, stage.platform));
    let standing: Vec<Stage> = standing.filter(|stage| chain::all_missed(stage)).collect();
    for stage in standing {
        let known = |other: &Stage| (other.name, other.platform) == (stage.name, stage.platform);
        let stored = stored.contains(&(stage.name, stage.platform));
        if stage.name != last && !stored && !ran.iter().any(known) {
            ran.push(stage);
        }
    }
    let rebuilt = Rebuilt { at: i, stages: ran, last, hit, compared: !single, open };
    let rebuilt = proof::without_image(past, rebuilt);
    (!rebuilt.stages.is_empty()).then_some(rebuilt)
}

/// A WORKDIR of the final stage ran behind steps that came from the cache: nothing but its text and
/// the step above is in its key, so what is stored of the final stage was of no use either.
fn lacks_a_workdir(build: &Build, last: &str) -> bool {
    let own: Vec<&Step> = build.decided().filter(|step| step.stage == last).collect();
    let Some(first) = own.iter().find(|step| step.outcome == Outcome::Miss) else { return false };
    let is_above = |step: &&Step| step.outcome == Outcome::Hit && step.position < first.position;
    own.iter().copied().any(|step| is_above(&step)) && chain::input(first) == Input::None
}

/// The run before had another step in its place: of two versions that take turns, each replaces
/// what the other one stored.
fn was_replaced(past: &Past, i: usize, loss: &Loss) -> bool {
    let before = past.previous(i).and_then(|before| past.builds.get(before));
    let is_in_place = |step: &Step| {
        step.is_of(&loss.step.stage, &loss.step.platform) && step.position == loss.step.position
    };
    before.is_some_and(|build| {
        build.steps.iter().any(|step| is_in_place(step) && step.text != loss.step.text)
    })
}
