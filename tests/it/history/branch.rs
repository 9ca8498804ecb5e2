//! `--baseline-branch`: what the newest run of a branch has fails no run of another.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::{program, report};
use crate::support::logs::{HEALTHY, SICK};

/// A job of one build on a desk, run by run.
struct Job(TempDir);

impl Job {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Exit status, and what is said on standard error.
    fn run(&self, branch: &str, run: &str, log: &str, more: &[&str]) -> (Option<i32>, String) {
        fs::write(self.folder().join("build.log"), log).unwrap();
        let job = ["--history", "h.db", "--job", "web", "--branch", branch, "--run-id", run];
        let mut judged = vec!["--baseline-branch", "main", "build.log"];
        if !more.contains(&"--fail-on") {
            judged.extend(["--fail-on", "error"]);
        }
        let output = program(self.folder()).args(job).args(judged).args(more).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    fn report(&self, branch: &str, run: &str, more: &[&str]) -> serde_json::Value {
        let job = ["--history", "h.db", "--job", "web", "--branch", branch, "--run-id", run];
        let judged = ["--baseline-branch", "main", "build.log"];
        report(self.folder(), &[&job[..], &judged[..], more].concat())
    }
}

#[test]
fn what_the_branch_has_fails_no_other_branch() {
    let job = Job::new();
    assert_eq!(job.run("main", "1", HEALTHY, &[]).0, Some(0));
    assert_eq!(job.run("fix", "2", SICK, &[]), (Some(1), String::new()));
    // It comes to main: a run of its own is held against the one before.
    assert_eq!(job.run("main", "3", SICK, &[]).0, Some(1));
    assert_eq!(job.run("main", "4", SICK, &[]).0, Some(0));
    assert_eq!(job.run("fix", "5", SICK, &[]), (Some(0), String::new()));
    let said = job.report("fix", "6", &[]);
    assert_eq!(
        said["baseline_branch"],
        json!({"branch": "main", "run": "run 4", "new": 0, "known": 1})
    );
    assert_eq!(said["findings"][0]["known"], true);
    // It is put right there, and fails again here.
    job.run("main", "7", HEALTHY, &["--last", "1"]);
    job.run("main", "8", HEALTHY, &["--last", "1"]);
    assert_eq!(job.run("fix", "9", SICK, &[]).0, Some(1));
}

/// Many runs of other branches later.
#[test]
fn the_newest_run_of_the_branch_is_found_however_far_back_it_is() {
    let job = Job::new();
    job.run("main", "1", SICK, &[]);
    for number in 2..12 {
        job.run("fix", &number.to_string(), SICK, &["--last", "3"]);
    }
    assert_eq!(job.run("fix", "99", SICK, &["--last", "3"]).0, Some(0));
}

/// The stricter way: a name that is misspelt must not pass everything.
#[test]
fn without_a_run_of_the_branch_every_finding_counts() {
    let job = Job::new();
    let (status, said) = job.run("fix", "1", SICK, &["--max-drop", "10"]);
    assert_eq!(status, Some(1));
    assert_eq!(
        said,
        "warning: no run of branch main is remembered: every finding counts, and --max-drop is not \
            checked\n"
    );
    assert_eq!(job.report("fix", "1", &[])["baseline_branch"]["run"], json!(null));
    let alone = ["--fail-on", "error", "--baseline-branch", "main", "build.log"];
    let output = program(job.folder()).args(alone).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("--baseline-branch main needs --history FILE.db: every"), "{said}");
}

/// `registry/app:cache-<branch>`, as many pipelines name their caches.
#[test]
fn a_cache_that_is_called_after_the_branch_is_the_same_finding() {
    let job = Job::new();
    let log = |branch: &str| {
        let cache = format!("registry.example.com/app:cache-{branch}");
        let refused = "failed to push: unexpected status from PUT request: 403 Forbidden";
        format!(
            "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n\
            #2 [1/2] FROM docker.io/library/alpine:3.20\n#2 DONE 0.0s\n\n\
            #3 [2/2] RUN make\n#3 DONE 1.2s\n\n\
            #4 exporting cache to registry\n#4 ERROR: {refused}\n------\n > exporting cache \
            to registry:\n------\nERROR: failed to solve: {cache}: {refused}\n"
        )
    };
    job.run("main", "1", &log("main"), &[]);
    let status = job.run("fix/login", "2", &log("fix-login"), &["--fail-on", "note"]).0;
    let found = job.report("fix/login", "2", &[]);
    assert!(!found["findings"].as_array().unwrap().is_empty(), "{found:#}");
    assert_eq!(status, Some(0), "{found:#}");
}

#[test]
fn less_from_the_cache_than_there_fails() {
    let job = Job::new();
    job.run("main", "1", HEALTHY, &[]);
    let ran = HEALTHY.replace("#3 CACHED", "#3 DONE 9.0s");
    assert_eq!(job.run("fix", "2", HEALTHY, &["--max-drop", "0"]).0, Some(0));
    assert_eq!(job.run("fix", "3", &ran, &[]).0, Some(0), "nobody asked");
    assert_eq!(job.run("fix", "4", &ran, &["--max-drop", "100"]).0, Some(0));
    assert_eq!(job.run("fix", "5", &ran, &["--max-drop", "99"]).0, Some(1));
    let said = job.report("fix", "5", &["--max-drop", "99"]);
    let gate = &said["gates"][0];
    assert_eq!((&gate["name"], &gate["passed"]), (&json!("max-drop"), &json!(false)));
    assert_eq!(
        gate["builds"][0]["says"],
        "0 of 1 RUN, COPY, ADD and WORKDIR steps from the cache, 1 of 1 in the newest run of main"
    );
    let output = program(job.folder()).args(["--max-drop", "5", "build.log"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
