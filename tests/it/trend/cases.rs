//! What is said of real runs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::SCREEN;
use crate::support::trends::{jobs, remember, written};

fn cases() -> Vec<PathBuf> {
    let inside = fs::read_dir("tests/trend").unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = inside.filter(|path| path.join("runs.txt").exists()).collect();
    cases.sort();
    cases
}

fn of(case: &Path, format: &str) -> String {
    let desk = TempDir::new().unwrap();
    let file = desk.path().join("h.db");
    remember(&file, &fs::read_to_string(case.join("runs.txt")).unwrap());
    written(format, jobs(&file), true, SCREEN)
}

#[test]
fn every_case_is_said_for_people() {
    for case in cases() {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(fs::canonicalize(&case).unwrap());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("human", of(&case, "human")));
    }
}

/// In the JSON: how many changes for the worse and for the better there are, and whether steps take
/// turns, as the folder is called.
#[test]
fn every_case_is_what_it_is_called() {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string("schema/trend-v1.schema.json").unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for case in cases() {
        let value: Value = serde_json::from_str(&of(&case, "json")).unwrap();
        let errors: Vec<_> =
            schema.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", case.display());
        let name = case.file_name().unwrap().to_str().unwrap();
        let (word, _) = name.split_once('-').unwrap();
        assert_eq!(said(&value), word, "{name}");
    }
}

/// `broke`, `better`, `broke, better`, `turns`, `quiet`.
fn said(value: &Value) -> String {
    let list = |value: &Value, key: &str| value[key].as_array().unwrap().clone();
    let branches = list(value, "jobs").into_iter().flat_map(|job| list(&job, "branches"));
    let builds: Vec<Value> = branches.flat_map(|branch| list(&branch, "builds")).collect();
    let changes = builds.iter().flat_map(|build| list(build, "changes"));
    let words: Vec<&str> = changes
        .map(|change| if change["direction"] == "worse" { "broke" } else { "better" })
        .collect();
    let turns =
        builds.iter().flat_map(|build| list(build, "steps")).any(|step| step["in_turns"] == true);
    match (words.is_empty(), turns) {
        (false, _) => words.join("+"),
        (true, true) => "turns".to_owned(),
        (true, false) => "quiet".to_owned(),
    }
}
