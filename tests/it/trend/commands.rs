//! The command line of `cachediag trend`.

use std::fs;

use assert_cmd::Command;
use cachediag::render::RENDERERS;
use serde_json::Value;
use tempfile::TempDir;

use super::SCREEN;
use crate::support::trends::{jobs, remember, written};

/// A desk with a history of two jobs, of which one broke on the branch `main`.
fn desk() -> TempDir {
    let desk = TempDir::new().unwrap();
    let broke =
        fs::read_to_string("tests/trend/broke-when-the-cache-became-inline/runs.txt").unwrap();
    let of_main = broke.lines().map(|line| format!("{line} job=svc branch=main commit=c0ffee\n"));
    let runs: String = of_main.collect();
    let other = "sample-logs/every-second-run/run-01.log";
    let runs = format!("{runs}{other} job=web\n{other} job=svc branch=x\n");
    remember(&desk.path().join("h.db"), &runs);
    desk
}

fn trend(desk: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("cachediag").unwrap();
    command
        .current_dir(desk.path())
        .env_clear()
        .env("COLUMNS", "100")
        .args(["trend", "--history", "h.db"])
        .args(args);
    command
}

fn said(desk: &TempDir, args: &[&str]) -> String {
    String::from_utf8(trend(desk, args).assert().success().get_output().stdout.clone()).unwrap()
}

#[test]
fn all_jobs_are_a_line_each_and_what_broke_is_told() {
    insta::assert_snapshot!(said(&desk(), &[]));
    insta::assert_snapshot!(said(&desk(), &["--charset", "ascii"]));
}

#[test]
fn the_costliest_job_comes_first() {
    let desk = TempDir::new().unwrap();
    let log = |n: u32| format!("sample-logs/every-second-run/run-0{n}.log");
    let runs = format!("{} job=a\n{} job=b\n{} job=b\n", log(1), log(1), log(3));
    remember(&desk.path().join("h.db"), &runs);
    for format in ["human", "html"] {
        let said = said(&desk, &["--format", format]);
        let place = |job: &str| {
            said.find(&job.replace("JOB", if format == "html" { ">" } else { "  " })).unwrap()
        };
        assert!(place("JOBb") < place("JOBa"), "{said}");
    }
}

#[test]
fn a_job_is_told_in_full_with_its_branches() {
    insta::assert_snapshot!(said(&desk(), &["svc"]));
}

#[test]
fn a_branch_and_a_number_of_runs_can_be_asked_for() {
    let desk = desk();
    let runs = |args: &[&str]| -> Vec<usize> {
        let value: Value = serde_json::from_str(&said(&desk, args)).unwrap();
        let branches = value["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|job| job["branches"].as_array().unwrap());
        branches.map(|branch| branch["runs"].as_u64().unwrap().try_into().unwrap()).collect()
    };
    assert_eq!(runs(&["--format", "json"]), [8, 1, 1]);
    assert_eq!(runs(&["--format", "json", "--branch", "main"]), [8]);
    assert_eq!(runs(&["--format", "json", "--branch", "x", "--last", "1"]), [1]);
    assert_eq!(runs(&["--format", "json", "--last", "3", "svc"]), [2, 1]);
    assert_eq!(runs(&["--format", "json", "--branch", "gone"]), [0; 0]);
}

#[test]
fn what_is_not_there_is_said() {
    let desk = desk();
    let complaint = |args: &[&str]| {
        let output = trend(&desk, args).assert().code(2).get_output().clone();
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(complaint(&["api"]), "error: no job is called api; see: cachediag history list\n");
    assert!(complaint(&["--format", "xml"]).contains("[possible values: human, json"));
    assert!(complaint(&["--last", "0"]).contains("--last"));
    fs::write(desk.path().join("h.db"), "a text").unwrap();
    assert!(complaint(&[]).starts_with("error: h.db: is not a cachediag history"));
    fs::remove_file(desk.path().join("h.db")).unwrap();
    assert!(complaint(&[]).starts_with("error: h.db: not found"));
}

/// Jobs are written as they come: what is said of each is the same beside others.
#[test]
fn a_job_is_said_the_same_beside_others() {
    let desk = desk();
    let file = desk.path().join("h.db");
    let alone: String =
        jobs(&file).into_iter().map(|job| written("human", vec![job], true, SCREEN)).collect();
    assert_eq!(written("human", jobs(&file), true, SCREEN), alone);
}

#[test]
fn the_page_of_a_report_tells_when_its_build_broke() {
    let desk = TempDir::new().unwrap();
    let runs = |case: &str| fs::read_to_string(format!("tests/trend/{case}/runs.txt")).unwrap();
    let page = |runs: &str, file: &str| {
        let report = remember(&desk.path().join(file), runs).unwrap();
        let html = RENDERERS.iter().find(|renderer| renderer.name() == "html").unwrap();
        html.render(&report, SCREEN)
    };
    let broke = page(&runs("broke-when-the-cache-became-inline"), "broke.db");
    assert!(broke.contains("team/svc: broke at run 5 (2026-01-06): 3 of 7 steps"), "{broke}");
    assert!(
        broke.contains("team/svc: changed at the same time (not necessarily the cause): builder: "),
        "{broke}"
    );
    assert!(!page(&runs("quiet-late-source"), "quiet.db").contains("Over the earlier runs"));
}
