//! A history keeps what files told: the files of one run after another, each read by a process of
//! its own, prove what all of them prove at once.

use std::fs;
use std::path::Path;
use std::process::Command;

use cachediag::history::{HistorySettings, Identity};
use cachediag::pipeline::Options;
use cachediag::source::Entry;
use chrono::{DateTime, TimeDelta};
use serde_json::Value;

use super::project::{Base, Builder, Left, Mode, Stage, Step, run};
use super::{Break, broken, report};

/// Breaks of the last of these runs of a job, each of which is read by a call of its own.
pub(super) fn one_by_one(runs: &[Vec<Entry>]) -> Vec<Break> {
    let folder = tempfile::tempdir().unwrap();
    let mut last = Vec::new();
    for (n, files) in (1..).zip(runs) {
        let run = Some(format!("{n}"));
        let history = HistorySettings {
            file: folder.path().join("h.db"),
            keep: TimeDelta::days(90),
            last: 20,
            identity: Identity { job: Some("web".to_owned()), run, ..Identity::default() },
            around: Identity::default(),
            now: DateTime::from_timestamp(1_796_000_000 + n, 0).unwrap(),
        };
        let options = Options { history: Some(history), digested: true, ..Options::default() };
        last = newest(&report(files.clone(), &options));
    }
    last
}

/// Breaks of the newest run.
pub(super) fn newest(report: &Value) -> Vec<Break> {
    let last = report["runs"].as_array().unwrap().last().unwrap();
    let builds = last["builds"].as_array().unwrap().iter();
    builds.flat_map(broken).map(|(found, _)| found).collect()
}

/// Breaks of the newest run: without the order of names, which files and processes do not share.
fn breaks(folder: &Path, words: &[&str]) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    let output =
        command.current_dir(folder).args(["--format", "json"]).args(words).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let last = report["runs"].as_array().unwrap().last().unwrap();
    last["builds"][0]["breaks"].as_array().unwrap().clone()
}

fn left(change: fn(&mut Stage)) -> Vec<Left> {
    let stage = Stage {
        arguments: vec!["VERSION=1".to_owned()],
        ..Stage::of(
            "web",
            Err(Base::of("node", "layers of node")),
            vec![
                Step::Workdir("/app"),
                Step::Copy("package.json", "/app/", "lock 1".to_owned()),
                run("npm ci"),
                Step::Copy("src", "/app/src", "sources 1".to_owned()),
                run("npm test"),
            ],
        )
    };
    let mut changed = stage.clone();
    change(&mut changed);
    let mut builder = Builder::default();
    [stage, changed].map(|stage| builder.build(&[stage], Mode::Max, "")).into()
}

#[test]
fn two_processes_prove_what_one_does() {
    let changes: [fn(&mut Stage); 4] = [
        |stage| stage.steps[3] = Step::Copy("src", "/app/src", "sources 2".to_owned()),
        |stage| stage.steps[2] = run("npm ci --no-audit"),
        |stage| stage.arguments = vec!["VERSION=2".to_owned()],
        |stage| stage.from = Err(Base::of("node anew", "other layers")),
    ];
    for change in changes {
        let folder = tempfile::tempdir().unwrap();
        for (n, left) in left(change).iter().enumerate() {
            fs::write(folder.path().join(format!("run-{n}.log")), &left.log).unwrap();
            fs::write(folder.path().join(format!("run-{n}.cache.json")), &left.cache).unwrap();
        }
        for logs in [true, false] {
            let files = |n: usize| {
                let cache = format!("run-{n}.cache.json");
                if logs { vec![format!("run-{n}.log"), cache] } else { vec![cache] }
            };
            let all: Vec<String> = [files(0), files(1)].concat();
            let together =
                breaks(folder.path(), &all.iter().map(String::as_str).collect::<Vec<_>>());
            let remembered = [0, 1].map(|n| {
                let (history, run) = (format!("{logs}.db"), n.to_string());
                let options = ["--history", &history, "--job", "web", "--run-id", &run];
                let files = files(n);
                let words =
                    options.into_iter().chain(files.iter().map(String::as_str)).collect::<Vec<_>>();
                breaks(folder.path(), &words)
            });
            assert!(together.iter().any(|found| found["confidence"] == "proven"), "{together:?}");
            assert_eq!(remembered[1], together, "with logs: {logs}");
        }
    }
}

#[test]
fn nothing_readable_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let secret = |stage: &mut Stage| stage.arguments = vec!["TOKEN=hunter2hunter2".to_owned()];
    for (n, left) in left(secret).iter().enumerate() {
        fs::write(folder.path().join(format!("run-{n}.log")), &left.log).unwrap();
        fs::write(folder.path().join(format!("run-{n}.cache.json")), &left.cache).unwrap();
    }
    let metadata = r#"{"buildx.build.ref":"b/b/abc","buildx.build.provenance":{"buildType":"x","invocation":{"parameters":{"args":{"build-arg:TOKEN":"hunter2hunter2"}}}}}"#;
    fs::write(folder.path().join("run-1.metadata.json"), metadata).unwrap();
    let files = [
        "--history",
        "h.db",
        "--job",
        "web",
        "run-0.log",
        "run-0.cache.json",
        "run-1.log",
        "run-1.cache.json",
    ];
    let found = breaks(folder.path(), &[&files[..], &["run-1.metadata.json"]].concat());
    assert!(!format!("{found:?}").contains("hunter2"));
    let kept = fs::read(folder.path().join("h.db")).unwrap();
    assert!(!kept.windows(7).any(|part| part == b"hunter2"));
}

/// A secret has no mark: that it is another one is known where nothing else is.
#[test]
fn a_secret_that_changed_is_told_by_what_did_not() {
    let secret = |n: u32| Stage {
        arguments: vec![format!("NPM_TOKEN=hunter2hunter{n}")],
        ..Stage::of(
            "web",
            Err(Base::of("node", "layers of node")),
            vec![Step::Workdir("/app"), run("npm ci"), run("npm run build")],
        )
    };
    let mut builder = Builder::default();
    let runs: Vec<Vec<Entry>> = (1..3)
        .map(|n| {
            let left = builder.build(&[secret(n)], Mode::Max, "");
            vec![Entry::in_memory(&format!("run-{n}.dockerbuild"), left.dockerbuild)]
        })
        .collect();
    let found = one_by_one(&runs);
    let told: Vec<_> = found.iter().map(|b| (b.1.as_str(), b.2.as_str(), &b.3[..])).collect();
    assert_eq!(told, [("argument-changed", "proven", &["NPM_TOKEN".to_owned()][..])]);
}
