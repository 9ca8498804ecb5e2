//! Files that are cut, mixed up, of another version or made to do harm: a problem or nothing, never
//! a wrong claim.

use cachediag::pipeline::{Options, run_in_memory};
use cachediag::source::Entry;

use super::project::{Base, Builder, Left, Mode, Stage, Step, run, sha};
use super::{breaks, broken, files, report};

fn pair() -> Vec<Left> {
    let stage = |sources: &str| {
        let steps = vec![
            Step::Workdir("/app"),
            Step::Copy("src", "/app/src", sources.to_owned()),
            run("make"),
        ];
        [Stage::of("web", Err(Base::of("base", "layers")), steps)]
    };
    let mut builder = Builder::default();
    ["sources 1", "sources 2"].map(|sources| builder.build(&stage(sources), Mode::Max, "")).into()
}

/// Breaks that are proven, but for the true one.
fn wrong(entries: Vec<Entry>) -> Vec<String> {
    let report = report(entries, &Options::default());
    let runs = report["runs"].as_array().unwrap().iter();
    let builds = runs.flat_map(|run| run["builds"].as_array().unwrap());
    let found = builds.flat_map(broken).map(|(found, _)| found).filter(|found| found.2 == "proven");
    let is_true =
        |because: &str| matches!(because, "inputs-changed" | "first-run" | "not-imported");
    found
        .filter(|found| !is_true(&found.1))
        .map(|found| format!("{} {}", found.0, found.1))
        .collect()
}

#[test]
fn a_cut_cache_is_a_problem() {
    let left = pair();
    let whole = left[1].cache.clone();
    for end in (1..whole.len()).step_by(61) {
        let mut entries = files(&left, true);
        entries.pop();
        entries.push(Entry::in_memory("run-2.cache.json", &whole.as_bytes()[..end]));
        assert!(wrong(entries.clone()).is_empty(), "{end}");
        let report = run_in_memory(entries, &Options::default());
        // What is cut before the first key is a file of any kind.
        assert!(
            end < 80 || report.problems.iter().any(|p| p.source == "run-2.cache.json"),
            "{end}"
        );
    }
}

#[test]
fn fields_of_another_version_are_passed_over() {
    let mut left = pair();
    for left in &mut left {
        let cache = left.cache.replacen(
            "{\"layers\"",
            "{\"version\":7,\"new\":{\"a\":[1,{}]},\"layers\"",
            1,
        );
        left.log = left.log.replace(&sha(&left.cache), &sha(&cache));
        left.cache = cache.replace("\"digest\":", "\"kind\":\"step\",\"digest\":");
        left.log = left.log.replace(&sha(&cache), &sha(&left.cache));
    }
    assert!(
        breaks(files(&left, true), 1)
            .iter()
            .any(|found| found.1 == "inputs-changed" && found.2 == "proven")
    );
    // Records of a kind that is not known are no records.
    let foreign = left[1].cache.replace("\"digest\":\"sha256:", "\"digest\":\"sha512:");
    let entries = vec![
        Entry::in_memory("a.json", left[0].cache.as_bytes()),
        Entry::in_memory("b.json", foreign.as_bytes()),
    ];
    let report = run_in_memory(entries, &Options::default());
    assert!(
        report.problems.iter().any(|problem| problem.source == "b.json"),
        "{:?}",
        report.problems
    );
}
