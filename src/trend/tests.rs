//! Trends of runs made by hand: one stage of three steps.

use super::*;
use crate::model::{BuildOutcome, Command, Instruction, Quote, Step};

const STEPS: [&str; 3] = ["RUN apk add make", "COPY . .", "RUN make"];

/// A run by the marks of its steps: `#` from the cache, `.` executed.
fn run(marks: &str) -> Run {
    let step = |((position, text), mark): ((u32, &&str), char)| {
        let instruction = text.split(' ').next().unwrap_or_default().into();
        let what =
            Instruction { position, instruction, text: (**text).into(), ..Instruction::default() };
        let outcome = if mark == '#' { Outcome::Hit } else { Outcome::Miss };
        Step { what: what.into(), outcome, seconds: Some(2.0), ..Step::default() }
    };
    let steps = (1..).zip(&STEPS).zip(marks.chars()).map(step).collect();
    let import = crate::model::Transfer { ended: true, ..crate::model::Transfer::default() };
    let build = Build {
        steps,
        imports: vec![import],
        outcome: BuildOutcome::Succeeded,
        line: 9,
        ..Build::default()
    };
    Run { builds: vec![build], ..Run::default() }
}

fn branch(runs: Vec<Run>) -> Branch {
    Branch { reported: vec![Vec::new(); runs.len()], runs, name: None }
}

fn runs(marks: &str) -> Vec<Run> {
    marks.split(' ').map(run).collect()
}

/// Of each change its last run before, its first after, and its steps.
fn changes(branch: &Branch) -> Vec<((usize, usize), bool, Vec<usize>)> {
    let trends = trends(branch);
    let changes = trends.iter().flat_map(|trend| &trend.changes);
    changes
        .map(|c| (c.between, c.better, c.steps.iter().map(|moved| moved.step).collect()))
        .collect()
}

#[test]
fn a_source_that_changes_with_each_commit_is_no_break() {
    assert_eq!(changes(&branch(runs("... ### ### ### ### #.. #.. #.. #.."))), []);
}

#[test]
fn steps_that_nothing_explains_are_one_change() {
    let broke = branch(runs("... #.. ### ### ### ... ... ... ..."));
    assert_eq!(changes(&broke), [((4, 5), false, vec![0, 1, 2])]);
}

#[test]
fn runs_that_failed_are_neither() {
    let mut runs = runs("### ### ### ... ### ### ### ...");
    for at in [3, 7] {
        runs[at].builds[0].outcome = BuildOutcome::Failed;
    }
    let branch = branch(runs);
    let trends = trends(&branch);
    assert_eq!((trends[0].whole.runs, trends[0].whole.hits, trends[0].members.len()), (6, 18, 8));
    assert_eq!(
        (trends[0].steps[0].hits, trends[0].steps[0].total, trends[0].steps[0].seconds),
        (6, 6, None)
    );
}

fn told(run: &mut Run, line: &str) {
    run.commands.extend(Command::parse(line, &Quote { line: 1, ..Quote::default() }));
}

fn differences(before: &str, after: &[&str]) -> Vec<(What, Option<String>, Option<String>)> {
    let mut runs = runs("### ### ### ### ... ... ... ...");
    for (at, run) in runs.iter_mut().enumerate() {
        let line = if at < 4 { before } else { after[(at - 4) % after.len()] };
        told(run, line);
    }
    let branch = branch(runs);
    let found = trends(&branch).remove(0).changes.remove(0).differences;
    found.into_iter().map(|d| (d.what, d.before, d.after)).collect()
}

#[test]
fn what_changed_then_is_told() {
    let cache = |kind: &str| format!("docker buildx build --cache-to type={kind} .");
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        differences(&cache("gha"), &[&cache("inline")]),
        [(What::CacheTo, some("type=gha"), some("type=inline"))]
    );
    let plain = "docker buildx build .";
    assert_eq!(differences(plain, &[plain]), []);
    assert_eq!(
        differences(plain, &["docker buildx build --no-cache --build-arg V=7 ."]),
        [(What::CacheOff, None, some("--no-cache")), (What::BuildArg, None, some("7"))]
    );
}

#[test]
fn what_is_another_in_every_run_is_told_where_it_was_not_before() {
    let with = |value: &str| format!("docker build --build-arg SHA={value} .");
    let values = ["a1", "b2", "c3", "d4"].map(with);
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    assert_eq!(differences(&with("x"), &values).len(), 1);
    let mut runs = runs("### ### ### ### ... ... ... ...");
    for (at, run) in runs.iter_mut().enumerate() {
        told(run, &with(&at.to_string()));
    }
    let branch = branch(runs);
    assert_eq!(trends(&branch)[0].changes[0].differences, []);
}

/// Whatever runs there were, what is said of them can be looked up.
#[test]
fn any_runs_have_a_trend() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        let mark = |random: &mut fastrand::Rng| if random.bool() { '#' } else { '.' };
        let steps = random.usize(0..4);
        let runs: Vec<Run> = (0..random.usize(0..40))
            .map(|n| {
                if n % 13 == 0 {
                    run("")
                } else {
                    run(&(0..steps).map(|_| mark(&mut random)).collect::<String>())
                }
            })
            .collect();
        let branch = branch(runs);
        for trend in trends(&branch) {
            for change in &trend.changes {
                assert!(
                    change.between.0 < change.between.1 && change.between.1 < trend.members.len()
                );
                assert!(
                    change.before.runs >= 3 && change.after.runs >= 3 && !change.steps.is_empty()
                );
                assert!(change.steps.iter().all(|moved| moved.step < trend.steps.len()));
            }
        }
    }
}

#[test]
fn another_builder_takes_over() {
    let mut runs = runs("### ### ### ### ### ###");
    for run in runs.iter_mut().skip(3) {
        run.builds[0].dialect = Dialect::Kaniko;
    }
    let branch = branch(runs);
    let trends = trends(&branch);
    let follows: Vec<_> =
        trends.iter().map(|trend| trend.follows.as_ref().map(|known| known.dialect)).collect();
    assert_eq!(follows, [None, Some(Dialect::BuildkitPlain)]);
}
