//! Stages and runs that look alike: what is told of one is not said of another.

use super::project::{Base, Builder, Left, Mode, Stage, Step, run};
use super::{Break, breaks, files, holds, last};

fn node() -> Base {
    Base::of("node", "layers of node")
}

/// Two stages on one, which differ in nothing but names.
fn packages(install: &str, api: &str) -> Vec<Stage> {
    let copy = |name: &'static str, to, held: &str| Step::Copy(name, to, held.to_owned());
    let base = vec![Step::Workdir("/app"), copy("package.json", "/app/", "lock 1"), run(install)];
    let of = |name, step, build: &str| Stage::of(name, Ok("base"), vec![step, run(build)]);
    vec![
        Stage::of("base", Err(node()), base),
        of("api", copy("api", "/app/api", api), "npm run build -w api"),
        of("web", copy("web", "/app/web", "web 1"), "npm run build -w web"),
        Stage::of(
            "final",
            Err(Base::of("nginx", "layers of nginx")),
            vec![
                Step::From("api", "/app/api/dist", format!("dist of {api}")),
                Step::From("web", "/app/web/dist", "dist 1".to_owned()),
                run("nginx -t"),
            ],
        ),
    ]
}

/// The project with this argument in all of its stages.
fn with(argument: &str, mut stages: Vec<Stage>) -> Vec<Stage> {
    for stage in &mut stages {
        stage.arguments = vec![argument.to_owned()];
    }
    stages
}

fn built(projects: &[Vec<Stage>]) -> Vec<Left> {
    let mut builder = Builder::default();
    projects.iter().map(|stages| builder.build(stages, Mode::Max, "")).collect()
}

fn proven(found: &[Break]) -> Vec<(&str, &str)> {
    let proven = found.iter().filter(|found| found.2 == "proven");
    proven.map(|found| (found.0.as_str(), found.1.as_str())).collect()
}

#[test]
fn stages_on_one_stage_are_told_apart() {
    let before = packages("npm ci", "api 1");
    let changed = packages("npm ci", "api 2");
    let [logs, alone] = last(&built(&[before.clone(), changed]));
    assert_eq!(proven(&logs), [("[api 1/2] COPY api /app/api", "inputs-changed")]);
    assert_eq!(alone.len(), 1, "{alone:?}");
    assert!(alone[0].0.contains("COPY") && alone[0].1 == "inputs-changed", "{alone:?}");
    // All commands are others: no stage is the other one for that.
    let [_, alone] = last(&built(&[with("V=1", before.clone()), with("V=2", before)]));
    assert!(alone.iter().all(|found| found.0.contains("RUN")), "{alone:?}");
    assert!(proven(&alone).iter().all(|found| found.1 == "argument-changed"), "{alone:?}");
}

#[test]
fn a_stage_on_one_that_changed_has_lost_nothing() {
    let [logs, alone] =
        last(&built(&[packages("npm ci", "api 1"), packages("npm ci --no-audit", "api 1")]));
    assert_eq!(proven(&logs), [("[base 4/4] RUN npm ci --no-audit", "instruction-changed")]);
    assert!(!alone.iter().any(|found| found.1 == "record-lost"), "{alone:?}");
}

/// Two stages whose first steps are one, printed under the name of the first.
fn twins(lock: &str) -> Vec<Stage> {
    let begin =
        || vec![Step::Workdir("/app"), Step::Copy("package.json", "/app/", lock.to_owned())];
    let stage =
        |name, install: &str| Stage::of(name, Err(node()), [begin(), vec![run(install)]].concat());
    let mut runtime = stage("runtime", "npm ci --omit=dev");
    runtime.steps.push(Step::From("build", "/app/dist", "dist".to_owned()));
    vec![stage("build", "npm ci"), runtime]
}

#[test]
fn a_step_below_a_shared_one_follows_it() {
    let pair = built(&[twins("lock 1"), twins("lock 2")]);
    assert!(pair[1].log.contains("[build 3/4] COPY") && !pair[1].log.contains("[runtime 3/5]"));
    let [logs, _] = last(&pair);
    assert_eq!(logs.len(), 1, "{logs:?}");
    assert!(holds(&logs, "[build 3/4] COPY", "inputs-changed", &["package.json"]), "{logs:?}");
}

#[test]
fn a_step_below_one_that_was_removed_has_another_parent() {
    let stage = |steps: &[&str]| {
        let steps = steps.iter().map(|text| run(text)).collect();
        vec![Stage::of("web", Err(node()), steps)]
    };
    let pair = built(&[
        stage(&["apt-get update", "npm ci", "npm test"]),
        stage(&["apt-get update", "npm test"]),
    ]);
    let said = breaks(files(&pair, true), 1);
    assert_eq!(proven(&said), [("[web 3/3] RUN npm test", "instruction-changed")]);
    let logs = pair.iter().enumerate().map(|(n, left)| {
        cachediag::source::Entry::in_memory(&format!("run-{n}.log"), left.log.as_bytes())
    });
    let said = breaks(logs.collect(), 1);
    assert_eq!(proven(&said), [("[web 3/3] RUN npm test", "instruction-changed")]);
}

#[test]
fn a_revert_that_finds_all_of_it_is_the_last_run_and_broke_nothing() {
    let project = |text: &str| packages(text, "api 1");
    let left = built(&[project("npm ci"), project("npm ci --no-audit"), project("npm ci")]);
    let found = breaks(files(&left, false), 2);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn another_commit_may_hold_an_edit_that_keeps_the_size() {
    let stage = |version: &str| {
        let mut stage = Stage::of("web", Err(node()), vec![run("npm ci"), run("npm test")]);
        stage.environment = vec![format!("VERSION={version}")];
        vec![stage]
    };
    let mut pair = built(&[stage("1.2.3"), stage("1.2.4")]);
    for (left, commit) in pair.iter_mut().zip(["a", "b"]) {
        let commit = commit.repeat(8);
        left.log = format!(
            "Running with gitlab-runner 17.0.0 (44feccdf)\nChecking out {commit} as detached HEAD \
                (ref is main)...\n{}",
            left.log
        );
    }
    let said = breaks(files(&pair, true), 1);
    assert_eq!((said.len(), proven(&said).len()), (1, 0), "{said:?}");
}

fn logs_of(left: &[Left]) -> Vec<cachediag::source::Entry> {
    let log = |(n, left): (usize, &Left)| {
        cachediag::source::Entry::in_memory(&format!("run-{n}.log"), left.log.as_bytes())
    };
    left.iter().enumerate().map(log).collect()
}

#[test]
fn a_step_at_the_end_of_a_stage_that_became_longer_is_new() {
    let stage = |steps: &[&str]| {
        let steps = steps.iter().map(|text| run(text)).collect();
        vec![Stage::of("web", Err(node()), steps)]
    };
    let pair = built(&[stage(&["npm ci"]), stage(&["npm ci", "npm test"])]);
    for found in [breaks(files(&pair, true), 1), breaks(logs_of(&pair), 1)] {
        assert_eq!(proven(&found), [("[web 3/3] RUN npm test", "instruction-changed")]);
    }
}

/// Wherever the log of the first run ends, it does not show that a step is new.
#[test]
fn a_step_that_a_cut_log_does_not_reach_is_not_new() {
    let pair = built(&[packages("npm ci", "api 1"), packages("npm ci", "api 2")]);
    let whole = pair[0].log.clone();
    for end in (whole.len() / 4..whole.len()).step_by(97).filter(|end| whole.is_char_boundary(*end))
    {
        let cut = Left { log: whole[..end].to_owned(), ..Left::default() };
        let last = Left { log: pair[1].log.clone(), ..Left::default() };
        let found = breaks(logs_of(&[cut, last]), 1);
        assert!(
            proven(&found).iter().all(|found| found.1 != "instruction-changed"),
            "{end}: {found:?}"
        );
    }
}
