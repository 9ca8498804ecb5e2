//! Inline cache in a build of several stages: it holds the final stage only.

use super::past::Past;
use super::planned;
use super::remedy::{self, At, Site};
use super::unstored_stage::{self, Rebuilt, StageWords};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Finding, Severity, to_decide};
use crate::model::CacheKind;

pub(super) struct InlineCacheMultiStage;

static META: RuleMeta = RuleMeta {
    id: "inline-cache-multi-stage",
    title: "the inline cache stores the final stage only",
    group: "Multi-stage and inline",
    severity: Severity::Error,
    what: "In a build of several stages with an inline cache, a change in a build stage reruns all \
        steps of that stage, including those before the change, while steps of the final stage \
        come from the cache; or, where the final stage begins with a copy out of that stage, such \
        a run takes nothing from the cache. In the configuration, where no log tells more: an \
        inline cache, and a Dockerfile with stages that are no part of the image.",
    why: "Inline cache metadata describes the layers of the image, and layers of build stages are \
        not in the image. Nothing of them can be found again, so the expensive part of the build \
        runs on every change.",
    fix: "Store every stage: a registry cache with mode=max, written by a docker-container \
        builder. It holds all stages and grows accordingly.",
    rules_out: "Changed base images and instructions of the stage, failed imports, stages that are \
        sometimes partly cached (then they are stored), `--no-cache`. If no step of the final \
        stage can be found, several such runs are needed, or one such run and one that came from \
        the cache as a whole. With the docker driver such a pair of runs is not enough: dockerd \
        has bugs of its own with inline caches. A Dockerfile given with --config makes it proven \
        where nothing else can have rerun the stage: no ARG or ENV reaches its first step, the \
        builder was new, and nobody else writes the cache.",
    limits: "Without a Dockerfile the stages are read from the steps. Runs in which nothing \
        changed show every step CACHED and prove nothing.",
    example: include_str!("examples/inline-cache-multi-stage.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/registry/",
        "https://docs.docker.com/build/cache/backends/inline/",
        "https://github.com/moby/buildkit/issues/3660",
    ],
    since: "0.1.0",
};

impl Rule for InlineCacheMultiStage {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        unstored_stage::check(study, finding, written)
    }
}

fn finding(past: &Past) -> Option<Finding> {
    if past.builds.iter().all(|b| b.inline.is_none()) {
        return None;
    }
    let mut seen = unstored_stage::rebuilt(past);
    seen.retain(|r| {
        past.builds.get(r.at).is_some_and(|b| {
            b.inline.is_some() && b.exports.iter().all(|e| e.kind == CacheKind::Inline)
        })
    });
    let last = seen.last()?;
    let (run, build) = past.get(last.at)?;
    let site = Site::of(past.study, run, build);
    let written =
        build.inline.as_ref().map(|q| Study::quote(run, q, "the cache is written into the image"));
    let words = StageWords {
        meta: &META,
        severity: severity(&seen),
        store: "the inline cache",
        fix: remedy::registry_max(&site),
        subject: site.imports.first().cloned().unwrap_or(site.image),
        written,
        certain: true,
    };
    unstored_stage::finding(past, &seen, words)
}

/// The configuration alone: an inline cache is written and read, and the Dockerfile has inner
/// stages.
fn written(study: &Study, at: At) -> Option<Finding> {
    let command = &at.place.command;
    let other = command.cache_to.iter().any(|spec| spec.kind() != CacheKind::Inline);
    // An inline cache is read out of an image.
    let of_image = |kind| matches!(kind, CacheKind::Registry | CacheKind::Unknown);
    let reads = command.cache_from.iter().any(|spec| of_image(spec.kind()));
    if !command.inline() || other || !reads {
        return None;
    }
    let inner = planned::inner(study, at)?;
    let site = Site::written(at);
    let words = planned::Words {
        title: format!("the inline cache will never hold {}", inner.described()),
        cause: format!(
            "The build asks for an inline cache, which stores the layers of the image only. {} {} \
                not part of the image, {}.",
            inner.names(),
            if inner.stages.len() == 1 { "is" } else { "are" },
            inner.effect()
        ),
        fix: remedy::registry_max(&site),
        rules_out: vec![to_decide(planned::COSTS)],
        subject: site.imports.first().cloned().unwrap_or(site.image),
    };
    let lines = at.evidence("an inline cache is asked for").into_iter().chain(inner.evidence());
    planned::finding(&META, inner.severity(META.severity), lines.collect(), words)
}

/// See `rules_out`: hits of the final stage show that the cache is written and read, whoever wrote
/// it.
fn severity(seen: &[Rebuilt]) -> Severity {
    if seen.iter().any(|rebuilt| rebuilt.compared) { META.severity } else { Severity::Warning }
}
