//! What is new since the job ran last, and what is gone.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{program, report};
use crate::support::logs::SICK;

fn run(folder: &Path, number: &str, log: &str, last: &str) -> Value {
    fs::write(folder.join("build.log"), log).unwrap();
    report(
        folder,
        &["--history", "h.db", "--job", "web", "--run-id", number, "--last", last, "build.log"],
    )
}

fn healthy() -> &'static str {
    SICK.split_once("ERROR").unwrap().0
}

#[test]
fn a_finding_is_new_once_and_gone_once() {
    let desk = TempDir::new().unwrap();
    assert_eq!(run(desk.path(), "1", healthy(), "1")["news"], Value::Null);
    let second = run(desk.path(), "2", SICK, "1");
    let found: Vec<&Value> =
        second["findings"].as_array().unwrap().iter().map(|f| &f["fingerprint"]).collect();
    assert!(!found.is_empty());
    assert_eq!(second["news"]["new"], json!(found));
    assert_eq!(second["news"]["earlier_runs"], 1);
    assert_eq!(run(desk.path(), "3", SICK, "1")["news"]["new"], json!([]));
    // The third run is looked at too, and had it.
    run(desk.path(), "4", healthy(), "1");
    let fifth = run(desk.path(), "5", healthy(), "1");
    let gone: Vec<&Value> =
        fifth["news"]["gone"].as_array().unwrap().iter().map(|gone| &gone["rule"]).collect();
    assert!(gone.contains(&&json!("export-unsupported-by-driver")), "{gone:?}");
    assert_eq!(run(desk.path(), "6", healthy(), "1")["news"]["gone"], json!([]));
}

#[test]
fn runs_of_one_job_have_names_although_their_logs_have_one() {
    let desk = TempDir::new().unwrap();
    run(desk.path(), "41", SICK, "20");
    let said = run(desk.path(), "42", SICK, "20");
    let names: Vec<&str> = said["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["source"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["build.log (run 41)", "build.log"]);
    let labels: Vec<&str> =
        said["runs"].as_array().unwrap().iter().map(|run| run["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["web (run 41)", "web"]);
    let text = program(desk.path())
        .args(["--history", "h.db", "--job", "web", "--run-id", "43", "build.log"])
        .output()
        .unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("history: 2 earlier runs looked at; since the last one 0 new, "),
        "{text}"
    );
}

#[test]
fn a_job_beside_it_has_a_report_of_its_own() {
    let desk = TempDir::new().unwrap();
    run(desk.path(), "1", SICK, "20");
    fs::write(desk.path().join("api.log"), healthy().replace("RUN make", "RUN npm ci")).unwrap();
    let api =
        report(desk.path(), &["--history", "h.db", "--job", "api", "--run-id", "1", "api.log"]);
    assert_eq!((api["runs"].as_array().unwrap().len(), &api["findings"]), (2, &json!([])));
}

/// A build that stopped before it had a name, and the next one, which was put right.
#[test]
fn a_mistake_that_was_put_right_fails_no_later_run() {
    let desk = tempfile::TempDir::new().unwrap();
    let status = |sample: &str| {
        let log = super::absolute("sample-logs").join(sample);
        let judged = ["--history", "h.db", "--job", "image", "--fail-on", "error"];
        super::program(desk.path()).args(judged).arg(log).output().unwrap().status.code()
    };
    assert_eq!(status("compression-typo/run-01.log"), Some(1));
    assert_eq!(status("registry-mode-max-healthy/run-04.log"), Some(0));
    assert_eq!(status("docker-driver-refuses-export/run-01.log"), Some(1));
}

/// What several runs of one build show together counts in each of them.
#[test]
fn a_pattern_of_earlier_runs_fails_the_run_that_is_part_of_it() {
    let desk = tempfile::TempDir::new().unwrap();
    let status = |number: usize| {
        let log = super::absolute(&format!("sample-logs/every-second-run/run-0{number}.log"));
        let judged = ["--history", "h.db", "--job", "image", "--fail-on", "error"];
        super::program(desk.path()).args(judged).arg(log).output().unwrap().status.code()
    };
    let all: Vec<_> = (1..=6).map(status).collect();
    assert_eq!((all.first(), all.last()), (Some(&Some(0)), Some(&Some(1))), "{all:?}");
}
