//! Builds of one Dockerfile over all runs, whatever they call their cache and their image's tag.
//!
//! A helper of the rules about caches that are never found: a name that changes with each run must not part the runs
//! that it is compared over.

use super::Study;
use super::remedy::reference;
use crate::model::{Build, Outcome, Run, Step, StepKind};

/// Groups of like builds, each in the order of time.
pub(super) fn groups(study: &Study) -> Vec<Vec<(&Run, &Build)>> {
    let mut groups: Vec<Vec<(&Run, &Build)>> = Vec::new();
    for run in &study.runs {
        for build in run.builds.iter().filter(|build| counted(build).next().is_some()) {
            let like =
                |group: &&mut Vec<(&Run, &Build)>| group.first().is_some_and(|first| alike(*first, (run, build)));
            match groups.iter_mut().find(like) {
                Some(group) => group.push((run, build)),
                None => groups.push(vec![(run, build)]),
            }
        }
    }
    groups
}

/// The same steps, of the same job and target, for an image of the same repository.
fn alike((run, one): (&Run, &Build), (other_run, other): (&Run, &Build)) -> bool {
    run.job == other_run.job
        && one.dialect == other.dialect
        && one.target == other.target
        && steps(one) == steps(other)
        && same_image(one, other)
}

/// In an order that does not depend on which stage was printed first.
fn steps(build: &Build) -> Vec<(&str, &str)> {
    let mut steps: Vec<(&str, &str)> = counted(build).map(|s| (s.stage.as_str(), s.text.as_str())).collect();
    steps.sort_unstable();
    steps
}

fn counted(build: &Build) -> impl Iterator<Item = &Step> {
    build.steps.iter().filter(|s| s.kind == StepKind::Counted)
}

fn same_image(one: &Build, other: &Build) -> bool {
    let (a, b) = (&one.images, &other.images);
    let shared = a.iter().any(|name| b.iter().any(|other| reference::same_repository(name, other)));
    a.is_empty() || b.is_empty() || shared
}

/// A step that ran again in a build though neither files nor another stage go into it, on the same base image: a cache
/// that was found would have had it.
pub(super) fn unchanged<'a>(before: &Build, build: &'a Build) -> Option<&'a Step> {
    build.decided().find(|step| {
        let first = step.position <= 2 && matches!(step.instruction.as_str(), "WORKDIR" | "RUN");
        let base = |b: &Build| b.base_of(&step.stage, &step.platform).and_then(|base| base.digest.clone());
        let digest = base(build);
        first && step.outcome == Outcome::Miss && digest.is_some() && digest == base(before)
    })
}
