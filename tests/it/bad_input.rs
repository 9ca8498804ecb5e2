//! What no log should be: a clear message or a problem in the report, never a panic, and the rest
//! is still read.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

const GOOD: &str = "sample-logs/inline-multi-stage/run-01.log";

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn say(paths: &[&Path]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    let output = command.args(["--format", "json"]).args(paths).output().unwrap();
    Said {
        code: output.status.code().expect("ended by a signal"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The bad input alone ends with status 2 and its message; beside a good one it is a problem.
fn is_a_problem(name: &str, bytes: Option<&[u8]>, message: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    if let Some(bytes) = bytes {
        fs::write(&path, bytes).unwrap();
    }
    let alone = say(&[&path]);
    assert_eq!(alone.code, 2, "{}", alone.err);
    assert!(alone.err.contains(message), "{}", alone.err);
    let beside = say(&[&path, Path::new(GOOD)]);
    assert_eq!(beside.code, 0, "{}", beside.err);
    let report: serde_json::Value = serde_json::from_str(&beside.out).unwrap();
    assert_eq!(report["runs"].as_array().unwrap().len(), 1);
    assert!(report["problems"][0]["message"].as_str().unwrap().contains(message), "{}", beside.out);
}

/// Read without a problem.
fn is_read(bytes: &[u8]) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("build.log");
    fs::write(&path, bytes).unwrap();
    let said = say(&[&path]);
    assert_eq!(said.code, 0, "{}", said.err);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    // What is said of a line is about a build that was cut off.
    let unread = |problem: &serde_json::Value| problem["line"].is_null();
    assert!(!report["problems"].as_array().unwrap().iter().any(unread), "{}", report["problems"]);
    report
}

fn steps(report: &serde_json::Value) -> usize {
    report["runs"][0]["builds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["steps"].as_array().unwrap().len())
        .sum()
}

#[test]
fn a_missing_file() {
    is_a_problem("nowhere.log", None, "no such file");
}

#[test]
fn an_empty_file() {
    is_a_problem("empty.log", Some(b""), "is empty");
}

#[test]
fn a_binary_file() {
    is_a_problem("core.log", Some(&[0u8, 1, 2, 3].repeat(4096)), "binary");
}

#[test]
fn a_directory_without_logs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), "FROM scratch\n").unwrap();
    let said = say(&[folder.path()]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("directory without logs"), "{}", said.err);
}

#[test]
fn a_log_cut_in_the_middle_of_a_line() {
    let whole = fs::read(GOOD).unwrap();
    for cut in (0..whole.len()).step_by(97).skip(1) {
        is_read(&whole[..cut]);
    }
}

#[test]
fn a_log_that_begins_in_the_middle() {
    let whole = fs::read(GOOD).unwrap();
    for cut in (0..whole.len() - 1).step_by(97) {
        is_read(&whole[cut..]);
    }
}

#[test]
fn a_line_of_ten_million_characters() {
    let mut log = fs::read(GOOD).unwrap();
    let before = steps(&is_read(&log));
    log.extend_from_slice(b"#99 0.1 ");
    log.extend(std::iter::repeat_n(b'x', 10_000_000));
    log.extend_from_slice(b"\n#99 [9/9] RUN true\n#99 CACHED\n");
    assert_eq!(steps(&is_read(&log)), before + 1);
}

#[test]
fn bytes_that_are_no_text() {
    let mut log = fs::read(GOOD).unwrap();
    log.extend_from_slice(
        b"#77 [8/9] RUN echo \xff\xfe\x00\x1b]0;title\x07 x\n#77 CACHED\n\xf0\x9f\n",
    );
    is_read(&log);
}
