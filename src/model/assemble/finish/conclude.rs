//! How a build ended, and what only all of its vertices together tell.

use super::Segment;
use crate::model::{Build, BuildOutcome, CacheKind, Engine, Outcome, Step, StepKind};

/// A log is cut where something in it never came to its end.
pub(super) fn conclude(build: &mut Build, cut: bool) {
    if let Some(inline) = build.exports.iter().find(|e| e.kind == CacheKind::Inline) {
        build.inline = build.inline.take().or_else(|| Some(inline.header.clone()));
    }
    if build.driver.as_deref().is_some_and(|d| d != "docker") {
        build.engine = Engine::Buildkitd;
    } else if build.driver.is_some() && build.engine == Engine::Buildkitd {
        build.engine = Engine::Containerd;
    }
    mark_fetches(&mut build.steps);
    let canceled = build.steps.iter().any(|s| s.outcome == Outcome::Canceled);
    let open = build.steps.iter().any(|s| s.outcome == Outcome::Unknown);
    let failed = !build.errors.is_empty() || build.steps.iter().any(|s| s.outcome == Outcome::Failed);
    build.outcome = match () {
        () if failed => BuildOutcome::Failed,
        () if canceled => BuildOutcome::Canceled,
        () if open || cut => BuildOutcome::Unknown,
        () => BuildOutcome::Succeeded,
    };
}

/// `ADD https://…` has two vertices of one name; the first fetches and is never cached.
fn mark_fetches(steps: &mut [Step]) {
    for at in 0..steps.len() {
        let Some((before, from)) = steps.split_at_mut_checked(at) else { return };
        let Some(add) = from.first().filter(|step| step.instruction == "ADD") else { continue };
        before.iter_mut().filter(|step| step.name == add.name).for_each(|step| step.kind = StepKind::Fetch);
    }
}

/// `load metadata for node:20@sha256:…` names the FROM as it is written; the FROM line has a digest always.
pub(super) fn mark_pinned(build: &mut Build, segment: &Segment) {
    let names = segment.vertices.values().flat_map(|v| &v.names);
    let written: Vec<&str> = names.filter_map(|(name, _)| loaded(name)).collect();
    for base in &mut build.bases {
        let digest = base.digest.as_deref().unwrap_or_default();
        base.pinned = !digest.is_empty() && written.iter().any(|name| name.ends_with(digest));
    }
}

/// `[internal] load metadata for …`, `[web internal] load metadata for …`
fn loaded(name: &str) -> Option<&str> {
    name.strip_prefix('[')?.split_once(']')?.1.strip_prefix(" load metadata for ")
}
