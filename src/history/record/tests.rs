//! `UPDATE_DOCS=1 cargo test --lib history::record` writes the schema anew.

use std::fs;
use std::path::PathBuf;

use schemars::generate::SchemaSettings;

use super::*;
use crate::envelope::Stack;
use crate::model::{Few, Interest, LogReader};
use crate::source::{self, Content, Reading};

const FILE: &str = "schema/history-v1.schema.json";

fn generated() -> String {
    let generator = SchemaSettings::draft2020_12().into_generator();
    serde_json::to_string_pretty(&generator.into_root_schema_for::<Record>()).unwrap() + "\n"
}

/// All logs of this repository that hold a build: of all dialects, CI systems and caches.
fn runs() -> Vec<Run> {
    let folders =
        ["sample-logs", "tests/dialects", "tests/envelopes", "tests/rules", "tests/look_alikes"];
    let found = source::discover(&folders.map(PathBuf::from), source::Whole::default());
    let mut runs = Vec::new();
    let is_record = |entry: &&source::Entry| entry.path.extension() == Some("dockerbuild".as_ref());
    for entry in found.logs.iter().filter(|entry| !is_record(entry)) {
        source::each(entry, &Reading::default(), &mut |part, content| {
            let Ok(Content::Log(input)) = content else { panic!("{} is no log", part.name) };
            let stack = Stack::recognise(&input.head);
            let mut reader = LogReader::new(&part.name, stack.clone());
            let lines = input.scan(&Interest { stack: &stack }, &mut reader).unwrap();
            runs.extend(reader.finish(lines));
        });
    }
    assert!(runs.len() > 300, "{}", runs.len());
    runs
}

fn record(run: &Run) -> Record {
    Record::of(run, 0, Identity::default(), DateTime::from_timestamp(1_767_225_600, 0).unwrap())
}

#[test]
fn the_committed_schema_is_the_one_of_the_structs() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(FILE, generated()).unwrap();
    }
    assert!(
        fs::read_to_string(FILE).unwrap() == generated(),
        "run: UPDATE_DOCS=1 cargo test --lib history::record"
    );
}

#[test]
fn a_record_reads_as_the_run_it_was_made_of() {
    let schema = jsonschema::validator_for(&serde_json::from_str(&generated()).unwrap()).unwrap();
    for run in runs() {
        let line = record(&run).to_line();
        assert!(!line.contains('\n'));
        schema
            .validate(&serde_json::from_str(&line).unwrap())
            .unwrap_or_else(|e| panic!("{}: {e}", run.source));
        let again = Record::parse(&line).unwrap().to_run(&Arguments::of([&run]));
        let seen = as_recorded(&run, &Arguments::of([&run]));
        // The problems of a log are of the call that read it.
        // The context and the targets of a command only tell the builds of one log apart, its other
        // options only go into what is pasted, and a vertex is asked for where a file beside the log
        // is read.
        let plain = |run: &Run| {
            let mut run = Run { problems: Few::new(), ..run.clone() };
            run.commands.iter_mut().for_each(|command| {
                command.context = None;
                command.targets.clear();
                command.others.clear();
            });
            let steps = run.builds.iter_mut().flat_map(|build| &mut build.steps);
            steps.filter_map(|step| step.trace.as_mut()).for_each(|trace| trace.vertex = None);
            format!("{run:#?}")
        };
        similar_to(&plain(&again), &plain(&seen), &run.source);
        similar_to(&plain(&seen), &plain(&run), &run.source);
    }
}

/// All but what no report shows either.
fn similar_to(left: &str, right: &str, source: &str) {
    let differs = left
        .lines()
        .zip(right.lines())
        .find(|(left, right)| left != right && !left.contains("***"));
    assert!(
        left.lines().count() == right.lines().count() && differs.is_none(),
        "{source}: {differs:?}"
    );
}

#[test]
fn a_newer_record_is_named_as_that() {
    let line = record(&Run::default()).to_line();
    assert!(Record::parse(&line.replace("\"version\":1", "\"version\":1,\"later\":[1]")).is_ok());
    let newer =
        Record::parse("{\"version\":7,\"all\":\"else is different\"}").unwrap_err().to_string();
    assert!(newer.contains("version 7") && newer.contains("newer cachediag"), "{newer}");
    assert!(Record::parse("{\"version\":1}").is_err() && Record::parse("#5 CACHED").is_err());
}

#[test]
fn the_same_log_is_the_same_record_within_a_run_of_the_ci() {
    let of = |byte, run: Option<&str>| {
        let run_of_log = Run { digest: Some([byte; 16]), ..Run::default() };
        id(&run_of_log, 0, &Identity { run: run.map(str::to_owned), ..Identity::default() })
    };
    assert_eq!(of(1, Some("7")), of(1, Some("7")));
    assert_ne!(of(1, Some("7")), of(1, Some("8")));
    assert_ne!(of(1, None), of(2, None));
    assert_eq!(of(1, None).len(), 32);
}
