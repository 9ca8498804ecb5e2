//! Why the chain of the cache broke, for every stage of every build of a series.
//!
//! States what the logs show and how sure that is; what to do about it is for rules.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::Confidence;
use super::chain::{self, Input, Stage};
use crate::model::{Build, Outcome, Run, Step, StepKind, Transfer};

/// Why a step ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// No earlier build has the stage.
    FirstRun,
    /// Its text is another one than before.
    InstructionChanged,
    /// The base image has another digest than before.
    BaseChanged,
    /// The files it reads changed.
    InputsChanged,
    /// The cache in use does not store this stage.
    NotStored,
    /// It was stored, cannot have changed, and is gone.
    RecordLost,
    /// No cache was looked for, and the builder had none.
    NotImported,
    /// The import failed.
    ImportFailed,
    /// The build was told to use no cache, or keeps no layers.
    CacheDisabled,
    /// More than one of these remains.
    Unknown,
}

/// The first step of a stage where the chain broke.
#[derive(Clone, Debug)]
pub struct Break<'a> {
    /// The step.
    pub step: &'a Step,
    /// Why.
    pub because: Because,
    /// How sure.
    pub confidence: Confidence,
}

/// Builds that one thread looks at, at the least.
const MANY: usize = 256;

/// The breaks of each build of a series. A step that ran only because one before it did, or because
/// a stage it copies from was rebuilt, is none.
#[must_use]
pub fn breaks<'a>(members: &[(&'a Run, &'a Build)]) -> Vec<Vec<Break<'a>>> {
    let builds: Vec<&Build> = members.iter().map(|(_, build)| *build).collect();
    let past = Past { members, stored: chain::stored_stages(&builds), builds: &builds };
    // Side by side only where there are many.
    (0..builds.len()).into_par_iter().with_min_len(MANY).map(|i| of_build(&past, i)).collect()
}

/// A series, and what all of its builds together show.
struct Past<'b, 'a> {
    members: &'b [(&'a Run, &'a Build)],
    builds: &'b [&'a Build],
    /// Build stages that the cache does hold.
    stored: BTreeSet<(&'a str, &'a str)>,
}

fn of_build<'a>(past: &Past<'_, 'a>, i: usize) -> Vec<Break<'a>> {
    let Some(build) = past.builds.get(i).filter(|b| !b.tangled) else { return Vec::new() };
    let stages = chain::stages(build);
    let first = stages.iter().filter_map(|stage| Some((stage, broken(stage)?)));
    let own = first.filter(|(stage, step)| {
        let exact = chain::follows_input(build, step);
        !exact.unwrap_or_else(|| follows(build, &stages, stage, step))
    });
    own.map(|(stage, step)| explain(past, i, stage, step)).collect()
}

/// The first step that ran.
fn broken<'a>(stage: &Stage<'a>) -> Option<&'a Step> {
    stage.steps.iter().copied().find(|s| s.outcome != Outcome::Hit).filter(|s| s.outcome == Outcome::Miss)
}

/// It ran because another stage did, as far as texts tell.
fn follows(build: &Build, stages: &[Stage], stage: &Stage, step: &Step) -> bool {
    let ran = |name: &str| stages.iter().any(|s| s.name == name && broken(s).is_some());
    let copies = stages.iter().any(|s| chain::reads(build, step, s.name) && broken(s).is_some());
    let first = stage.steps.first().is_some_and(|s| s.position == step.position);
    let built_on = stage.base.is_none() && first && stages.iter().any(|s| s.base.is_some() && ran(s.name));
    copies || built_on
}

fn explain<'a>(past: &Past<'_, 'a>, i: usize, stage: &Stage<'a>, step: &'a Step) -> Break<'a> {
    let (because, confidence) = reason(past, i, stage, step);
    Break { step, because, confidence }
}

fn reason(past: &Past, i: usize, stage: &Stage, step: &Step) -> (Because, Confidence) {
    use Confidence::{Likely, Proven, Suspected};
    if let Some(confidence) = disabled(past, i, step) {
        return (Because::CacheDisabled, confidence);
    }
    let earlier = past.builds.get(..i).unwrap_or_default();
    let Some(at) = earlier.iter().rposition(|b| of_stage(b, stage).next().is_some()) else {
        return (Because::FirstRun, Proven);
    };
    let Some((build, before)) = past.builds.get(i).zip(past.builds.get(at)) else {
        return (Because::Unknown, Suspected);
    };
    if base_changed(earlier, stage) {
        return (Because::BaseChanged, Proven);
    }
    if !of_stage(before, stage).any(|s| s.text == step.text) {
        return (Because::InstructionChanged, Proven);
    }
    if let Some(key) = &step.key {
        return by_key(build, earlier, stage, step, key);
    }
    let first = stage.steps.first().is_some_and(|s| std::ptr::eq(*s, step));
    let kept = build.decided().any(|s| s.outcome == Outcome::Hit) || build.imported();
    match (kept, build.imports.is_empty()) {
        (false, true) => return (Because::NotImported, Likely),
        (false, false) => return (Because::ImportFailed, Likely),
        (true, _) => {}
    }
    match chain::input(step) {
        _ if first && unstored(past, build, stage) => (Because::NotStored, Likely),
        Input::Files => (Because::InputsChanged, Likely),
        Input::Values if given(past, i) != given(past, at) => (Because::Unknown, Suspected),
        Input::None | Input::Values if first => (Because::RecordLost, Likely),
        Input::None => (Because::RecordLost, Suspected),
        Input::Values | Input::Stage => (Because::Unknown, Suspected),
    }
}

/// Build arguments on the command lines of a build: whether a step takes one of them is not in its text.
fn given<'a>(past: &Past<'_, 'a>, i: usize) -> BTreeSet<&'a str> {
    let commands = past.members.get(i).map(|(run, build)| run.commands_of(build)).unwrap_or_default();
    commands.iter().flat_map(|command| &command.build_args).map(String::as_str).collect()
}

/// Whether the step had to run whatever the caches hold: the command line says so; or buildah prints
/// a layer for no step in any run.
fn disabled(past: &Past, i: usize, step: &Step) -> Option<Confidence> {
    let (run, build) = past.members.get(i)?;
    if run.commands_of(build).iter().any(|command| command.ignores_caches_of(step)) {
        return Some(Confidence::Proven);
    }
    let never = past.builds.iter().all(|b| !chain::keeps_layers(b));
    (never && past.builds.len() > 1 && chain::lacks_layers(build)).then_some(Confidence::Likely)
}

/// kaniko prints the hash of all that a step depends on: the same one again is a record that is
/// gone, or never was stored; another one is a changed input, ARG or base, and the log says not which.
fn by_key(build: &Build, earlier: &[&Build], stage: &Stage, step: &Step, key: &str) -> (Because, Confidence) {
    let known = earlier.iter().flat_map(|b| &b.steps).any(|s| s.key.as_deref() == Some(key));
    let stored = earlier.iter().flat_map(|b| &b.exports).any(Transfer::ok);
    let reads = |s: &&Step| s.stage == stage.name && matches!(s.instruction.as_str(), "COPY" | "ADD");
    let upto = |s: &&Step| s.position <= step.position;
    let since = stage.steps.iter().take_while(|s| s.outcome == Outcome::Hit).last().map_or(0, |s| s.position);
    match known {
        true if stored => (Because::RecordLost, Confidence::Proven),
        true => (Because::NotStored, Confidence::Likely),
        false if build.steps.iter().filter(upto).filter(reads).any(|s| s.position > since) => {
            (Because::InputsChanged, Confidence::Suspected)
        }
        false => (Because::Unknown, Confidence::Suspected),
    }
}

/// Counted steps of the stage in another build.
fn of_stage<'a>(build: &'a Build, stage: &Stage) -> impl Iterator<Item = &'a Step> {
    let counted = build.steps.iter().filter(|s| s.kind == StepKind::Counted);
    counted.filter(move |s| s.is_of(stage.name, stage.platform))
}

/// FROM is not printed in every build, so the last digest that was is compared.
fn base_changed(earlier: &[&Build], stage: &Stage) -> bool {
    let before = earlier.iter().rev().find_map(|b| b.base_of(stage.name, stage.platform));
    let digests = before.and_then(|b| b.digest.as_ref()).zip(stage.base.and_then(|b| b.digest.as_ref()));
    digests.is_some_and(|(a, b)| a != b)
}

/// A stage that is not the final one, and is rebuilt from its first step on in every build that
/// changes it, while some other step comes from the cache.
fn unstored(past: &Past, build: &Build, stage: &Stage) -> bool {
    let inner = chain::final_stage(build).is_some_and(|last| last != stage.name);
    let stored = past.stored.contains(&(stage.name, stage.platform));
    inner && !stored && chain::all_missed(stage) && build.hits() > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BuildOutcome, Command, Dialect, Instruction, Quote, Trace};

    fn step(position: u32, text: &str, key: Option<&str>) -> Step {
        let instruction = text.split(' ').next().unwrap_or_default();
        let kind = if instruction == "COPY" { StepKind::Uncached } else { StepKind::Counted };
        let what =
            Instruction { position, text: text.into(), instruction: instruction.into(), ..Instruction::default() };
        Step { what: what.into(), kind, outcome: Outcome::Miss, key: key.map(Into::into), ..Step::default() }
    }

    fn build(copies: bool, key: &str, stored: bool) -> Build {
        let copy = copies.then(|| step(1, "COPY . .", None));
        let steps = copy.into_iter().chain([step(2, "RUN a", Some(key))]).collect();
        let exports = if stored { vec![Transfer { ended: true, ..Transfer::default() }] } else { Vec::new() };
        Build { steps, exports, ..Build::default() }
    }

    fn second(copies: bool, keys: [&str; 2], stored: bool) -> Because {
        let (a, b) = (build(copies, keys[0], stored), build(copies, keys[1], stored));
        let run = Run::default();
        breaks(&[(&run, &a), (&run, &b)])[1][0].because
    }

    #[test]
    fn a_copy_behind_a_rebuilt_stage_is_no_break() {
        let traced = |stage: &str, position, text: &str, inputs: Vec<usize>| {
            let mut step = step(position, text, None);
            step.stage = stage.into();
            Step { trace: Some(Box::new(Trace { inputs, ran: None })), ..step }
        };
        let steps = |copy| {
            // The text alone does not say that stage 0 is called `build`.
            vec![traced("build", 2, "RUN make", vec![]), traced("stage-1", 2, copy, vec![0])]
        };
        let mut copied = Build { steps: steps("COPY --from=0 /a /a"), ..Build::default() };
        copied.steps[1].kind = StepKind::Counted;
        let run = Run::default();
        let found = breaks(&[(&run, &copied)]);
        assert_eq!(found[0].iter().map(|b| b.step.text.as_str()).collect::<Vec<_>>(), ["RUN make"]);
    }

    #[test]
    fn a_key_tells_a_lost_record_from_a_changed_input() {
        assert_eq!(second(true, ["k", "k"], true), Because::RecordLost);
        assert_eq!(second(true, ["k", "k"], false), Because::NotStored);
        assert_eq!(second(true, ["k", "l"], true), Because::InputsChanged);
        assert_eq!(second(false, ["k", "l"], true), Because::Unknown);
    }

    fn told(command: &str) -> Vec<Because> {
        let counted = |stage: &str| {
            let mut step = step(2, "RUN a", None);
            step.stage = stage.into();
            step
        };
        let build = Build { steps: vec![counted("web"), counted("api")], line: 9, ..Build::default() };
        let command = Command::parse(command, &Quote { line: 1, ..Quote::default() });
        let run = Run { commands: command.into_iter().collect(), ..Run::default() };
        let found = breaks(&[(&run, &build), (&run, &build)]);
        found[1].iter().map(|b| b.because).collect()
    }

    #[test]
    fn a_command_without_cache_is_the_reason() {
        use Because::{CacheDisabled, NotImported};
        assert_eq!(told("docker build --no-cache ."), [CacheDisabled, CacheDisabled]);
        assert_eq!(told("docker buildx build --no-cache-filter web ."), [CacheDisabled, NotImported]);
        assert_eq!(told("docker build --no-cache=false ."), [NotImported, NotImported]);
        assert_eq!(told("buildah build --layers=false ."), [CacheDisabled, CacheDisabled]);
    }

    #[test]
    fn another_argument_may_have_rerun_a_step() {
        let because = |args: [&str; 2]| {
            let imports = vec![Transfer { ended: true, ..Transfer::default() }];
            let build = Build { steps: vec![step(2, "RUN a", None)], imports, line: 2, ..Build::default() };
            let runs = args.map(|arg| {
                let quote = Quote { line: 1, ..Quote::default() };
                let command = Command::parse(&format!("docker build --build-arg {arg} ."), &quote);
                Run { commands: command.into_iter().collect(), ..Run::default() }
            });
            breaks(&[(&runs[0], &build), (&runs[1], &build)])[1][0].because
        };
        assert_eq!(because(["V=1", "V=1"]), Because::RecordLost);
        assert_eq!(because(["V=1", "V=2"]), Because::Unknown);
    }

    #[test]
    fn buildah_without_layers_is_the_reason() {
        let bare = |line| Build {
            steps: vec![step(1, "RUN a", None), step(2, "RUN b", None)],
            dialect: Dialect::Buildah,
            outcome: BuildOutcome::Succeeded,
            line,
            ..Build::default()
        };
        let (run, a, b) = (Run::default(), bare(1), bare(2));
        let because = |members: &[(&Run, &Build)]| breaks(members).last().unwrap()[0].because;
        assert_eq!(because(&[(&run, &a), (&run, &b)]), Because::CacheDisabled);
        assert_eq!(because(&[(&run, &a)]), Because::FirstRun);
        let mut layered = bare(3);
        layered.steps[0].verdict = Some(Quote::default());
        assert_eq!(because(&[(&run, &layered), (&run, &b)]), Because::NotImported);
    }
}
