//! Whatever stands in front of a builder's lines: they are read as without it, or the report names
//! what it could not read. It never says that there is no build, or no trouble, of a log that it
//! did not understand.

use std::path::Path;

use cachediag::pipeline::{self, Options};
use cachediag::render::{RENDERERS, Report, Screen};
use proptest::prelude::*;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A log of each builder that prints a line a step.
const LOGS: [&str; 4] = [
    "tests/envelopes/plain/buildkit.log",
    "tests/envelopes/plain/classic.log",
    "tests/dialects/buildah/layers.log",
    "tests/dialects/kaniko/color.log",
];

/// What would be wrong to say of a log whose build was not read.
const CALM: [&str; 2] = ["No Docker build found", "No cache trouble found"];

fn report(log: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run-1.log");
    std::fs::write(&path, log).unwrap();
    pipeline::run(&Options { paths: vec![path], ..Options::default() })
}

/// Number of steps, and how many of them came from a cache, of each build.
fn counts(report: &Report) -> Vec<(usize, usize)> {
    report
        .study
        .runs
        .iter()
        .flat_map(|run| &run.builds)
        .map(|build| (build.total(), build.hits()))
        .collect()
}

fn words(report: &Report) -> String {
    let human = RENDERERS.iter().find(|renderer| renderer.name() == "human").unwrap();
    human.render(report, Screen { width: 100, color: false, ascii: false })
}

/// Whether the report of this log is honest, given what is read of it without the prefixes.
fn check(name: &str, prefix: impl Fn(usize) -> String) -> Result<(), TestCaseError> {
    let plain = std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap();
    let mut log = String::new();
    for (n, line) in plain.lines().enumerate() {
        log.extend([&prefix(n), line, "\n"]);
    }
    let (bare, found) = (report(&plain), report(&log));
    if counts(&bare) == counts(&found) {
        return Ok(());
    }
    let said = words(&found);
    let named = !found.problems.is_empty()
        || !found.findings.is_empty()
        || said.contains("Too little to tell");
    prop_assert!(named, "{name}: nothing is named\n{said}\n{log}");
    let calm = CALM.iter().find(|words| said.contains(**words));
    prop_assert!(calm.is_none(), "{name}: {calm:?}\n{said}\n{log}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_prefix(log in 0..LOGS.len(), prefix in "[ -~]{0,14} ") {
        check(LOGS[log], |_| prefix.clone())?;
    }

    #[test]
    fn a_prefix_that_counts(log in 0..LOGS.len(), before in "[a-z\\[(<]{1,6}", after in "[\\])>:|]{1,2} \
        ") {
        check(LOGS[log], |n| format!("{before}{n}{after}"))?;
    }

    #[test]
    fn several_prefixes(log in 0..LOGS.len(), prefixes in prop::collection::vec("[ -~]{0,10} ", 2..4), some in 1..9_usize) {
        check(LOGS[log], |n| prefixes[n * some / 3 % prefixes.len()].clone())?;
    }

    #[test]
    fn a_prefix_of_most_lines(log in 0..LOGS.len(), prefix in "[ -~]{0,14} ", every in 3..9_usize) {
        check(LOGS[log], |n| if n % every == 0 { String::new() } else { prefix.clone() })?;
    }
}

#[test]
fn what_surrounds_builders_in_the_field() {
    for name in LOGS {
        for prefix in [
            "web: ",
            "[web] [out] ",
            "> ",
            "| ",
            "job=7 ",
            "(build) ",
            "12:00 web ",
            "2026/05/04 ",
            "INFO: ",
            "\t",
            "* ",
        ] {
            check(name, |_| prefix.to_owned()).unwrap();
        }
    }
}
