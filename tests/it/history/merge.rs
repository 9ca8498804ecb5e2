//! Records of jobs that ran side by side, each with a file of its own: the recipes of
//! `docs/history.md`.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{absolute, exported, program, report};

fn import(folder: &Path, file: &str, records: &[&str]) {
    let output = program(folder)
        .args(["history", "import", "--history", file])
        .args(records)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn records_merge_in_any_order_and_are_judged_together() {
    let desk = TempDir::new().unwrap();
    let log = |n: usize| absolute(&format!("sample-logs/every-second-run/run-0{n}.log"));
    // Runs 1 to 5, each on an agent that knows nothing of the others.
    for n in 1..=5 {
        let (db, run) = (format!("{n}.db"), n.to_string());
        report(
            desk.path(),
            &["--history", &db, "--job", "image", "--run-id", &run, log(n).to_str().unwrap()],
        );
        fs::write(desk.path().join(format!("{n}.ndjson")), exported(desk.path(), &db)).unwrap();
    }
    import(desk.path(), "up.db", &["1.ndjson", "2.ndjson", "3.ndjson", "4.ndjson", "5.ndjson"]);
    import(desk.path(), "down.db", &["5.ndjson", "3.ndjson", "1.ndjson"]);
    import(desk.path(), "down.db", &["4.ndjson", "2.ndjson", "5.ndjson", "1.ndjson"]);
    let merged = exported(desk.path(), "up.db");
    assert_eq!(merged.lines().count(), 5);
    assert_eq!(merged, exported(desk.path(), "down.db"));

    let last =
        report(desk.path(), &["--history", "down.db", "--job", "image", log(6).to_str().unwrap()]);
    assert_eq!(last["findings"][0]["rule"], "inline-cache-lost-every-second-run");
    assert_eq!(last["runs"].as_array().unwrap().len(), 6);
}

#[test]
fn what_is_no_record_is_named_and_the_rest_is_kept() {
    let desk = TempDir::new().unwrap();
    report(
        desk.path(),
        &[
            "--history",
            "h.db",
            absolute("sample-logs/every-second-run/run-01.log").to_str().unwrap(),
        ],
    );
    let text = exported(desk.path(), "h.db");
    fs::write(desk.path().join("mixed.ndjson"), format!("{{\"version\":9}}\nnoise\n\n{text}"))
        .unwrap();
    let args = ["history", "import", "--history", "other.db", "mixed.ndjson"];
    let output = program(desk.path()).args(args).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("mixed.ndjson:1: is a record of version 9")
            && said.contains("mixed.ndjson:2: "),
        "{said}"
    );
    assert_eq!(exported(desk.path(), "other.db"), text);

    let list =
        program(desk.path()).args(["history", "list", "--history", "other.db"]).output().unwrap();
    assert!(String::from_utf8(list.stdout).unwrap().contains("1 run "));
    let none =
        program(desk.path()).args(["history", "list", "--history", "none.db"]).output().unwrap();
    assert!(!none.status.success() && !desk.path().join("none.db").exists());
}
