//! Corrected configuration, as data: `tests/checkouts/<kind>/<case>/before` is a checkout, `after`
//! what it shall be; without `after` nothing is proposed.
//!
//! The edits come from the binary, run on the checkout (and on `logs` beside it), or where there is
//! a `changes.json` from the changes it lists. Every patch goes through `git apply`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use cachediag::config::{CacheSettings, Change, Config, Side};
use serde_json::Value;

use crate::support::{folder, git};

const ROOT: &str = "tests/checkouts";

#[test]
fn patches_apply_and_do_what_was_asked() {
    let cases = folders(Path::new(ROOT)).iter().flat_map(|kind| folders(kind)).collect::<Vec<_>>();
    assert!(cases.len() > 3, "no cases in {ROOT}");
    for case in cases {
        let checkout = tempfile::tempdir().unwrap();
        let home = checkout.path();
        let before = tree(&case.join("before"));
        write(home, &before);
        fs::create_dir_all(home.join(".git")).unwrap();
        let diffs = diffs(&case, home);
        let name = case.display();
        let wanted =
            if case.join("after").exists() { tree(&case.join("after")) } else { before.clone() };
        assert_eq!(diffs.is_empty(), wanted == before, "{name}: {diffs:#?}");
        for diff in &diffs {
            git::apply(home, diff);
        }
        let now: BTreeMap<PathBuf, Vec<u8>> =
            tree(home).into_iter().filter(|(path, _)| !is_own(path)).collect();
        for path in now.keys().chain(wanted.keys()) {
            let text = |files: &BTreeMap<PathBuf, Vec<u8>>| {
                files.get(path).map(|b| String::from_utf8_lossy(b).into_owned())
            };
            assert_eq!(text(&now), text(&wanted), "{name}: {}", path.display());
        }
        for (path, bytes) in &now {
            let read = Config::read(&path.to_string_lossy(), &String::from_utf8_lossy(bytes));
            assert!(
                read.is_none_or(|config| config.is_ok()),
                "{name}: {} cannot be read",
                path.display()
            );
        }
        if !case.join("changes.json").exists() && !case.join("logs").exists() {
            assert_eq!(proposed(home), Vec::<String>::new(), "{name}: the defect is still there");
        }
    }
}

fn diffs(case: &Path, home: &Path) -> Vec<String> {
    if let Ok(text) = fs::read_to_string(case.join("changes.json")) {
        return asked(home, &serde_json::from_str(&text).unwrap());
    }
    if case.join("logs").exists() {
        write(&home.join("logs"), &tree(&case.join("logs")));
    }
    proposed(home)
}

/// What the binary proposes in a checkout.
fn proposed(home: &Path) -> Vec<String> {
    let mut command = Command::cargo_bin("cachediag").unwrap();
    command.current_dir(home).args(["--format", "json", "--config", "."]);
    if home.join("logs").exists() {
        command.arg("logs");
    }
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let findings = report.get("findings").and_then(Value::as_array).unwrap();
    let edits = findings
        .iter()
        .filter_map(|finding| finding.get("fix")?.get("edits")?.as_array())
        .flatten();
    let mut diffs: Vec<String> =
        edits.map(|edit| edit["diff"].as_str().unwrap().to_owned()).collect();
    // Two findings may ask for one change.
    diffs.sort();
    diffs.dedup();
    diffs
}

/// `{"file": "compose.yaml", "changes": [{"caches": 0, "from": […], "to": "…", "inline": false}], "refused": "…"}`
fn asked(home: &Path, case: &Value) -> Vec<String> {
    let path = case["file"].as_str().unwrap();
    let text = fs::read_to_string(home.join(path)).unwrap_or_default();
    let config = Config::read(path, &text).unwrap().unwrap();
    let changes: Vec<Change> = case["changes"].as_array().unwrap().iter().map(change).collect();
    match (config.corrected(&changes), case["refused"].as_str()) {
        (Ok(new), None) => vec![new.diff],
        (Err(why), Some(refused)) if why.contains(refused) => Vec::new(),
        (got, wanted) => panic!("{path}: {got:#?} instead of {wanted:?}"),
    }
}

fn change(value: &Value) -> Change {
    let place = |key: &str| usize::try_from(value[key].as_u64().unwrap()).unwrap();
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let line = |key: &str| value[key].as_u64().unwrap();
    let lines =
        |key: &str| value[key].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
    let has = |key: &str| value.get(key).is_some();
    if has("caches") {
        let from = value["from"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|v| v.as_str().unwrap().to_owned())
            .collect();
        let flag = |key: &str| value[key].as_bool().unwrap_or(false);
        let settings = CacheSettings {
            from,
            to: text("to"),
            inline: flag("inline"),
            builder: flag("builder"),
        };
        return Change::Caches { place: place("caches"), settings };
    }
    if has("spec") {
        return Change::Spec {
            place: place("spec"),
            side: Side::Both,
            old: text("old").unwrap(),
            new: text("new").unwrap(),
        };
    }
    if has("use-cache") {
        return Change::UseCache { place: place("use-cache") };
    }
    if has("copy") {
        return Change::CopyLater { copy: line("copy"), runs: lines("runs"), first: text("first") };
    }
    if has("declared") {
        return Change::DeclareLater { declared: lines("declared"), before: line("before") };
    }
    if has("digest") {
        return Change::PinBase { from: line("from"), digest: text("digest").unwrap() };
    }
    Change::Ignore { pattern: text("ignore").unwrap() }
}

/// Files that the test itself puts into a checkout.
fn is_own(path: &Path) -> bool {
    path.starts_with(".git") || path.starts_with("logs")
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    folder::children(folder).into_iter().filter(|path| path.is_dir()).collect()
}

/// All files below a folder, by their paths in it.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for path in folder::children(&next) {
            if path.is_dir() {
                open.push(path);
            } else {
                files.insert(
                    path.strip_prefix(folder).unwrap().to_owned(),
                    fs::read(&path).unwrap(),
                );
            }
        }
    }
    files
}

fn write(folder: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
