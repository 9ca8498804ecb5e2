//! Files that Docker Engine 28.5 left (`tests/evidence/engine`): two runs with one known change, and
//! which files prove it. A folder more is a case more.

use std::fs;
use std::path::Path;

use cachediag::pipeline::Options;
use cachediag::source::Entry;

use super::remembered::{newest, one_by_one};
use super::{Break, report};

const ENDS: [&str; 4] = ["log", "cache.json", "dockerbuild", "provenance.json"];

/// The files of both runs with these ends.
fn runs(folder: &Path, ends: &[&str]) -> Vec<Vec<Entry>> {
    let file = |run: usize, end: &str| {
        let name = format!("run-{run}.{end}");
        Some(Entry::in_memory(&name, fs::read(folder.join(&name)).ok()?))
    };
    [1, 2].map(|run| ends.iter().filter_map(|end| file(run, end)).collect()).into()
}

/// What is proven of the last run: where something is open, it is only that the operation differs.
fn proven(runs: &[Vec<Entry>]) -> Vec<Break> {
    let report = report(runs.concat(), &Options::default());
    let last = report["runs"].as_array().unwrap().last().unwrap();
    let open = |at: usize| last["builds"][0]["breaks"][at]["open"].is_array();
    let told = newest(&report).into_iter().enumerate();
    told.filter(|(at, found)| found.2 == "proven" && !open(*at)).map(|(_, found)| found).collect()
}

/// `step`, `because` and `by` of a case, each in a line of its own; `also` is why others ran.
fn truth(folder: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(folder.join("truth")).unwrap();
    let fields = text.lines().filter_map(|line| line.split_once(' '));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn folders() -> Vec<std::path::PathBuf> {
    let all = fs::read_dir("tests/evidence/engine").unwrap();
    let mut all: Vec<_> = all.map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

#[test]
fn what_is_proven_is_so_whichever_files_are_given() {
    for folder in folders() {
        let truth = truth(&folder);
        let field = |name| truth.iter().find(|field| field.0 == name).map(|field| &*field.1);
        let named = |found: &Break| {
            field("step")
                .is_some_and(|step| found.0.contains(step) || step.starts_with(kind(found)))
        };
        let is_true = |found: &Break| {
            named(found) && field("because") == Some(&found.1) || field("also") == Some(&found.1)
        };
        for mask in 1..1 << ENDS.len() {
            let ends = ENDS.iter().enumerate().filter(|(n, _)| mask >> n & 1 == 1);
            let ends: Vec<&str> = ends.map(|(_, end)| *end).collect();
            let runs = runs(&folder, &ends);
            if runs[0].len() < ends.len() {
                continue;
            }
            let found = proven(&runs);
            let case = format!("{} {ends:?}", folder.display());
            assert!(found.iter().all(is_true), "{case}: {found:?}");
            let by = field("by").is_some_and(|by| by.split('+').all(|end| ends.contains(&end)));
            assert!(!by || !found.is_empty(), "{case} proves nothing");
            if by {
                assert!(one_by_one(&runs).iter().any(is_true), "{case}, one by one");
            }
        }
    }
}

/// Without texts a step is called by its instruction: `[4/6] RUN`.
fn kind(found: &Break) -> &str {
    found.0.rsplit("] ").next().filter(|kind| !kind.contains(' ')).unwrap_or("none")
}

/// The index of the image that was built lies in the archive, and is no log.
#[test]
fn a_stored_build_is_one_run() {
    for folder in folders() {
        for (n, run) in runs(&folder, &["dockerbuild"]).into_iter().enumerate() {
            let count = run.len();
            let report = report(run, &Options::default());
            let found = report["runs"].as_array().unwrap().len();
            assert_eq!(
                (found, &report["problems"]),
                (count, &serde_json::json!([])),
                "{folder:?} {n}"
            );
        }
    }
}
