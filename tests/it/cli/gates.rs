//! `--min-hit-rate` and `--must-hit`.

use std::fs;

use super::desk::{Desk, stdout};
use crate::support::logs::HEALTHY;

/// One step from the cache, one that ran.
const HALF: &str = "\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s

#2 [build 1/3] FROM docker.io/library/alpine:3.20
#2 DONE 0.0s

#3 [build 2/3] RUN npm ci
#3 CACHED

#4 [build 3/3] COPY . .
#4 DONE 0.3s

#5 exporting to image
#5 DONE 0.1s
";

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says(desk: &Desk, args: &[&str]) -> String {
    flat(&stdout(desk.run(&["run.log"]).args(args)))
}

#[test]
fn a_share_is_measured_over_all_successful_runs() {
    const MEASURED: &str =
        "50 %: 1 of 2 RUN, COPY, ADD and WORKDIR steps from the cache in 1 successful run";
    let desk = Desk::with(HALF);
    desk.run(&["run.log", "--min-hit-rate", "50"]).assert().code(0);
    desk.run(&["run.log", "--min-hit-rate", "51"]).assert().code(1);
    let said = says(&desk, &["--min-hit-rate", "51%"]);
    assert!(said.contains(&format!("gate failed: --min-hit-rate 51 run: {MEASURED}")), "{said}");
    assert!(
        says(&desk, &["--min-hit-rate", "50"])
            .contains("gate passed: --min-hit-rate 50, in 1 build")
    );
    // A failed run does not count.
    let failed = HALF
        .replace("#4 DONE 0.3s", "#4 ERROR: process did not complete successfully: exit code: 1");
    let desk = Desk::with(HEALTHY).and("a/1.log", HALF).and("a/2.log", &failed);
    let said = flat(&stdout(&mut desk.run(&["a", "--min-hit-rate", "60"])));
    assert!(said.contains(MEASURED), "{said}");
}

#[test]
fn good_runs_of_the_past_do_not_hide_the_newest() {
    let (good, cold) =
        (HALF.replace("#4 DONE 0.3s", "#4 CACHED"), HALF.replace("#3 CACHED", "#3 DONE 9.0s"));
    let desk =
        Desk::with(HEALTHY).and("a/1.log", &good).and("a/2.log", &good).and("a/3.log", &cold);
    let output = desk.run(&["a", "--min-hit-rate", "60"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = flat(&String::from_utf8(output.stdout).unwrap());
    assert!(
        said.contains(
            "4 of 6 RUN, COPY, ADD and WORKDIR steps from the cache in 3 successful runs, 0 of 2 \
                in the newest"
        ),
        "{said}"
    );
}

#[test]
fn a_gate_that_measures_nothing_is_not_passed() {
    let desk = Desk::with("hello\nworld\n");
    desk.run(&["run.log", "--min-hit-rate", "1"]).assert().code(1);
    let said = says(&desk, &["--min-hit-rate", "1"]);
    assert!(
        said.contains(
            "gate failed: --min-hit-rate 1 no build in these logs succeeded and has a RUN"
        ),
        "{said}"
    );
}

#[test]
fn a_step_must_be_from_the_cache() {
    let desk = Desk::with(HALF);
    for (pattern, status) in [
        ("build: RUN npm ci", 0),
        ("RUN npm", 0),
        ("COPY . .", 1),
        ("*: COPY", 1),
        ("test: RUN npm ci", 1),
    ] {
        desk.run(&["run.log", "--must-hit", pattern]).assert().code(status);
    }
    let said = says(&desk, &["--must-hit", "build: COPY . ."]);
    let failed = "gate failed: --must-hit 'build: COPY . .' run: ran again in its newest run, \
        run.log:10: COPY . .";
    assert!(said.contains(failed), "{said}");
    desk.run(&["run.log", "--must-hit", "RUN npm ci", "--must-hit", "COPY"]).assert().code(1);
}

#[test]
fn a_pattern_that_fits_nothing_is_told_the_nearest() {
    let said = says(&Desk::with(HALF), &["--must-hit", "build: RUN npm install"]);
    let nearest =
        "no step of the newest runs matches; the nearest: 'build: RUN npm ci', 'build: COPY . .'";
    assert!(said.contains(nearest), "{said}");
}

#[test]
fn the_newest_run_decides() {
    let ran = HALF.replace("#3 CACHED", "#3 DONE 5.0s");
    let gate = ["logs", "--must-hit", "RUN npm ci"];
    let desk = Desk::with("").and("logs/run-1.log", &ran).and("logs/run-2.log", HALF);
    desk.run(&gate).assert().code(0);
    fs::write(desk.file("logs/run-3.log"), ran.replace("5.0s", "5.1s")).unwrap();
    desk.run(&gate).assert().code(1);
    let said = flat(&stdout(&mut desk.run(&gate)));
    assert!(said.contains("ran again in its newest run, logs/run-3.log:7: RUN npm ci"), "{said}");
}

#[test]
fn every_format_for_people_and_programs_says_it() {
    let desk = Desk::with(HALF);
    for format in
        ["human", "markdown", "github-summary", "buildkite", "github", "junit", "bitbucket", "html"]
    {
        let said = stdout(&mut desk.run(&[
            "run.log",
            "--format",
            format,
            "--min-hit-rate",
            "90",
            "--must-hit",
            "COPY",
        ]));
        assert!(
            said.contains("--min-hit-rate 90") && said.contains("--must-hit COPY"),
            "{format}: {said}"
        );
    }
    let json = stdout(&mut desk.run(&["run.log", "--format", "json", "--min-hit-rate", "90"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["gates"][0]["name"], "min-hit-rate");
    assert_eq!(json["gates"][0]["asked"], "90");
    assert_eq!(json["gates"][0]["passed"], false);
    assert_eq!(json["gates"][0]["builds"][0]["good"], false);
}

#[test]
fn a_wrong_value_is_a_usage_error() {
    for wrong in ["101", "-1", "half", ""] {
        Desk::with(HALF).run(&["run.log", &format!("--min-hit-rate={wrong}")]).assert().code(2);
    }
    Desk::with(HALF).run(&["run.log", "--must-hit", " "]).assert().code(2);
}
