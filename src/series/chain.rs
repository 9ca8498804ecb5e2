//! Where the chain of the cache broke in a build, compared with the builds before it.
//!
//! A stage's steps depend on each other in order, so the first one that ran is where its chain
//! broke; later ones follow. What may be concluded from that: `BuildKit` `solver/llbsolver`, and
//! the composition of cache keys (a WORKDIR depends on its text and its parent only, a RUN on text,
//! parent, ARG and ENV, a COPY on the files).

use std::collections::BTreeSet;

use crate::model::{Base, Build, BuildOutcome, Dialect, Outcome, Step, StepKind};

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
        "RUN" if mounts(&step.text).any(|mount| source(mount).is_none()) => Input::Files,
        "RUN" if mounts(&step.text).next().is_some() => Input::Stage,
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
    let copied = |name: &str| build.steps.iter().any(|s| s.stage != name && reads(build, s, name));
    let ends = stages(build).into_iter().filter(|s| !copied(s.name));
    ends.max_by_key(|s| s.steps.iter().map(|step| step.header.line).max()).map(|s| s.name)
}

/// Whether a step takes something from another stage: its inputs are known, or its text names
/// the stage (`COPY --from=build`, `RUN --mount=type=bind,from=build`).
#[must_use]
pub fn reads(build: &Build, step: &Step, stage: &str) -> bool {
    if step.trace.is_some() {
        return build.inputs(step).any(|input| input.stage == stage);
    }
    let copied = step.text.split_once("--from=").and_then(|(_, rest)| rest.split_ascii_whitespace().next());
    let mounted = mounts(&step.text).filter_map(source);
    copied.into_iter().chain(mounted).any(|name| is_called(stage, name))
}

/// The step ran because a step of another stage did that it takes its input from. Exact where the
/// inputs are known, `None` where they are not.
#[must_use]
pub fn follows_input(build: &Build, step: &Step) -> Option<bool> {
    step.trace.as_ref()?;
    let ran = |input: &Step| input.kind == StepKind::Counted && input.outcome == Outcome::Miss;
    Some(build.inputs(step).any(|input| input.stage != step.stage && ran(input)))
}

/// Bind mounts of a RUN: `type=bind,from=build,target=/x` of `RUN --mount=type=bind,from=build,target=/x a`.
/// A mount is one unless it says that it is something else.
fn mounts(text: &str) -> impl Iterator<Item = &str> {
    let options = text.split("--mount=").skip(1).filter_map(|rest| rest.split_ascii_whitespace().next());
    options.filter(|mount| mount.split(',').all(|part| !part.starts_with("type=") || part == "type=bind"))
}

/// The stage or image a mount is from; without one it is the build context.
fn source(mount: &str) -> Option<&str> {
    mount.split(',').find_map(|part| part.strip_prefix("from="))
}

/// Names of stages are printed in lower case, and a stage may be called by its number.
fn is_called(stage: &str, name: &str) -> bool {
    stage.eq_ignore_ascii_case(name) || stage.strip_prefix("stage-").is_some_and(|number| number == name)
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
    let build = builds.get(i)?;
    if step.outcome != Outcome::Miss || !immune || follows_input(build, step) == Some(true) {
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

/// The builder has not even the base images: what a run before left is not there.
#[must_use]
pub fn begins_empty(build: &Build) -> bool {
    build.booted.is_some() || build.bases.iter().any(|base| base.pulled.is_some())
}

/// The builder holds something of the runs before: a step of any kind came from the cache, or a base image is
/// there that an earlier run had to fetch.
#[must_use]
pub fn is_kept<'a>(mut earlier: impl Iterator<Item = &'a Build>, build: &Build) -> bool {
    let fetched = |base: &Base| base.pulled.is_some();
    let there = |base: &&Base| !fetched(base) && base.digest.is_some();
    let left = |other: &Build| {
        build.bases.iter().filter(there).any(|b| other.bases.iter().any(|o| o.digest == b.digest && fetched(o)))
    };
    build.steps.iter().any(|step| step.outcome == Outcome::Hit) || earlier.any(left)
}

/// Some steps of a stage hit and some ran.
#[must_use]
pub fn partly_hit(stage: &Stage) -> bool {
    let has = |outcome| stage.steps.iter().any(|s| s.outcome == outcome);
    has(Outcome::Hit) && has(Outcome::Miss)
}

/// Stages other than the final one that were partly cached in some build: their steps are stored. Interleaved
/// builds tell nothing.
#[must_use]
pub fn stored_stages<'a>(builds: impl IntoIterator<Item = &'a Build>) -> BTreeSet<(&'a str, &'a str)> {
    let all = builds.into_iter().filter(|b| !b.tangled).flat_map(inner_stages);
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

/// buildah ran all steps and printed no layer for any but the last, whose arrow is the image's: it
/// runs without `--layers`.
#[must_use]
pub fn lacks_layers(build: &Build) -> bool {
    build.dialect == Dialect::Buildah
        && build.outcome == BuildOutcome::Succeeded
        && before_the_last(build).iter().any(|s| s.outcome == Outcome::Miss)
        && !keeps_layers(build)
}

/// Some step before the last has a line of its own that tells its layer.
#[must_use]
pub fn keeps_layers(build: &Build) -> bool {
    before_the_last(build).iter().any(|s| s.verdict.is_some())
}

/// All steps but the last.
#[must_use]
pub fn before_the_last(build: &Build) -> &[Step] {
    build.steps.split_last().map_or(&[], |(_, before)| before)
}

/// Every decided step of a stage ran.
#[must_use]
pub fn all_missed(stage: &Stage) -> bool {
    stage.steps.iter().any(|s| s.outcome == Outcome::Miss) && stage.steps.iter().all(|s| s.outcome != Outcome::Hit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Instruction, Trace};

    fn step(stage: &str, text: &str, outcome: Outcome, inputs: Option<&[usize]>) -> Step {
        let instruction = text.split(' ').next().unwrap_or_default().into();
        let what = Instruction { stage: stage.into(), text: text.into(), instruction, ..Instruction::default() };
        let trace = inputs.map(|inputs| Box::new(Trace { inputs: inputs.to_vec(), ran: None }));
        Step { what: what.into(), outcome, trace, ..Step::default() }
    }

    #[test]
    fn inputs_tell_exactly_what_a_step_follows() {
        let steps = vec![
            step("build", "RUN make", Outcome::Miss, Some(&[])),
            step("assets", "RUN pack", Outcome::Hit, Some(&[])),
            step("stage-2", "COPY --from=0 /a /a", Outcome::Miss, Some(&[0])),
            step("stage-2", "COPY --from=build /b /b", Outcome::Miss, Some(&[1, 2])),
        ];
        let build = Build { steps, ..Build::default() };
        let follows = |at: usize| follows_input(&build, &build.steps[at]);
        assert_eq!((follows(0), follows(2), follows(3)), (Some(false), Some(true), Some(false)));
        assert!(reads(&build, &build.steps[3], "assets") && !reads(&build, &build.steps[3], "build"));
        assert_eq!(final_stage(&build), Some("stage-2"));
    }

    #[test]
    fn texts_name_stages_in_several_ways() {
        let reads = |text: &str, stage: &str| {
            let step = step("x", text, Outcome::Miss, None);
            reads(&Build::default(), &step, stage)
        };
        assert!(reads("COPY --from=Build /a /a", "build"));
        assert!(reads("COPY --chown=1 --from=0 /a /a", "stage-0"));
        assert!(reads("RUN --mount=type=bind,from=build,target=/b make", "build"));
        assert!(!reads("RUN --mount=type=cache,from=build,target=/b make", "build"));
        assert!(!reads("COPY --from=build-tools /a /a", "build"));
    }

    #[test]
    fn a_mount_from_a_stage_reads_no_files_of_the_context() {
        let input = |text: &str| input(&step("x", text, Outcome::Miss, None));
        assert_eq!(input("RUN --mount=type=bind,from=deps,target=/d make"), Input::Stage);
        assert_eq!(input("RUN --mount=type=bind,target=. make"), Input::Files);
        assert_eq!(input("RUN --mount=source=go.mod,target=go.mod go build"), Input::Files);
        assert_eq!(input("RUN --mount=type=cache,target=/root/.npm npm ci"), Input::Values);
    }
}
