//! Copies with `--link` that came from the cache, though the log prints them as done.
//!
//! Such a step is the copy and its merge with what stands below it, shown as one; the merge is
//! executed on every new parent and prints `DONE` for both. The config of the image holds the time
//! of every step: where it is that of an earlier build, no step of the final stage was executed in
//! between.

use super::{BuildRef, Series, chain};
use crate::model::{Outcome, Run, StepKind};

/// Marks these steps as hits.
pub fn settle(runs: &mut [Run], series: &[Series]) {
    for one in series {
        let pairs = one.builds.iter().zip(one.builds.iter().skip(1));
        for (before, at) in pairs {
            if has_the_image_of(runs, *before, *at) {
                mark(runs, *at);
            }
        }
    }
}

fn has_the_image_of(runs: &[Run], before: BuildRef, at: BuildRef) -> bool {
    let config = |at: BuildRef| runs.get(at.run)?.builds.get(at.build)?.config.as_deref();
    config(at).is_some() && config(at) == config(before)
}

fn mark(runs: &mut [Run], at: BuildRef) {
    let Some(build) = runs.get_mut(at.run).and_then(|run| run.builds.get_mut(at.build)) else {
        return;
    };
    let Some(last) = chain::final_stage(build).map(str::to_owned) else { return };
    let steps = build.steps.iter_mut().filter(|step| step.kind == StepKind::Counted);
    for step in steps.filter(|step| step.outcome == Outcome::Miss && step.stage == last.as_str()) {
        if step.operation().is_link() {
            step.outcome = Outcome::Hit;
        }
    }
}
