//! What is read of the paths that are given.

use serde_json::Value;

use super::desk::{Desk, stdout};
use crate::support::logs::{HEALTHY, SICK};

fn report(desk: &Desk, paths: &[&str]) -> Value {
    serde_json::from_str(&stdout(&mut desk.run(&[paths, &["--format", "json"]].concat()))).unwrap()
}

fn list<'a>(report: &'a Value, at: &str) -> Vec<&'a str> {
    let (of, field) = at.split_once('*').unwrap();
    let items = report.pointer(of).and_then(Value::as_array).unwrap().iter();
    items.map(|item| item.pointer(field).and_then(Value::as_str).unwrap()).collect()
}

/// Names of the logs in the report on these paths.
fn read(desk: &Desk, paths: &[&str]) -> Vec<String> {
    list(&report(desk, paths), "/runs*/source/name").into_iter().map(str::to_owned).collect()
}

#[test]
fn a_file_under_two_names_is_read_once() {
    let desk = Desk::with(SICK).and("logs/other.log", HEALTHY);
    assert_eq!(read(&desk, &["run.log", "run.log"]), ["run.log"]);
    assert_eq!(read(&desk, &["run.log", "./run.log"]), ["./run.log"]);
    assert_eq!(read(&desk, &["logs", "logs/other.log", "run.log"]), ["logs/other.log", "run.log"]);
    assert_eq!(read(&desk, &[".", "logs"]), ["./logs/other.log", "./run.log"]);
}

#[cfg(unix)]
#[test]
fn a_link_beside_its_target_is_no_second_run() {
    let desk = Desk::with(SICK);
    std::os::unix::fs::symlink("run.log", desk.file("latest.log")).unwrap();
    std::fs::hard_link(desk.file("run.log"), desk.file("z.log")).unwrap();
    assert_eq!(read(&desk, &["run.log", "latest.log", "z.log"]), ["latest.log"]);
    assert_eq!(read(&desk, &["latest.log"]), ["latest.log"]);
}

/// Two cold runs would prove that nothing is kept between them.
#[test]
fn a_copy_of_a_run_is_no_second_run() {
    let cold = HEALTHY.replace("CACHED", "DONE 1.2s");
    let desk = Desk::with(&cold).and("latest.log", &cold).and("other.log", &cold.replace("1.2s", "1.3s"));
    let said = report(&desk, &["."]);
    assert_eq!(list(&said, "/runs*/source/name"), ["./latest.log", "./other.log"]);
    assert_eq!(list(&said, "/problems*/source"), ["./run.log"]);
    let message = "has the same bytes as ./latest.log: a copy, not another run";
    assert_eq!(list(&said, "/problems*/message"), [message]);
}

#[test]
fn a_run_that_took_all_from_the_cache_may_repeat_another() {
    let desk = Desk::with(HEALTHY).and("run-2.log", HEALTHY);
    assert_eq!(read(&desk, &["."]).len(), 2);
}

/// `fix mistyped.log | git apply` would change what no log speaks of.
#[test]
fn a_patch_is_not_made_without_the_log_that_was_named() {
    let bake =
        "target \"a\" {\n  no-cache = true\n  cache-from = [\"type=gha\"]\n  cache-to = [\"type=gha,mode=max\"]\n}\n";
    let desk = Desk::with(SICK).and("docker-bake.hcl", bake);
    let alone = desk.run(&["fix", "--unsafe", "--config", "."]).output().unwrap();
    assert!(alone.status.success() && !alone.stdout.is_empty());
    let missing = desk.run(&["fix", "--unsafe", "missing.log", "--config", "."]).output().unwrap();
    assert_eq!((missing.status.code(), missing.stdout.len()), (Some(2), 0));
}
