//! What is the same run, and what is another: the same bytes can be both.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{exported, program, report};
use crate::support::logs::HEALTHY;

fn desk() -> TempDir {
    let desk = TempDir::new().unwrap();
    fs::write(desk.path().join("build.log"), HEALTHY).unwrap();
    desk
}

/// Names of the runs in the report on the log, which is remembered as these flags say.
fn runs(desk: &Path, flags: &[&str]) -> Vec<Value> {
    let said =
        report(desk, &[&["--history", "h.db", "--job", "web"], flags, &["build.log"]].concat());
    assert_eq!(said["problems"], json!([]));
    said["runs"].as_array().unwrap().iter().map(|run| run["source"]["name"].clone()).collect()
}

#[test]
fn a_log_that_is_read_again_counts_once() {
    let desk = desk();
    for _ in 0..3 {
        assert_eq!(runs(desk.path(), &["--run-id", "7"]), ["build.log"]);
    }
    // Under another name it is the same log.
    fs::copy(desk.path().join("build.log"), desk.path().join("copy.log")).unwrap();
    let args = ["--history", "h.db", "--job", "web", "--run-id", "7", "copy.log"];
    assert_eq!(report(desk.path(), &args)["runs"].as_array().unwrap().len(), 1);
    assert_eq!(exported(desk.path(), "h.db").lines().count(), 1);
}

/// A run that takes everything from the cache says the same as the one before, byte by byte.
#[test]
fn the_same_bytes_of_another_run_or_attempt_are_another_build() {
    let desk = desk();
    assert_eq!(runs(desk.path(), &["--run-id", "7", "--attempt", "1"]), ["build.log"]);
    assert_eq!(
        runs(desk.path(), &["--run-id", "7", "--attempt", "2"]),
        ["build.log (run 7)", "build.log"]
    );
    let last = runs(desk.path(), &["--run-id", "8", "--attempt", "1"]);
    assert_eq!(last, ["build.log (run 7)", "build.log (run 7.2)", "build.log"]);
    // The second attempt is read once more, after the next run.
    assert_eq!(runs(desk.path(), &["--run-id", "7", "--attempt", "2"]).len(), 3);
    assert_eq!(exported(desk.path(), "h.db").lines().count(), 3);
}

/// Eight jobs that find no file, and make it, all at the same time.
#[test]
fn a_file_that_several_processes_make_at_once_is_one() {
    let desk = desk();
    for turn in 0..5 {
        let file = format!("{turn}.db");
        let jobs: Vec<_> = (0..8)
            .map(|job| {
                let job = job.to_string();
                let args = [
                    "--format",
                    "json",
                    "--history",
                    &file,
                    "--job",
                    "web",
                    "--run-id",
                    &job,
                    "build.log",
                ];
                program(desk.path()).args(args).stdout(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for job in jobs {
            let output = job.wait_with_output().unwrap();
            let said: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(said["problems"], json!([]));
        }
        assert_eq!(exported(desk.path(), &file).lines().count(), 8);
    }
}
