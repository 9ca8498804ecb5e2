//! Builds of one Dockerfile over all runs, whatever they call their cache and their image's tag.
//!
//! A helper of the rules about caches that are never found: a name that changes with each run must
//! not part the runs that it is compared over.

use foldhash::HashMap;

use super::Study;
use super::remedy::reference;
use crate::model::{Build, Dialect, Outcome, Run, Step, StepKind};
use crate::series::BuildRef;

/// Groups of like builds, each in the order of time.
pub(super) fn groups(study: &Study) -> impl Iterator<Item = Vec<(&Run, &Build)>> {
    let member = |at: &BuildRef| study.run_of(*at).zip(study.build(*at));
    study.alike.iter().map(move |group| group.iter().filter_map(member).collect())
}

/// The groups of all builds, for a study to keep: the same steps, of the same job and target, for
/// an image of the same repository.
pub(super) fn find(runs: &[Run]) -> Vec<Vec<BuildRef>> {
    let mut groups: Vec<(&Build, Vec<BuildRef>)> = Vec::new();
    let mut alike: HashMap<Likeness, Vec<usize>> = HashMap::default();
    for (at, run) in runs.iter().enumerate() {
        for (build, made) in
            run.builds.iter().enumerate().filter(|(_, build)| counted(build).next().is_some())
        {
            let known = alike.entry(Likeness::of(run, made)).or_default();
            let same = known.iter().find(|group| {
                groups.get(**group).is_some_and(|(first, _)| same_image(first, made))
            });
            let group = same.copied().unwrap_or_else(|| {
                known.push(groups.len());
                groups.push((made, Vec::new()));
                groups.len() - 1
            });
            groups
                .get_mut(group)
                .into_iter()
                .for_each(|(_, group)| group.push(BuildRef { run: at, build }));
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// What builds of a group have in common, but for their image.
#[derive(PartialEq, Eq, Hash)]
struct Likeness<'a> {
    job: Option<&'a str>,
    dialect: Dialect,
    target: Option<&'a str>,
    steps: Vec<(&'a str, &'a str)>,
}

impl<'a> Likeness<'a> {
    fn of(run: &'a Run, build: &'a Build) -> Self {
        let (job, target) = (run.job.as_deref(), build.target.as_deref());
        Self { job, dialect: build.dialect, target, steps: steps(build) }
    }
}

/// In an order that does not depend on which stage was printed first.
fn steps(build: &Build) -> Vec<(&str, &str)> {
    let mut steps: Vec<(&str, &str)> =
        counted(build).map(|s| (s.stage.as_str(), s.text.as_str())).collect();
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

/// A step that ran again in a build though neither files nor another stage go into it, on the same
/// base image: a cache that was found would have had it.
pub(super) fn unchanged<'a>(before: &Build, build: &'a Build) -> Option<&'a Step> {
    build.decided().find(|step| {
        let first = step.position <= 2 && matches!(step.instruction.as_str(), "WORKDIR" | "RUN");
        let base =
            |b: &Build| b.base_of(&step.stage, &step.platform).and_then(|base| base.digest.clone());
        let digest = base(build);
        first && step.outcome == Outcome::Miss && digest.is_some() && digest == base(before)
    })
}
