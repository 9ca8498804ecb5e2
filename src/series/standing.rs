//! Stages that stand on another stage (`FROM build AS test`): which one, only the log of a builder
//! says that prints each FROM.

use super::chain::{self, Stage};
use crate::model::{Build, Outcome, Step};

/// Whether a stage begins with an image. `BuildKit` counts the FROM of an image: a stage whose first
/// step is the second has one, even where its FROM is printed under the name of another stage.
#[must_use]
pub fn has_own_image(build: &Build, stage: &Stage) -> bool {
    if stage.base.is_some() {
        return named(build, stage).is_none();
    }
    let first = stage.steps.first();
    build.dialect.counts_from() && first.is_some_and(|first| first.position > 1)
}

/// The stage that its FROM names: the classic builder and buildah print `FROM base AS assets`.
fn named<'a>(build: &'a Build, stage: &Stage) -> Option<&'a str> {
    let base = stage.base.filter(|base| base.digest.is_none() && base.id.is_none())?;
    let here = |step: &&Step| step.stage.eq_ignore_ascii_case(&base.image);
    build.steps.iter().find(here).map(|step| step.stage.as_str())
}

/// A stage may stand on another by what the log shows: that one came to its end before it, and it
/// takes no files from it.
#[must_use]
pub fn may_stand_on(build: &Build, stages: &[Stage], stage: &Stage, other: &str) -> bool {
    if let Some(below) = named(build, stage) {
        return below == other;
    }
    other != stage.name && !copies(build, stages, stage.name, other) && {
        let first = stage.steps.first();
        first.is_some_and(|first| ends_before(build, stages, other, first))
    }
}

/// All steps of a stage are printed before this one: a builder begins none before what it stands on
/// has ended.
fn ends_before(build: &Build, stages: &[Stage], stage: &str, step: &Step) -> bool {
    let lines = stages.iter().filter(|s| s.name == stage).flat_map(|s| &s.steps);
    let before = |line: u64| (line < step.header.line) != build.newest_first();
    lines.into_iter().all(|other| before(other.header.line))
}

/// Some step of a stage takes something from another one, which so cannot stand on it.
fn copies(build: &Build, stages: &[Stage], stage: &str, from: &str) -> bool {
    let steps = stages.iter().filter(|other| other.name == stage).flat_map(|s| &s.steps);
    steps.into_iter().any(|step| chain::reads(build, step, from))
}

/// The final stage begins with an image: no build stage is a part of it.
#[must_use]
pub fn is_final_apart(build: &Build) -> bool {
    let last = chain::final_stage(build);
    let mut finals = chain::stages(build).into_iter().filter(|stage| Some(stage.name) == last);
    finals.all(|stage| has_own_image(build, &stage))
}

/// Some stage ran that stands on a stage of which all steps came from a cache: what is in it was
/// needed, and was there.
#[must_use]
pub fn any_on_found(build: &Build) -> bool {
    let stages = chain::stages(build);
    let all = |stage: &Stage, outcome| stage.steps.iter().all(|step| step.outcome == outcome);
    stages.iter().any(|stage| {
        let first = stage.steps.first();
        let ran = first.is_some_and(|step| step.outcome == Outcome::Miss);
        if !ran || has_own_image(build, stage) {
            return false;
        }
        let stands = |other: &&Stage| may_stand_on(build, &stages, stage, other.name);
        let mut below = stages.iter().filter(stands).peekable();
        below.peek().is_some() && below.all(|other| all(other, Outcome::Hit))
    })
}

/// Stages that ran because this one did, which they stand on. One that may stand on a stage besides
/// that ran for another reason is left out.
#[must_use]
pub fn on<'a>(build: &'a Build, name: &str, platform: &str) -> Vec<Stage<'a>> {
    let stages = chain::stages(build);
    if stages.iter().all(|stage| has_own_image(build, stage)) {
        return Vec::new();
    }
    let mut found: Vec<Stage> = Vec::new();
    for stage in &stages {
        let ran = |stage: &Stage, step: Option<&&Step>| {
            step.is_some_and(|step| step.outcome == Outcome::Miss)
                && (stage.platform.is_empty() || stage.platform == platform)
        };
        if has_own_image(build, stage) || !ran(stage, stage.steps.first()) {
            continue;
        }
        let mut below = stages
            .iter()
            .filter(|other| ran(other, other.steps.last()))
            .filter(|other| may_stand_on(build, &stages, stage, other.name))
            .peekable();
        let known =
            |other: &Stage| other.name == name || found.iter().any(|f| f.name == other.name);
        if below.peek().is_some() && below.all(known) {
            found.push(stage.clone());
        }
    }
    found
}

/// Stages that ran because this step did, which they have in common with its stage: it is printed
/// for that one alone, and theirs begin with what stands below.
#[must_use]
pub fn beside<'a>(build: &'a Build, step: &Step) -> Vec<Stage<'a>> {
    if !build.dialect.counts_from() {
        return Vec::new();
    }
    let ran = |stage: &Stage| stage.steps.first().is_some_and(|s| s.outcome == Outcome::Miss);
    let begins = |stage: &Stage| stage.steps.first().map_or(0, |first| first.position);
    let own = |position| {
        let here = |s: &&Step| s.position == position && *s.platform == *step.platform;
        let mut above = build.steps.iter().filter(here).peekable();
        above.peek().is_some() && above.all(|s| s.stage == step.stage)
    };
    let mut stages = chain::stages(build);
    stages.retain(|stage| {
        let other = stage.name != step.stage.as_str() && stage.platform == step.platform.as_str();
        let from = begins(stage);
        other && from > step.position.max(2) && ran(stage) && own(from - 1)
    });
    stages
}
