//! `cachediag history …` as people use it: what it says on both streams, and its status.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use cachediag::history::{HistorySettings, Identity};
use cachediag::pipeline::{self, Options};
use chrono::{DateTime, TimeDelta};
use tempfile::TempDir;

use super::{exported, program};
use crate::support::logs::SICK;

/// The jobs `web` and `api` of one pipeline, and another `web`; of the first two runs.
const RUNS: [(&str, &str, &str); 4] = [
    ("team/app", "web", "1"),
    ("team/app", "web", "2"),
    ("team/app", "api", "2"),
    ("team/shop", "web", "2"),
];

/// A history of these runs, an hour apart from each other, long ago.
fn desk() -> TempDir {
    let desk = TempDir::new().unwrap();
    let log = desk.path().join("build.log");
    fs::write(&log, SICK).unwrap();
    for (hour, (repository, job, run)) in (0..).zip(RUNS) {
        let [repository, pipeline, job, run] =
            [repository, "CI", job, run].map(|text| Some(text.to_owned()));
        let identity = Identity { repository, pipeline, job, run, ..Identity::default() };
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap() + TimeDelta::hours(hour);
        let history = HistorySettings {
            file: desk.path().join("h.db"),
            keep: TimeDelta::weeks(9999),
            last: 20,
            identity,
            around: Identity::default(),
            now,
        };
        let options =
            Options { paths: vec![log.clone()], history: Some(history), ..Options::default() };
        assert!(pipeline::run(&options).problems.is_empty());
    }
    desk
}

/// What a terminal would show of these commands.
fn said(desk: &Path, commands: &[&str]) -> String {
    let mut text = String::new();
    for command in commands {
        let output = program(desk).args(command.split(' ')).output().unwrap();
        let [out, err] = [&output.stdout, &output.stderr]
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let status = output.status.code().unwrap();
        let status = if status == 0 { String::new() } else { format!("status {status}\n") };
        writeln!(text, "$ cachediag {command}\n{out}{err}{status}").unwrap();
    }
    let folder = desk.to_str().unwrap();
    text.replace(folder, "DESK").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn jobs_are_listed_and_a_record_is_shown() {
    let desk = desk();
    insta::assert_snapshot!(
        "list",
        said(
            desk.path(),
            &[
                "history list --history h.db",
                "history list --history h.db --format json",
                "history show --history h.db api"
            ]
        )
    );
}

#[test]
fn a_job_of_several_of_its_name_is_shown_by_all_of_its_name_and_a_record_by_the_beginning_of_its() {
    let desk = desk();
    let show = |name: &str| {
        let output = program(desk.path())
            .args(["history", "show", "--history", "h.db", name])
            .output()
            .unwrap();
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(output.stderr.is_empty());
        value
    };
    // The newest.
    let record = show("team/app CI web");
    assert_eq!(record["identity"]["run"], "2");
    let id = record["id"].as_str().unwrap();
    assert_eq!(
        (show(id), show(&id[..8]), show(&id[..8].to_uppercase())),
        (record.clone(), record.clone(), record.clone())
    );
}

#[test]
fn what_is_asked_wrongly_is_answered() {
    let desk = desk();
    let ids: Vec<String> = exported(desk.path(), "h.db")
        .lines()
        .map(|line| line.replacen(&line[19..23], "abcd", 1))
        .collect();
    fs::write(desk.path().join("twins.ndjson"), ids.join("\n")).unwrap();
    fs::write(
        desk.path().join("noise.db"),
        "no database of any kind, but long enough to have a header of one, and more",
    )
    .unwrap();
    fs::create_dir(desk.path().join("folder")).unwrap();
    insta::assert_snapshot!(
        "misuse",
        said(
            desk.path(),
            &[
                "history show --history h.db web",
                "history show --history h.db nobody",
                "history show --history h.db 0123456789",
                "history import --history twins.db twins.ndjson",
                "history show --history twins.db abcd",
                "history list --history none.db",
                "history list",
                "history export --history none.db",
                "history prune --history none.db",
                "history list --history noise.db",
                "history export --history folder",
                "history import --history folder twins.ndjson",
                "history import --history no/such/folder/h.db twins.ndjson",
                "history import --history other.db none.ndjson",
                "history import --history other.db folder",
                "history import --history other.db",
                "history prune --history h.db --keep 3months",
                "history list --history h.db --format yaml",
                "history export --history h.db --format json",
                "history",
            ]
        )
    );
    assert!(!desk.path().join("none.db").exists());
}

/// Commands that look at a history take the project's, as the diagnosis does.
#[test]
fn the_file_is_that_of_the_project_where_none_is_named() {
    let desk = desk();
    fs::create_dir(desk.path().join(".git")).unwrap();
    fs::create_dir(desk.path().join("inside")).unwrap();
    fs::write(desk.path().join("cachediag.toml"), "history = \"h.db\"\n").unwrap();
    let inside = desk.path().join("inside");
    for (command, word) in
        [("history list", "team/app CI web"), ("trend", "3 jobs"), ("history export", "\"web\"")]
    {
        let output = program(&inside).args(command.split(' ')).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains(word), "{command}: {output:?}");
    }
    let named = program(&inside)
        .args(["history", "list"])
        .env("CACHEDIAG_HISTORY", "none.db")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&named.stderr).starts_with("error: none.db: not found"));
}

#[test]
fn old_records_are_removed_and_their_room_is_given_back() {
    let desk = desk();
    let size = || fs::metadata(desk.path().join("h.db")).unwrap().len();
    insta::assert_snapshot!(
        "prune",
        said(
            desk.path(),
            &[
                "history prune --history h.db --keep 9999w",
                "history list --history h.db",
                "history prune --history h.db",
                "history list --history h.db",
                "history show --history h.db web",
                "history export --history h.db",
            ]
        )
    );
    let empty = size();
    // As large as one in which nothing was ever kept.
    fs::write(desk.path().join("nothing.ndjson"), "").unwrap();
    said(desk.path(), &["history import --history new.db nothing.ndjson"]);
    assert_eq!(empty, fs::metadata(desk.path().join("new.db")).unwrap().len());
}

#[test]
fn an_export_is_imported_as_it_was() {
    let desk = desk();
    let text = exported(desk.path(), "h.db");
    fs::write(desk.path().join("runs.ndjson"), &text).unwrap();
    insta::assert_snapshot!(
        "import",
        said(
            desk.path(),
            &[
                "history import --history other.db runs.ndjson",
                "history import --history other.db runs.ndjson runs.ndjson",
                "history list --history other.db",
            ]
        )
    );
    assert_eq!((text.lines().count(), exported(desk.path(), "other.db")), (RUNS.len(), text));
}

#[test]
fn what_was_just_recorded_is_exported_alone() {
    let desk = desk();
    let run = program(desk.path())
        .args(["--history", "h.db", "--keep", "9999w", "--job", "new", "build.log"])
        .output();
    assert!(run.unwrap().status.success());
    let export = |more: &[&str]| {
        let args = [&["history", "export", "--history", "h.db"], more].concat();
        String::from_utf8(program(desk.path()).args(args).output().unwrap().stdout).unwrap()
    };
    assert_eq!(
        (export(&[]).lines().count(), export(&["--younger", "9999w"]).lines().count()),
        (5, 5)
    );
    let young = export(&["--younger", "1h"]);
    assert!(young.lines().count() == 1 && young.contains("\"job\":\"new\""), "{young}");
}

#[test]
fn what_can_be_read_is_imported_although_something_cannot() {
    let desk = desk();
    let text = exported(desk.path(), "h.db");
    let (first, rest) = text.split_once('\n').unwrap();
    fs::write(desk.path().join("first.ndjson"), first).unwrap();
    fs::write(desk.path().join("rest.ndjson"), rest).unwrap();
    fs::write(desk.path().join("cut.ndjson"), &rest[..900]).unwrap();
    insta::assert_snapshot!(
        "import_of_some",
        said(
            desk.path(),
            &["history import --history o.db first.ndjson none.ndjson cut.ndjson rest.ndjson"]
        )
    );
    assert_eq!(exported(desk.path(), "o.db"), text);
}
