//! Configuration judged alone.

use std::fs;

use super::desk::{Desk, stderr, stdout};
use crate::support::logs::SICK;

/// Images that are built side by side and save one cache.
fn desk() -> Desk {
    let pipelines =
        fs::read_to_string("sample-logs/bitbucket-parallel-upload/bitbucket-pipelines.yml")
            .unwrap();
    Desk::with(SICK).and("ci/bitbucket-pipelines.yml", &pipelines).and("notes.txt", "nothing")
}

const FOUND: &str = "error[parallel-steps-share-cache]";

#[test]
fn files_and_folders_are_configuration() {
    let desk = desk();
    for path in ["ci/bitbucket-pipelines.yml", "ci", "."] {
        let mut check = desk.run(&["check", path, "--format", "concise"]);
        let said = stdout(check.write_stdin(SICK));
        assert!(
            said.contains(FOUND) && !said.contains("export-unsupported-by-driver"),
            "{path}: {said}"
        );
    }
    assert!(stdout(&mut desk.run(&["check"])).contains(FOUND));
}

#[test]
fn the_status_is_that_of_the_worst_finding() {
    let desk = desk();
    let file = "ci/bitbucket-pipelines.yml";
    desk.run(&["check", file]).assert().code(0);
    desk.run(&["check", "--fail-on", "error", file]).assert().code(1);
    desk.run(&["check", "--fail-on", "error", file, "notes.txt"]).assert().code(1);
    desk.run(&["check", "--fail-on", "error", "--ignore", "parallel-steps-share-cache", file])
        .assert()
        .code(0);
}

/// A hook names each file that changed.
#[test]
fn a_file_of_another_kind_is_no_mistake_and_one_that_is_missing_is() {
    let desk = desk();
    let mut other = desk.run(&["check", "--fail-on", "note", "notes.txt"]);
    other.assert().code(0);
    assert!(
        stderr(&mut other).contains("not a configuration file that cachediag knows: notes.txt")
    );
    desk.run(&["check", "missing.yml"]).assert().code(2);
}

/// A cluster's folder holds more than what builds, and much of it is large.
#[test]
fn what_a_folder_holds_besides_is_no_mistake() {
    let large = "apiVersion: v1\nkind: ConfigMap\ndata: {docker: kaniko}\n".to_owned()
        + &"# more\n".repeat(100_000);
    let desk = desk().and("k8s/large.yaml", &large).and("k8s/chart.yaml", "{{ if .docker }}\n");
    let mut check = desk.run(&["check"]);
    let said = stdout(&mut check) + &stderr(&mut check);
    assert!(said.contains(FOUND) && !said.contains("k8s"), "{said}");
}

/// What is asked of builds is for their logs.
#[test]
fn gates_and_history_of_the_settings_do_not_count() {
    let settings = "min-hit-rate = 90\nhistory = \"h.db\"\n";
    let desk =
        desk().and("cachediag.toml", settings).and("Dockerfile", "FROM alpine:3.20\nRUN true\n");
    desk.run(&["check", "--fail-on", "note", "Dockerfile"]).assert().code(0);
    assert!(!desk.file("h.db").exists());
}
