//! Every patch that is offered for a sample is taken by `git apply`; where the configuration alone
//! was judged, the defect is gone afterwards, and nothing else is to be changed.
//!
//! The cases are those of `tests/rules`: a folder with configuration and no log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::{folder, git};

fn files(folder: &Path) -> Vec<PathBuf> {
    folder::children(folder)
        .into_iter()
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// Folders below `tests/rules/<rule>/<kind>` that hold no log, with their rule.
fn cases(kind: &str) -> Vec<(String, PathBuf)> {
    let rules = folder::children(Path::new("tests/rules")).into_iter().map(|rule| {
        let name = rule.file_name().unwrap().to_str().unwrap().to_owned();
        (name, rule.join(kind))
    });
    let all = rules.flat_map(|(name, folder)| {
        folder::children(&folder).into_iter().map(move |case| (name.clone(), case))
    });
    all.filter(|(_, case)| files(case).iter().all(|file| !is_of_a_run(file))).collect()
}

/// A log, or a file that a build left: `run-01.log`, `run-01.cache.json`.
fn is_of_a_run(file: &Path) -> bool {
    let named = file.file_name().and_then(|name| name.to_str());
    let log = matches!(
        file.extension().and_then(|e| e.to_str()),
        Some("log" | "txt" | "zip" | "gz" | "zst" | "jsonl" | "rawjson")
    );
    log || named.is_some_and(|name| name.starts_with("run-"))
}

/// The case in a folder of its own.
fn copy(case: &Path) -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in files(case) {
        let to = folder.path().join(file.strip_prefix(case).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&file, to).unwrap();
    }
    folder
}

fn cachediag(folder: &Path, args: &[&str]) -> (String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_cachediag"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
}

fn rules_found(folder: &Path) -> Vec<String> {
    let (json, _) = cachediag(folder, &["--format", "json", "--config", "."]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn patches_apply_and_mend() {
    let cases = cases("fires");
    assert!(cases.len() >= 8, "too few cases without a log: {}", cases.len());
    for (rule, case) in cases {
        let folder = copy(&case);
        let (patch, said) = cachediag(folder.path(), &["fix", "--unsafe", "--config", "."]);
        if patch.is_empty() {
            // On a terminal a note is told in short.
            let (text, _) = cachediag(folder.path(), &["--format", "json", "--config", "."]);
            assert!(
                text.contains("No patch for"),
                "{}: neither a patch nor a reason: {said}{text}",
                case.display()
            );
            continue;
        }
        git::apply(folder.path(), &patch);
        let left = rules_found(folder.path());
        assert!(!left.contains(&rule), "{}: {rule} is still found after\n{patch}", case.display());
        // What contradicts another change comes in a second round.
        let (again, _) = cachediag(folder.path(), &["fix", "--unsafe", "--config", "."]);
        if !again.is_empty() {
            git::apply(folder.path(), &again);
        }
        let (more, _) = cachediag(folder.path(), &["fix", "--unsafe", "--config", "."]);
        assert_eq!(more, "", "{}: a third patch after\n{again}", case.display());
    }
}

#[test]
fn written_files_are_what_the_patch_makes() {
    for (_, case) in cases("fires") {
        let (patched, written) = (copy(&case), copy(&case));
        let (patch, _) = cachediag(patched.path(), &["fix", "--unsafe", "--config", "."]);
        if patch.is_empty() {
            continue;
        }
        git::apply(patched.path(), &patch);
        cachediag(written.path(), &["fix", "--unsafe", "--write", "--config", "."]);
        for file in files(&case) {
            let name = file.strip_prefix(&case).unwrap();
            let read = |folder: &TempDir| fs::read(folder.path().join(name)).unwrap();
            assert!(read(&patched) == read(&written), "{}: {}", case.display(), name.display());
        }
    }
}

#[test]
fn nothing_is_changed_where_nothing_is_wrong() {
    for (rule, case) in cases("quiet") {
        let folder = copy(&case);
        let found = rules_found(folder.path());
        assert!(!found.contains(&rule), "{}: {found:?}", case.display());
        let (patch, _) =
            cachediag(folder.path(), &["fix", "--unsafe", "--rule", &rule, "--config", "."]);
        assert_eq!(patch, "", "{}", case.display());
    }
}
