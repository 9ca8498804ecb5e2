//! `--baseline`: only what is new fails.

use std::fs;

use super::desk::{Desk, stderr, stdout};
use crate::support::logs::{HEALTHY, SICK};

const WITH: [&str; 5] = ["run.log", "--fail-on", "note", "--baseline", "known.json"];

fn json(desk: &Desk) -> serde_json::Value {
    serde_json::from_str(&stdout(desk.run(&WITH).args(["--format", "json"]))).unwrap()
}

#[test]
fn what_is_known_does_not_fail() {
    let desk = Desk::with(SICK);
    desk.run(&WITH).arg("--update-baseline").assert().code(0);
    desk.run(&WITH).assert().code(0);
    let text = stdout(&mut desk.run(&WITH));
    assert!(text.starts_with("error[export-unsupported-by-driver]  known: "), "{text}");
    assert!(text.contains("baseline: known.json: 0 new, 1 known, 0 gone"), "{text}");
    let report = json(&desk);
    assert_eq!(report["findings"][0]["known"], true);
    assert_eq!(
        report["baseline"],
        serde_json::json!({"name": "known.json", "new": 0, "known": 1, "gone": []})
    );
}

#[test]
fn what_is_new_fails() {
    let desk = Desk::with(HEALTHY);
    desk.run(&WITH).arg("--update-baseline").assert().code(0);
    fs::write(desk.file("run.log"), SICK).unwrap();
    desk.run(&WITH).assert().code(1);
    assert_eq!(json(&desk)["findings"][0]["known"], false);
}

#[test]
fn what_is_gone_is_named_and_taken_off() {
    let desk = Desk::with(SICK);
    desk.run(&WITH).arg("--update-baseline").assert().code(0);
    fs::write(desk.file("run.log"), HEALTHY).unwrap();
    let text = stdout(&mut desk.run(&WITH));
    let gone = "baseline: known.json: 0 new, 0 known, 1 gone\nbaseline: gone: \
        export-unsupported-by-driver of ";
    assert!(text.contains(gone), "{text}");
    assert_eq!(json(&desk)["baseline"]["gone"][0]["rule"], "export-unsupported-by-driver");
    let said = stderr(desk.run(&WITH).arg("--update-baseline"));
    assert_eq!(said, "known.json: 0 known from now on, 0 of them new; 1 taken off\n");
    assert!(!stdout(&mut desk.run(&WITH)).contains("gone: "));
}

/// Two projects, one fault: what is known of one is news of the other.
#[test]
fn the_fault_of_one_build_never_hides_that_of_another() {
    let named = |image: &str| {
        SICK.replace(
            "#4 exporting to image\n",
            &format!("#4 exporting to image\n#4 naming to registry.example.com/{image}:1 done\n"),
        )
    };
    let (api, web) = (named("team/api"), named("team/web"));
    let other_base = SICK.replace("library/alpine", "library/golang");
    for (api, web) in [(&*api, &*web), (SICK, &*other_base)] {
        let desk = Desk::with("").and("a/run.log", api).and("b/run.log", web);
        let judged = |folders: &[&str]| {
            let mut command = desk.run(folders);
            command.args(["--fail-on", "error", "--baseline", "known.json"]);
            command
        };
        judged(&["a"]).arg("--update-baseline").assert().code(0);
        judged(&["a"]).assert().code(0);
        judged(&["b"]).assert().code(1);
        judged(&["a", "b"]).assert().code(1);
        judged(&["a", "b"]).arg("--update-baseline").assert().code(0);
        for folders in [&["a"][..], &["b"], &["a", "b"]] {
            judged(folders).assert().code(0);
        }
        let text = stdout(&mut judged(&["a"]));
        assert!(text.contains("0 new, 1 known, "), "{text}");
        assert!(text.contains(" gone\nbaseline: gone: export-unsupported-by-driver of "), "{text}");
    }
}

/// Another run of the same build.
#[test]
fn what_is_known_stays_known() {
    let desk = Desk::with("").and("a/run-1.log", SICK);
    desk.run(&["a", "--baseline", "known.json", "--update-baseline"]).assert().code(0);
    fs::write(desk.file("a/run-2.log"), SICK.replace("DONE 1.2s", "DONE 7.2s")).unwrap();
    for logs in ["a", "a/run-2.log"] {
        let judged = [logs, "--baseline", "known.json", "--fail-on", "error"];
        let text = stdout(&mut desk.run(&judged));
        assert!(text.contains("known: the docker driver cannot export a cache"), "{text}");
        desk.run(&judged).assert().code(0);
    }
}

/// No costs, dates or lines: they would change with every run.
#[test]
fn the_file_changes_with_what_is_found_only() {
    let desk = Desk::with(SICK);
    desk.run(&WITH).arg("--update-baseline").assert().code(0);
    let first = fs::read_to_string(desk.file("known.json")).unwrap();
    insta::assert_snapshot!(first);
    let later = SICK.replace("1.2s", "99.9s").replace("#1 [internal]", "\n\n#1 [internal]");
    fs::write(desk.file("run.log"), later).unwrap();
    desk.run(&WITH).arg("--update-baseline").assert().code(0);
    assert_eq!(fs::read_to_string(desk.file("known.json")).unwrap(), first);
    assert_eq!(fs::read_dir(desk.folder.path()).unwrap().count(), 2, "nothing is left of writing");
}

/// Readable by all whom the umask lets read: it is committed, and caches of CI systems copy it.
#[test]
#[cfg(unix)]
fn the_file_is_made_as_others_are() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::with(SICK);
    desk.run(&WITH).arg("--update-baseline").assert().code(0);
    let mode = |name: &str| fs::metadata(desk.file(name)).unwrap().permissions().mode();
    assert_eq!(mode("known.json"), mode("run.log"));
}

#[test]
fn errors_say_how_to_make_one() {
    let desk = Desk::with(SICK)
        .and("notes.json", "{\"version\": 2}")
        .and("v9.json", r#"{"version": 9, "findings": []}"#);
    desk.run(&WITH).assert().code(2);
    let said = stderr(&mut desk.run(&WITH));
    assert!(
        said.contains("there is no baseline known.json") && said.contains("add --update-baseline"),
        "{said}"
    );
    assert!(
        stderr(&mut desk.run(&["run.log", "--update-baseline"]))
            .contains("--baseline cachediag-baseline.json")
    );
    // Whatever it is, it is not overwritten.
    for (file, words) in [("notes.json", "is not a baseline"), ("v9.json", "of version 9")] {
        let said = stderr(&mut desk.run(&["run.log", "--update-baseline", "--baseline", file]));
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(fs::read_to_string(desk.file("notes.json")).unwrap(), "{\"version\": 2}");
}

#[test]
fn nothing_is_written_where_nothing_was_read() {
    let desk = Desk::with(SICK);
    desk.run(&["gone.log", "--baseline", "known.json", "--update-baseline"]).assert().code(2);
    assert!(!desk.file("known.json").exists());
}

/// What is hidden is decided already; should it be shown again, it is new.
#[test]
fn what_is_hidden_is_neither_known_nor_gone() {
    let desk = Desk::with(SICK);
    desk.run(&WITH).arg("--update-baseline").assert().code(0);
    let text = stdout(desk.run(&WITH).args(["--ignore", "export-unsupported-by-driver"]));
    assert!(text.contains("baseline: known.json: 0 new, 0 known, 0 gone\n"), "{text}");
}
