//! Each run deletes the image of the build stage that the next run would find.

use super::past::{Past, cost, header, verdict};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, Severity, ruled_out};
use crate::model::{Build, Dialect, Outcome, Step};
use crate::series::chain::{self, Stage};

pub(super) struct LegacyStagePruned;

static META: RuleMeta = RuleMeta {
    id: "legacy-stage-pruned",
    title: "an image prune deletes the build stage that the next run needs",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "The log of the classic builder ends with `docker image prune`, which deletes an image \
        that the same log prints under a step of its own, and in the next run a build stage runs \
        from its first step on although the final stage comes from the cache.",
    why: "A build stage without a name of its own is an image without a tag, which is what `docker \
        image prune` deletes; its layers are the classic builder's cache. The final stage keeps \
        its tag, so its steps hit.",
    fix: "Give the build stage a name before the prune: `docker build --target STAGE -t NAME`, or \
        prune with `--filter until=…`, or build with BuildKit, whose cache an image prune does not \
        touch.",
    rules_out: "A prune that deletes nothing of this build (images whose tag moved, other \
        builds'); runs whose build stage came from the cache after it; a changed base image; \
        `--no-cache`; BuildKit.",
    limits: "What another job on the same machine deletes is not seen.",
    example: include_str!("examples/legacy-stage-pruned.txt"),
    references: &["https://docs.docker.com/reference/cli/docker/image/prune/"],
    since: "0.1.0",
};

impl Rule for LegacyStagePruned {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        Past::all(study).filter_map(|past| finding(&past)).collect()
    }
}

/// A run that lacks what the run before deleted.
struct Lacking<'a> {
    at: usize,
    steps: Vec<&'a Step>,
}

fn finding(past: &Past) -> Option<Finding> {
    let lacking: Vec<Lacking> = (1..past.len()).filter_map(|i| lacking(past, i)).collect();
    let last = lacking.last()?;
    let stage = stage_of(last.steps.first()?);
    let steps = || lacking.iter().flat_map(|l| l.steps.iter().copied());
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "{stage} runs again after each image prune: its image has no name and is \
            deleted"
        ),
        cause: "The build stage leaves an image without a tag. `docker image prune` at the end of \
            the run deletes it, and with it all that the classic builder keeps of the stage, so \
            the next run builds it from the start."
            .to_owned(),
        evidence: Proof::from_lines(
            lacking.iter().rev().take(2).rev().flat_map(|l| lines(past, l)).collect(),
        )?
        .seen_in(past.places(lacking.iter().map(|one| one.at))),
        fix: fix(last.steps.first()?),
        impact: cost(steps(), lacking.len()),
        rules_out: vec![
            ruled_out(
                "changed sources or another base image (the first steps of the stage read no \
                files, and ran again on the same base)",
            ),
            ruled_out(
                "images that only lost their tag (the deleted one is printed under a step of \
                the same run)",
            ),
        ],
        subject: stage,
    })
}

fn stage_of(step: &Step) -> String {
    if step.stage.is_empty() {
        "the build stage".to_owned()
    } else {
        format!("stage `{}`", step.stage)
    }
}

fn lacking<'a>(past: &Past<'a>, i: usize) -> Option<Lacking<'a>> {
    let (_, build) = past.get(i).filter(|(_, b)| b.dialect == Dialect::Classic)?;
    let before: &Build = past.builds.get(past.previous(i)?)?;
    before.pruned.as_ref()?;
    let last = chain::final_stage(build)?;
    let kept = build.decided().any(|s| s.stage == last && s.outcome == Outcome::Hit);
    if !kept || past.asked_for_no_cache(i) {
        return None;
    }
    let ran =
        |stage: &Stage| stage.name != last && chain::all_missed(stage) && same_text(stage, before);
    let stages = chain::stages(build).into_iter().filter(ran);
    let steps: Vec<&Step> = stages.flat_map(|stage| stage.steps).collect();
    (!steps.is_empty()).then_some(Lacking { at: i, steps })
}

/// The stage began as it does now.
fn same_text(stage: &Stage, before: &Build) -> bool {
    let first = stage.steps.first();
    first.is_some_and(|step| {
        before.steps.iter().any(|s| s.stage == step.stage && s.text == step.text)
    })
}

fn lines(past: &Past, lacking: &Lacking) -> Vec<Evidence> {
    let before = past.previous(lacking.at).and_then(|before| past.get(before));
    let pruned = before.and_then(|(run, build)| Some((run, build.pruned.as_deref()?)));
    let mut lines: Vec<Evidence> = pruned
        .into_iter()
        .map(|(run, quote)| Study::quote(run, quote, "an image of this very build is deleted"))
        .collect();
    let Some((run, build)) = past.get(lacking.at) else { return lines };
    lines.extend(lacking.steps.first().map(|step| header(run, step, "ran again in the next run")));
    let kept = chain::final_stage(build)
        .and_then(|last| build.decided().find(|s| s.stage == last && s.outcome == Outcome::Hit));
    lines.extend(
        kept.map(|step| verdict(run, step, "came from the cache: the final image has a name")),
    );
    lines
}

fn fix(step: &Step) -> Fix {
    let stage = if step.stage.is_empty() { "STAGE" } else { &step.stage };
    Fix {
        summary: "give the build stage a name, or prune less".to_owned(),
        steps: vec![
            "Build the stage under a name of its own first: a named image is not pruned."
                .to_owned(),
            "Or keep recent images: `docker image prune -f --filter until=168h`.".to_owned(),
            "Or build with BuildKit (DOCKER_BUILDKIT=1): an image prune does not touch its cache."
                .to_owned(),
        ],
        snippet: Some(format!(
            "docker build --target {stage} -t NAME-{stage} .\ndocker build -t NAME .\ndocker image \
                prune -f --filter until=168h"
        )),
        cost: "the stage's image stays on the machine".to_owned(),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::Quote;

    fn run(stage: bool, pruned: bool) -> Made {
        let build = made().stage("build").from("golang:1.22", "aa");
        let build = if stage {
            build.hit("RUN tools").hit("RUN make")
        } else {
            build.miss("RUN tools").miss("RUN make")
        };
        let build = build
            .stage("stage-1")
            .from("alpine:3.20", "bb")
            .hit("RUN apk add a")
            .hit("COPY --from=build /a /a");
        build.with(|b| {
            b.dialect = Dialect::Classic;
            let line = || Box::new(Quote { line: 900, text: "deleted: sha256:0a".into() });
            b.pruned = pruned.then(line);
        })
    }

    fn check(runs: Vec<Made>) -> Vec<Finding> {
        LegacyStagePruned.check(&of(runs))
    }

    #[test]
    fn leaves_prunes_that_cost_nothing_and_stages_that_ran_without_one() {
        assert!(check(vec![run(false, true), run(true, true)]).is_empty());
        assert!(check(vec![run(false, false), run(false, false)]).is_empty());
        assert!(check(vec![run(false, true)]).is_empty());
    }
}
