//! Each folder of `tests/envelopes` is a form of log: its name says the envelopes, outermost first.
//!
//! Every log there holds the build of `plain/` of the same name, and nothing that is read of that
//! build may depend on what is around it. The `NOTE` says what else the log tells. A new form is a
//! new folder, not a new test.

use std::fs;
use std::path::{Path, PathBuf};

use cachediag::envelope::Stack;
use cachediag::model::Run;
use cachediag::pipeline::{self, Options};

#[test]
fn each_log_is_recognised_as_its_folder_says() {
    for log in logs() {
        let wanted = folder(&log);
        let stack = Stack::recognise(&fs::read(&log).unwrap());
        let names: Vec<&str> = stack.names().collect();
        let wanted = if wanted == "plain" { "" } else { wanted.as_str() };
        assert_eq!(names.join("+"), wanted, "{}", log.display());
    }
}

#[test]
fn the_build_is_the_same_in_every_envelope() {
    for log in logs() {
        let build =
            log.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned();
        let wanted = steps(&read(&root().join("plain").join(format!("{build}.log")))[0]);
        assert!(!wanted.is_empty());
        let runs = read(&log);
        let interleaved = log.to_str().unwrap().contains(".interleaved.");
        assert_eq!(runs.len(), if interleaved { 2 } else { 1 }, "{}", log.display());
        for run in &runs {
            assert_eq!(steps(run), wanted, "{}", log.display());
            let named = interleaved || matches!(folder(&log).as_str(), "gh" | "tilt");
            assert_eq!(run.job.is_some(), named, "{}", log.display());
        }
    }
}

#[test]
fn the_note_says_what_the_ci_tells() {
    for log in logs() {
        let note = fs::read_to_string(log.with_file_name("NOTE")).unwrap();
        let said =
            |key: &str| note.lines().find_map(|l| l.strip_prefix(key)).unwrap().trim().to_owned();
        for run in read(&log) {
            assert_eq!(run.ci.unwrap_or("none"), said("ci:"), "{}", log.display());
            let caches: Vec<String> = run
                .ci_caches
                .iter()
                .map(|c| format!("{:?} {:?}", c.operation, c.outcome))
                .collect();
            assert_eq!(caches.join(", "), said("caches:"), "{}", log.display());
            if !log.to_str().unwrap().contains("one-step") {
                assert_eq!(
                    run.commands.len().to_string(),
                    said("commands:"),
                    "{}: {:?}",
                    log.display(),
                    run.commands
                );
            }
        }
    }
}

#[test]
fn inputs_of_an_action_have_all_their_lines() {
    let runs = read(&root().join("github/buildkit.log"));
    let action = &runs[0].commands[0];
    let from: Vec<&str> = action.cache_from.iter().map(|s| s.raw.as_str()).collect();
    assert_eq!(
        from,
        ["type=registry,ref=registry.example.com/team/svc:latest", "type=gha,scope=svc"]
    );
    assert_eq!(
        action.tags,
        ["registry.example.com/team/svc:1", "registry.example.com/team/svc:latest"]
    );
    assert!(action.push);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/envelopes")
}

fn logs() -> Vec<PathBuf> {
    let folders = fs::read_dir(root()).unwrap().map(|e| e.unwrap().path());
    let files = folders.flat_map(|f| fs::read_dir(f).unwrap().map(|e| e.unwrap().path()));
    let mut logs: Vec<PathBuf> =
        files.filter(|f| f.extension().is_some_and(|e| e == "log")).collect();
    logs.sort();
    assert!(logs.len() > 20);
    logs
}

fn folder(log: &Path) -> String {
    log.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

fn read(log: &Path) -> Vec<Run> {
    let report = pipeline::run(&Options { paths: vec![log.to_owned()], ..Options::default() });
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    report.study.runs
}

/// What is known of the steps, and the lines it is known from.
fn steps(run: &Run) -> Vec<(String, String, String)> {
    let all = run.builds.iter().flat_map(|b| &b.steps);
    let verdict = |s: &cachediag::model::Step| {
        s.verdict.as_ref().map(|q| q.text.to_string()).unwrap_or_default()
    };
    all.map(|s| (s.header.text.to_string(), format!("{:?}", s.outcome), verdict(s))).collect()
}
