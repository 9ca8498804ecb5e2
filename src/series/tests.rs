//! Why a step ran, one reason at a time.

use super::*;
use crate::model::{
    Amount, Build, BuildOutcome, Command, Dialect, Instruction, Outcome, Quote, Run, Step,
    StepKind, Text, Trace, Transfer,
};

fn step(position: u32, text: &str, key: Option<&str>) -> Step {
    let instruction = text.split(' ').next().unwrap_or_default();
    let kind = if instruction == "COPY" { StepKind::Uncached } else { StepKind::Counted };
    let what = Instruction {
        position,
        text: text.into(),
        instruction: instruction.into(),
        ..Instruction::default()
    };
    Step {
        what: what.into(),
        kind,
        outcome: Outcome::Miss,
        key: key.map(Into::into),
        ..Step::default()
    }
}

fn build(copies: bool, key: &str, stored: bool) -> Build {
    let copy = copies.then(|| step(1, "COPY . .", None));
    let steps = copy.into_iter().chain([step(2, "RUN a", Some(key))]).collect();
    let exports =
        if stored { vec![Transfer { ended: true, ..Transfer::default() }] } else { Vec::new() };
    Build { steps, exports, ..Build::default() }
}

fn because(members: &[(&Run, &Build)], at: usize) -> Vec<Because> {
    Misses::of(members, 0).in_build(at, members[at].1).map(|found| found.because).collect()
}

fn second(copies: bool, keys: [&str; 2], stored: bool) -> Because {
    let (a, b) = (build(copies, keys[0], stored), build(copies, keys[1], stored));
    let run = Run::default();
    because(&[(&run, &a), (&run, &b)], 1)[0]
}

#[test]
fn a_copy_behind_a_rebuilt_stage_is_no_break() {
    let traced = |stage: &str, position, text: &str, inputs: Vec<usize>| {
        let mut step = step(position, text, None);
        step.stage = stage.into();
        Step { trace: Some(Box::new(Trace { inputs, ..Trace::default() })), ..step }
    };
    let steps = |copy| {
        // The text alone does not say that stage 0 is called `build`.
        vec![traced("build", 2, "RUN make", vec![]), traced("stage-1", 2, copy, vec![0])]
    };
    let mut copied = Build { steps: steps("COPY --from=0 /a /a"), ..Build::default() };
    copied.steps[1].kind = StepKind::Counted;
    let run = Run::default();
    let found = Misses::of(&[(&run, &copied)], 0);
    let found = found.in_build(0, &copied);
    assert_eq!(found.map(|b| b.step.text.as_str()).collect::<Vec<_>>(), ["RUN make"]);
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
    because(&[(&run, &build), (&run, &build)], 1)
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
    let because = |args: [&str; 2], declared: Option<&[&str]>| {
        let imports = vec![Transfer { ended: true, ..Transfer::default() }];
        let inline = Some(Quote::default());
        let mut ran = step(2, "RUN a", None);
        ran.trace = declared.map(|names| {
            let declared = Some(names.iter().map(|name| Text::new(name)).collect());
            Box::new(Trace { declared, ..Trace::default() })
        });
        let build = Build { steps: vec![ran], imports, inline, line: 2, ..Build::default() };
        let runs = args.map(|arg| {
            let quote = Quote { line: 1, ..Quote::default() };
            let command = Command::parse(&format!("docker build --build-arg {arg} ."), &quote);
            Run { commands: command.into_iter().collect(), ..Run::default() }
        });
        because(&[(&runs[0], &build), (&runs[1], &build)], 1)[0]
    };
    assert_eq!(because(["V=1", "V=1"], None), Because::RecordLost);
    assert_eq!(because(["V=1", "V=2"], None), Because::ArgumentChanged);
    // The Dockerfile says what reaches the step; a proxy does where an ARG declares it.
    assert_eq!(because(["V=1", "V=2"], Some(&["V"])), Because::ArgumentChanged);
    assert_eq!(because(["V=1", "V=2"], Some(&["W"])), Because::RecordLost);
    let proxies = ["HTTP_PROXY=a", "HTTP_PROXY=b"];
    assert_eq!(because(proxies, None), Because::RecordLost);
    assert_eq!(because(proxies, Some(&[])), Because::RecordLost);
    assert_eq!(because(proxies, Some(&["HTTP_PROXY"])), Because::ArgumentChanged);
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
    let because = |members: &[(&Run, &Build)]| because(members, members.len() - 1)[0];
    assert_eq!(because(&[(&run, &a), (&run, &b)]), Because::CacheDisabled);
    assert_eq!(because(&[(&run, &a)]), Because::FirstRun);
    let mut layered = bare(3);
    layered.steps[0].verdict = Some(Quote::default());
    assert_eq!(because(&[(&run, &layered), (&run, &b)]), Because::NotImported);
}

#[test]
fn a_final_stage_that_begins_with_a_copy_out_of_another_shows_nothing_of_what_is_stored() {
    let of = |last: &str| {
        let mut inner = step(2, "RUN make", None);
        inner.stage = "build".into();
        let imports = vec![Transfer { ended: true, ..Transfer::default() }];
        let inline = Some(Quote::default());
        Build { steps: vec![inner, step(1, last, None)], imports, inline, ..Build::default() }
    };
    let counted = |mut build: Build| {
        build.steps.iter_mut().for_each(|step| step.kind = StepKind::Counted);
        build
    };
    let told = |last: &str| {
        let (a, b) = (counted(of(last)), counted(of(last)));
        let run = Run::default();
        let breaks = Misses::of(&[(&run, &a), (&run, &b)], 0);
        breaks.in_build(1, &b).next().map(|found| (found.because, found.confidence)).unwrap()
    };
    assert_eq!(told("COPY --from=build /a /a"), (Because::NotStored, Confidence::Suspected));
    assert_eq!(told("RUN other"), (Because::RecordLost, Confidence::Suspected));
}

#[test]
fn another_id_of_a_cache_mount_proves_nothing() {
    let of = |id: &str| {
        let mut ran = step(2, &format!("RUN --mount=type=cache,target=/c{id} make"), None);
        ran.kind = StepKind::Counted;
        Build { steps: vec![ran], ..Build::default() }
    };
    let told = |before: &str, now: &str| {
        let (a, b, run) = (of(before), of(now), Run::default());
        let breaks = Misses::of(&[(&run, &a), (&run, &b)], 0);
        breaks.in_build(1, &b).next().map(|found| (found.because, found.confidence)).unwrap()
    };
    assert_eq!(told(",id=a", ",id=b"), (Because::InstructionChanged, Confidence::Suspected));
    assert_eq!(told("", ",id=b"), (Because::InstructionChanged, Confidence::Proven));
}

#[test]
fn one_other_word_of_a_run_may_be_the_value_of_an_argument() {
    let of = |text: &str, size: Option<&str>| {
        let mut ran = step(2, text, None);
        ran.kind = StepKind::Counted;
        let dockerfile = size.map(|size| Amount { size: size.into(), ..Amount::default() });
        Build { steps: vec![ran], dockerfile, ..Build::default() }
    };
    let told = |before: Build, now: Build| {
        let run = Run::default();
        let breaks = Misses::of(&[(&run, &before), (&run, &now)], 0);
        breaks.in_build(1, &now).next().map(|found| (found.because, found.confidence)).unwrap()
    };
    let likely = (Because::InstructionChanged, Confidence::Likely);
    let proven = (Because::InstructionChanged, Confidence::Proven);
    assert_eq!(told(of("RUN make V=1", None), of("RUN make V=2", None)), likely);
    assert_eq!(told(of("RUN make V=1", Some("210B")), of("RUN make V=2", Some("210B"))), likely);
    assert_eq!(told(of("RUN make V=1", Some("210B")), of("RUN make V=22", Some("211B"))), proven);
    assert_eq!(told(of("RUN make V=1", None), of("RUN make V=2 all", None)), proven);
}
