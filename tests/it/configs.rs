//! Configurations as people write them: `tests/configs/<case>` is a checkout, `<case>/findings` all
//! that is said of it without a log, one finding a line.
//! `UPDATE_CONFIGS=1 cargo test --test it configs` writes them; read them as a user would.
//!
//! What is proposed is applied as a maintainer would: after at most two rounds nothing is proposed
//! any more, what was mended is not found again, and nothing of warning or more is new.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{folder, git};

const ROOT: &str = "tests/configs";
const FINDINGS: &str = "findings";

#[test]
fn findings_are_as_reviewed_and_patches_mend_them() {
    let cases: Vec<PathBuf> =
        folder::children(Path::new(ROOT)).into_iter().filter(|path| path.is_dir()).collect();
    assert!(cases.len() >= 40, "too few configurations: {}", cases.len());
    for case in cases {
        let checkout = copy(&case);
        let before = findings(checkout.path());
        let said = before.iter().map(line).collect::<Vec<_>>().join("\n") + "\n";
        let pinned = case.join(FINDINGS);
        if std::env::var_os("UPDATE_CONFIGS").is_some() {
            fs::write(&pinned, &said).unwrap();
        }
        assert_eq!(fs::read_to_string(&pinned).unwrap_or_default(), said, "{}", case.display());
        mends(&case, checkout.path(), &before);
    }
}

fn mends(case: &Path, checkout: &Path, before: &[Value]) {
    for round in 1.. {
        let patch = cachediag(checkout, &["fix", "--unsafe", "--config", "."]);
        if patch.is_empty() {
            break;
        }
        assert!(round <= 2, "{}: a third patch\n{patch}", case.display());
        git::apply(checkout, &patch);
        closed(checkout, case);
    }
    let keys = |all: &[Value]| {
        all.iter().filter(|f| f["severity"] != "note").map(key).collect::<BTreeSet<_>>()
    };
    let after = findings(checkout);
    let new: Vec<_> = keys(&after).difference(&keys(before)).cloned().collect();
    assert!(new.is_empty(), "{}: new after the patch: {new:?}", case.display());
    let mended = before
        .iter()
        .filter(|f| f["fix"]["edits"].as_array().is_some_and(|edits| !edits.is_empty()));
    for finding in mended {
        assert!(
            !after.iter().any(|f| key(f) == key(finding)),
            "{}: still found: {}",
            case.display(),
            line(finding)
        );
    }
}

/// Every expression of a workflow is closed, and the files can be read: no key twice.
fn closed(checkout: &Path, case: &Path) {
    for file in files(checkout) {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(checkout).unwrap().to_string_lossy().into_owned();
        let workflow = file.extension().is_some_and(|ending| ending == "yml");
        for line in text.lines().filter(|_| workflow) {
            assert_eq!(
                line.matches("{{").count(),
                line.matches("}}").count(),
                "{}: {line}",
                case.display()
            );
        }
        let read = cachediag::config::Config::read(&name, &text);
        assert!(
            read.is_none_or(|config| config.is_ok()),
            "{}: {name} cannot be read",
            case.display()
        );
    }
}

fn key(finding: &Value) -> (String, String) {
    let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    (text("rule"), text("fingerprint"))
}

/// `warning[rule] likely: title (file:3, file:7) patch: file`
fn line(finding: &Value) -> String {
    let text = |name: &str| finding[name].as_str().unwrap_or_default();
    let of = |list: &Value, show: &dyn Fn(&Value) -> String| {
        list.as_array().into_iter().flatten().map(show).collect::<Vec<_>>().join(", ")
    };
    let lines = of(&finding["evidence"], &|e| {
        format!("{}:{}", e["source"].as_str().unwrap_or_default(), e["line"])
    });
    let edits =
        of(&finding["fix"]["edits"], &|e| e["path"].as_str().unwrap_or_default().to_owned());
    let edits = if edits.is_empty() { "none".to_owned() } else { edits };
    format!(
        "{}[{}] {}: {} ({lines}) patch: {edits}",
        text("severity"),
        text("rule"),
        text("confidence"),
        text("title")
    )
}

fn findings(checkout: &Path) -> Vec<Value> {
    let report: Value =
        serde_json::from_str(&cachediag(checkout, &["--format", "json", "--config", "."])).unwrap();
    report["findings"].as_array().unwrap().clone()
}

fn cachediag(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    let done = command.args(args).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    String::from_utf8(done.stdout).unwrap()
}

/// The case in a folder of its own, without what is pinned.
fn copy(case: &Path) -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in files(case).into_iter().filter(|file| *file != case.join(FINDINGS)) {
        let to = folder.path().join(file.strip_prefix(case).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&file, to).unwrap();
    }
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for path in folder::children(&next).into_iter().filter(|path| !path.ends_with(".git")) {
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
