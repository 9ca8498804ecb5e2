//! What other builds of one log left for a build: other services of compose, or the build of the
//! tests before that of the image. A step that one of them ran came from a cache that may have been
//! empty when the log began.

use crate::model::{Build, Outcome, Run, Step};

/// Builds that are looked at.
const NEAREST: usize = 32;

/// A step came from the cache that no other build of the log had just made.
pub(super) fn has_hits(run: &Run, build: &Build, last: Option<(&Run, &Build)>) -> bool {
    build.steps.iter().any(|step| step.outcome == Outcome::Hit && !ran(run, build, step, last))
}

/// Another build of the log, begun after the last one of the series and no later than this one, ran
/// the step.
fn ran(run: &Run, build: &Build, step: &Step, last: Option<(&Run, &Build)>) -> bool {
    let here = last.filter(|(before, _)| std::ptr::eq(*before, run));
    let since = here.map_or(0, |(_, before)| before.line);
    let upto = run.builds.partition_point(|other| other.invocation <= build.invocation);
    let is_same = |other: &Step| {
        other.outcome == Outcome::Miss
            && other.position == step.position
            && other.text == step.text
            && other.is_of(&step.stage, &step.platform)
    };
    let nearest = run.builds.iter().take(upto).rev().take(NEAREST);
    nearest
        .filter(|other| !std::ptr::eq(*other, build) && other.line > since)
        .any(|other| other.steps.iter().any(is_same))
}
