//! What is read of the paths that are given.

use crate::desk::{Desk, stdout};
use crate::logs::SICK;

/// Names of the logs in the report on these paths.
fn read(desk: &Desk, paths: &[&str]) -> Vec<String> {
    let report = stdout(&mut desk.run(&[paths, &["--format", "json"]].concat()));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let runs = report["runs"].as_array().unwrap().iter();
    runs.map(|run| run["source"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_file_under_two_names_is_read_once() {
    let desk = Desk::with(SICK).and("logs/other.log", SICK);
    assert_eq!(read(&desk, &["run.log", "run.log"]), ["run.log"]);
    assert_eq!(read(&desk, &["run.log", "./run.log"]), ["./run.log"]);
    assert_eq!(read(&desk, &["logs", "logs/other.log", "run.log"]), ["logs/other.log", "run.log"]);
    assert_eq!(read(&desk, &[".", "logs"]), ["./logs/other.log", "./run.log"]);
    // The same bytes in another file may be another run.
    assert_eq!(read(&desk, &["."]).len(), 2);
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
