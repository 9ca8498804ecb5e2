//! Where the chain of the cache broke in a build, compared with the builds before it.
//!
//! A stage's steps depend on each other in order, so the first one that ran is where its chain
//! broke; later ones follow. What may be concluded from that: `BuildKit` `solver/llbsolver`, and
//! the composition of cache keys (a WORKDIR depends on its text and its parent only, a RUN on text,
//! parent, ARG and ENV, a COPY on the files).

use std::collections::BTreeSet;

use foldhash::{HashMap, HashSet};

use crate::model::{
    Amount, Base, Build, BuildOutcome, Dialect, ImageRef, Operation, Outcome, Run, Step, StepKind,
    Text, Transfer,
};

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
    /// Values of ARG and ENV that its text need not show: RUN, and a here-document that is copied.
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
    let mut places: HashMap<(&str, &str), usize> = HashMap::default();
    let mut at = 0;
    for step in build.steps.iter().filter(|s| s.kind == StepKind::Counted) {
        // Most steps are of the stage of the one before.
        if !stages.get(at).is_some_and(|stage| step.is_of(stage.name, stage.platform)) {
            at = *places.entry((&step.stage, &step.platform)).or_insert(stages.len());
        }
        if at == stages.len() {
            stages.push(Stage {
                name: &step.stage,
                platform: &step.platform,
                steps: Vec::new(),
                base: None,
            });
        }
        if let Some(stage) = stages.get_mut(at) {
            stage.steps.push(step);
        }
    }
    // The first of each stage is its own.
    for base in build.bases.iter().rev() {
        let at = places.get(&(base.stage.as_str(), base.platform.as_str()));
        if let Some(stage) = at.and_then(|at| stages.get_mut(*at)) {
            stage.base = Some(base);
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
    let operation = step.operation();
    match operation {
        Operation::Workdir => Input::None,
        _ if operation.reads_context() => Input::Files,
        _ if operation.sources().next().is_some() => Input::Stage,
        Operation::Run(_) => Input::Values,
        Operation::Copy(copying) if copying.is_written() => Input::Values,
        Operation::Copy(_) | Operation::Other => Input::Files,
    }
}

/// The name of the stage that becomes the image: no other stage copies from it.
#[must_use]
pub fn final_stage(build: &Build) -> Option<&str> {
    let step = build.final_step.or_find(|| final_step(build))?;
    build.steps.get(step).map(|step| step.stage.as_str())
}

fn final_step(build: &Build) -> Option<usize> {
    let first = build.steps.first()?;
    if build.steps.iter().all(|s| s.stage == first.stage) {
        return Some(0);
    }
    let taken = Taken::of(build);
    // The line of the last step of each stage that nobody takes anything from.
    let ends = build.steps.iter().enumerate().filter(|(_, step)| !taken.contains(&step.stage));
    ends.max_by_key(|(_, step)| step.header.line).map(|(at, _)| at)
}

/// Stages that steps of other stages take something from.
struct Taken<'a> {
    stages: HashSet<&'a str>,
    names: HashSet<String>,
}

impl<'a> Taken<'a> {
    fn of(build: &'a Build) -> Self {
        let mut taken = Self { stages: HashSet::default(), names: HashSet::default() };
        for step in &build.steps {
            if step.trace.is_some() {
                let inputs = build.inputs(step).filter(|input| input.stage != step.stage);
                taken.stages.extend(inputs.map(|input| input.stage.as_str()));
                continue;
            }
            let others = step.operation().sources().filter(|name| !is_called(&step.stage, name));
            taken.names.extend(others.map(str::to_ascii_lowercase));
        }
        taken
    }

    fn contains(&self, stage: &str) -> bool {
        let number = || stage.strip_prefix("stage-").is_some_and(|n| self.names.contains(n));
        self.stages.contains(stage)
            || self.names.contains(stage.to_ascii_lowercase().as_str())
            || number()
    }
}

/// Whether a step takes something from another stage: its inputs are known, or its text names
/// the stage (`COPY --from=build`, `RUN --mount=type=bind,from=build`).
#[must_use]
pub fn reads(build: &Build, step: &Step, stage: &str) -> bool {
    if step.trace.is_some() {
        return build.inputs(step).any(|input| input.stage == stage);
    }
    step.operation().sources().any(|name| is_called(stage, name))
}

/// The step ran because a step of another stage did that it takes its input from. Exact where the
/// inputs are known, `None` where they are not.
#[must_use]
pub fn follows_input(build: &Build, step: &Step) -> Option<bool> {
    step.trace.as_ref()?;
    let ran = |input: &Step| input.kind == StepKind::Counted && input.outcome == Outcome::Miss;
    let mut open = vec![step];
    while let Some(at) = open.pop() {
        for input in build.inputs(at) {
            // What platforms share is printed as a step of one of them.
            if !input.is_of(&step.stage, &step.platform) && ran(input) {
                return Some(true);
            }
            // A copy with `--link` depends on nothing below it, and is put on it.
            let above = input.stage == step.stage && input.position < at.position;
            if above && input.operation().is_link() {
                open.push(input);
            }
        }
    }
    Some(false)
}

/// What a stage is called, in lower case: by its name, or by its number.
pub(super) fn names(stage: &str) -> impl Iterator<Item = String> {
    std::iter::once(stage.to_ascii_lowercase())
        .chain(stage.strip_prefix("stage-").map(str::to_owned))
}

/// The image that a step takes files from under this name: one that no stage stands on
/// (`COPY --from=composer:2`), or that of a stage which adds nothing to it.
#[must_use]
pub fn image_called<'a>(build: &'a Build, name: &str) -> Option<&'a Base> {
    let is_bare = |stage: &str| build.steps.iter().all(|step| *step.stage != *stage);
    let mut stages = build.bases.iter().filter(|base| !base.stage.is_empty());
    if let Some(base) = stages.find(|base| is_called(&base.stage, name)) {
        return is_bare(&base.stage).then_some(base);
    }
    let name = ImageRef::parse(name);
    build.sources.iter().find(|base| ImageRef::parse(&base.image).has_tag_of(&name))
}

/// Images whose files a step takes that are others than in an earlier build: then and now.
pub fn moved_sources<'a>(
    step: &'a Step,
    before: &'a Build,
    now: &'a Build,
) -> impl Iterator<Item = (&'a Base, &'a Base)> {
    let both = |name| Some((image_called(before, name)?, image_called(now, name)?));
    step.operation().sources().filter_map(both).filter(|(then, now)| is_other_base(then, now))
}

/// Whether a step takes files from a context that the client sent under a name of its own.
#[must_use]
pub fn reads_named_context(build: &Build, step: &Step) -> bool {
    let mut sources = step.operation().sources();
    sources.any(|name| build.contexts.iter().any(|context| context.eq_ignore_ascii_case(name)))
}

/// The stage of an earlier build that has the same steps under a name that is gone: a name is no
/// part of a key. Of several it cannot be told.
pub(super) fn called_before<'b>(
    before: &'b Build,
    now: &Build,
    stage: &Stage,
) -> Option<Stage<'b>> {
    let has =
        |build: &Build, name: &str| build.steps.iter().any(|step| step.is_of(name, stage.platform));
    if has(before, stage.name) {
        return None;
    }
    let alike = |other: &Stage| {
        let mut pairs = stage.steps.iter().zip(&other.steps);
        other.platform == stage.platform
            && other.steps.len() == stage.steps.len()
            && pairs.all(|(a, b)| a.text == b.text)
    };
    let new = stages(now).into_iter().filter(|other| alike(other) && !has(before, other.name));
    let mut gone = stages(before).into_iter().filter(|other| alike(other) && !has(now, other.name));
    let only = gone.next()?;
    (gone.next().is_none() && new.count() == 1).then_some(only)
}

/// Two steps have one text, in one stage.
#[must_use]
pub fn is_same_step(a: &Step, b: &Step) -> bool {
    a.what.is(&b.what) || (a.is_of(&b.stage, &b.platform) && a.text == b.text)
}

/// Whether a build has a step with the same text in the same stage.
#[must_use]
pub fn has_step(build: &Build, step: &Step) -> bool {
    build.steps.iter().any(|other| is_same_step(other, step))
}

/// Names of stages are printed in lower case, and a stage may be called by its number.
pub(super) fn is_called(stage: &str, name: &str) -> bool {
    stage.eq_ignore_ascii_case(name)
        || stage.strip_prefix("stage-").is_some_and(|number| number == name)
}

/// Another image, or another digest. A digest that was not printed (local image) says nothing, and
/// one that begins another was cut with its line. What a variable stands for is not known.
#[must_use]
pub fn is_other_base(a: &Base, b: &Base) -> bool {
    let printed = a.digest.as_ref().zip(b.digest.as_ref()).or(a.id.as_ref().zip(b.id.as_ref()));
    let differ = |a: &str, b: &str| !a.starts_with(b) && !b.starts_with(a);
    let known = !a.is_unnamed() && !b.is_unnamed();
    (known && a.image != b.image) || printed.is_some_and(|(a, b)| differ(a, b))
}

/// The logs tell whether both are the same image.
#[must_use]
pub fn is_known_base(a: &Base, b: &Base) -> bool {
    (a.digest.is_some() && b.digest.is_some()) || (a.id.is_some() && b.id.is_some())
}

/// Both were printed, and differ. Equal ones prove nothing: they are rounded, and edits may keep
/// the size.
#[must_use]
pub fn is_other_size(a: &Option<Amount>, b: &Option<Amount>) -> bool {
    a.as_ref().zip(b.as_ref()).is_some_and(|(a, b)| a.size != b.size)
}

/// Some step of one build has a text that no step of the other has. One that failed has not come to
/// all of its steps.
#[must_use]
pub fn has_other_texts(a: &Build, b: &Build) -> bool {
    let texts = |build: &'_ Build| -> HashSet<Text> {
        build.steps.iter().map(|step| step.text.clone()).collect()
    };
    let stopped =
        |build: &Build| matches!(build.outcome, BuildOutcome::Failed | BuildOutcome::Canceled);
    match (stopped(a), stopped(b)) {
        (false, false) => a.steps.len() != b.steps.len() || texts(a) != texts(b),
        (true, _) => !texts(a).is_subset(&texts(b)),
        (false, true) => !texts(b).is_subset(&texts(a)),
    }
}

/// Imports of a build; targets of one bake share an import, which is printed for one of them.
#[must_use]
pub fn imports<'a>(run: &'a Run, build: &'a Build) -> Vec<&'a Transfer> {
    if !build.imports.is_empty() {
        return build.imports.iter().collect();
    }
    run.together(build).iter().flat_map(|other| &other.imports).collect()
}

/// Some steps of a stage hit and some ran.
#[must_use]
pub fn partly_hit(stage: &Stage) -> bool {
    let has = |outcome| stage.steps.iter().any(|s| s.outcome == outcome);
    has(Outcome::Hit) && has(Outcome::Miss)
}

/// Stages other than the final one that were partly cached in some build: their steps are stored.
/// Interleaved builds tell nothing.
#[must_use]
pub fn stored_stages<'a>(
    builds: impl IntoIterator<Item = &'a Build>,
) -> BTreeSet<(&'a str, &'a str)> {
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

/// Before v1.19.3 the key of each RUN holds all arguments that the Dockerfile declares, also those
/// below it (`containers/buildah` issue 1931). From v1.12 to v1.20 nothing shows the version: before,
/// `STEP 3: RUN make` has no number of steps, and ids have 64 digits or no arrow.
#[must_use]
pub fn keys_hold_all_arguments(build: &Build) -> bool {
    let short = |text: &str| text.strip_prefix("--> ").is_some_and(|id| id.trim_end().len() == 11);
    let verdicts = || build.steps.iter().filter_map(|step| step.verdict.as_ref());
    build.dialect == Dialect::Buildah
        && build.steps.iter().all(|step| step.of == 0)
        && verdicts().any(|quote| quote.text.contains("Using cache "))
        && !verdicts().any(|quote| short(&quote.text))
}

/// buildah ran all steps and printed no layer for any but the last, whose arrow is the image's: it
/// runs without `--layers`.
#[must_use]
pub fn lacks_layers(build: &Build) -> bool {
    build.dialect == Dialect::Buildah
        && build.succeeded()
        && inner_steps(build).any(|s| s.outcome == Outcome::Miss)
        && !keeps_layers(build)
}

/// Some step before the last of its stage has a line of its own that tells its layer.
#[must_use]
pub fn keeps_layers(build: &Build) -> bool {
    inner_steps(build).any(|s| s.verdict.is_some())
}

/// All steps but the last of each stage. Without layers buildah commits a stage as a whole where
/// another one stands on it, and prints its arrow (`imagebuildah/stage_executor.go`).
pub fn inner_steps(build: &Build) -> impl Iterator<Item = &Step> {
    let mut ends: HashMap<&str, usize> = HashMap::default();
    ends.extend(build.steps.iter().enumerate().map(|(at, step)| (step.stage.as_str(), at)));
    let inner = move |(at, step): &(usize, &Step)| ends.get(step.stage.as_str()) != Some(at);
    build.steps.iter().enumerate().filter(inner).map(|(_, step)| step)
}

/// Every decided step of a stage ran.
#[must_use]
pub fn all_missed(stage: &Stage) -> bool {
    stage.steps.iter().any(|s| s.outcome == Outcome::Miss)
        && stage.steps.iter().all(|s| s.outcome != Outcome::Hit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Instruction, Trace};

    fn step(stage: &str, text: &str, outcome: Outcome, inputs: Option<&[usize]>) -> Step {
        let instruction = text.split(' ').next().unwrap_or_default().into();
        let what = Instruction {
            stage: stage.into(),
            text: text.into(),
            instruction,
            ..Instruction::default()
        };
        let trace =
            inputs.map(|inputs| Box::new(Trace { inputs: inputs.to_vec(), ..Trace::default() }));
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
        assert!(
            reads(&build, &build.steps[3], "assets") && !reads(&build, &build.steps[3], "build")
        );
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
