//! Where the chain of the cache broke in a build, compared with the builds before it.
//!
//! A stage's steps depend on each other in order, so the first one that ran is where its chain
//! broke; later ones follow. What may be concluded from that: `BuildKit` `solver/llbsolver`, and
//! the composition of cache keys (a WORKDIR depends on its text and its parent only, a RUN on text,
//! parent, ARG and ENV, a COPY on the files).

use std::collections::BTreeSet;

use crate::model::{Base, Build, Outcome, Step, StepKind};

/// One stage of one build.
#[derive(Clone, Debug)]
pub struct Stage<'a> {
    /// Name; empty where there is one stage.
    pub name: &'a str,
    /// Platform.
    pub platform: &'a str,
    /// Counted steps in the order of their positions.
    pub steps: Vec<&'a Step>,
    /// Base image, `None` where the stage begins with another stage or with scratch.
    pub base: Option<&'a Base>,
}

/// What a step's result can depend on, besides its text and the steps before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing: WORKDIR.
    None,
    /// Values of ARG and ENV that its text need not show: RUN.
    Values,
    /// Files of the build context, or a remote file.
    Files,
    /// Files of another stage.
    Stage,
}

/// The stages of a build in the order their steps appear.
#[must_use]
pub fn stages(build: &Build) -> Vec<Stage<'_>> {
    let mut stages: Vec<Stage> = Vec::new();
    for step in build.steps.iter().filter(|s| s.kind == StepKind::Counted) {
        match stages.iter_mut().find(|s| step.is_of(s.name, s.platform)) {
            Some(stage) => stage.steps.push(step),
            None => stages.push(Stage {
                name: &step.stage,
                platform: &step.platform,
                steps: vec![step],
                base: build.base_of(&step.stage, &step.platform),
            }),
        }
    }
    for stage in &mut stages {
        stage.steps.sort_by_key(|s| s.position);
    }
    stages
}

/// What a step depends on.
#[must_use]
pub fn input(step: &Step) -> Input {
    match step.instruction.as_str() {
        "WORKDIR" => Input::None,
        "RUN" if step.text.contains("type=bind") => Input::Files,
        "RUN" => Input::Values,
        _ if step.text.contains("--from=") => Input::Stage,
        _ => Input::Files,
    }
}

/// The name of the stage that becomes the image: no other stage copies from it.
#[must_use]
pub fn final_stage(build: &Build) -> Option<&str> {
    let first = build.steps.first()?;
    if build.steps.iter().all(|s| s.stage == first.stage) {
        return Some(&first.stage);
    }
    let copied = |name: &str| build.steps.iter().any(|s| s.stage != name && copies_from(s) == Some(name));
    let ends = stages(build).into_iter().filter(|s| !copied(s.name));
    ends.max_by_key(|s| s.steps.iter().map(|step| step.header.line).max()).map(|s| s.name)
}

/// The stage of `COPY --from=stage`.
#[must_use]
pub fn copies_from(step: &Step) -> Option<&str> {
    let (_, rest) = step.text.split_once("--from=")?;
    rest.split_ascii_whitespace().next()
}

/// A miss that nothing in the logs explains.
#[derive(Clone, Debug)]
pub struct Loss<'a> {
    /// The stage.
    pub stage: Stage<'a>,
    /// Its first step, which ran.
    pub step: &'a Step,
    /// The same step in the nearest earlier build that has it.
    pub before: &'a Step,
    /// Index of that build.
    pub seen: usize,
}

/// Stages of build `i` that were executed from their first step on although that step cannot have
/// changed: it reads no files, and its text, and the digest of the base image below it, are those
/// of an earlier build that went well.
#[must_use]
pub fn losses<'a>(builds: &[&'a Build], i: usize) -> Vec<Loss<'a>> {
    let Some(build) = builds.get(i) else { return Vec::new() };
    stages(build).into_iter().filter_map(|stage| loss(builds, i, stage)).collect()
}

fn loss<'a>(builds: &[&'a Build], i: usize, stage: Stage<'a>) -> Option<Loss<'a>> {
    let step = *stage.steps.first()?;
    let immune = matches!(input(step), Input::None | Input::Values);
    if step.outcome != Outcome::Miss || !immune {
        return None;
    }
    let (seen, before) = earlier(builds, i, &stage)?;
    Some(Loss { stage, step, before, seen })
}

/// The first step of the stage in the nearest earlier build that has it, where text and base are the same.
fn earlier<'a>(builds: &[&'a Build], i: usize, stage: &Stage) -> Option<(usize, &'a Step)> {
    let first = stage.steps.first()?;
    let (j, before) = builds.iter().enumerate().take(i).rev().find_map(|(j, build)| {
        let mut steps =
            build.steps.iter().filter(|s| s.kind == StepKind::Counted && s.is_of(stage.name, stage.platform));
        let step = steps.find(|s| s.text == first.text && matches!(s.outcome, Outcome::Hit | Outcome::Miss))?;
        Some((j, step))
    })?;
    // FROM is printed only when something of it is needed: a fully cached build may lack it.
    let known = builds.iter().take(i).rev().find_map(|b| b.base_of(stage.name, stage.platform));
    same_base(known, stage.base).then_some((j, before))
}

/// Same image and same digest. A digest that was not printed (local image) proves nothing.
fn same_base(a: Option<&Base>, b: Option<&Base>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.image == b.image && a.digest == b.digest && a.digest.is_some(),
        _ => false,
    }
}

/// Some steps of a stage hit and some ran.
#[must_use]
pub fn partly_hit(stage: &Stage) -> bool {
    let has = |outcome| stage.steps.iter().any(|s| s.outcome == outcome);
    has(Outcome::Hit) && has(Outcome::Miss)
}

/// Stages other than the final one that were partly cached in some build: their steps are stored.
#[must_use]
pub fn stored_stages<'a>(builds: &[&'a Build]) -> BTreeSet<(&'a str, &'a str)> {
    let all = builds.iter().flat_map(|b| inner_stages(b));
    all.filter(partly_hit).map(|s| (s.name, s.platform)).collect()
}

/// All stages but the final one.
#[must_use]
pub fn inner_stages(build: &Build) -> Vec<Stage<'_>> {
    let last = final_stage(build);
    if build.steps.iter().all(|s| Some(s.stage.as_str()) == last) {
        return Vec::new();
    }
    stages(build).into_iter().filter(|s| Some(s.name) != last).collect()
}

/// Every decided step of a stage ran.
#[must_use]
pub fn all_missed(stage: &Stage) -> bool {
    stage.steps.iter().any(|s| s.outcome == Outcome::Miss) && stage.steps.iter().all(|s| s.outcome != Outcome::Hit)
}
