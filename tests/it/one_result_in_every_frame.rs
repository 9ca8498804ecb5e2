//! The frame a CI puts around a log changes nothing: the same rules, with the same confidence, on
//! the same steps. Frames as `tests/envelopes` shows them, reduced to their prefix.

use std::fs;
use std::path::{Path, PathBuf};

use cachediag::pipeline::{self, Options};

use crate::support::folder;

/// Cases of `tests/rules`, each with its own cause, and healthy ones.
const CASES: [&str; 15] = [
    "inline-cache-lost-every-second-run/fires/engine-25-late-changes",
    "inline-cache-never-exported/fires/engine-27.1",
    "inline-cache-multi-stage/fires/buildkitd",
    "inline-cache-multi-stage/quiet/mode-max",
    "min-mode-multi-stage/fires/mode-min",
    "image-without-inline-cache/fires/docker-driver",
    "no-cache-import/fires/new-builder-each-run",
    "no-cache-import/fires/classic-new-daemon",
    "export-without-import/fires/cache-to-only",
    "cache-ref-shared/fires/bake-targets",
    "cache-ref-shared/quiet/bake-own-refs",
    "inline-cache-lost-every-second-run/quiet/fixed-engine",
    "buildah-stale-image/fires/options-dropped",
    "cache-access-denied/fires/kaniko",
    "cache-manifest-too-large/fires/import",
];

/// A line, and its number: a thousand lines are an hour.
type Frame = fn(&str, usize) -> String;

/// Name, what the CI prints before the build, and how it prints a line.
const FRAMES: [(&str, &[&str], Frame); 24] = [
    ("echo", &["+ cd /src"], |line, _| format!("{line}\n")),
    ("crlf", &[], |line, _| format!("{line}\r\n")),
    (
        "no blank lines",
        &[],
        |line, _| if line.is_empty() { String::new() } else { format!("{line}\n") },
    ),
    ("github", &["Current runner version: '2.329.0'"], |line, n| {
        format!("{}.1234567Z {line}\n", time(n))
    }),
    ("gh", &[], |line, n| format!("build\tUNKNOWN STEP\t{}.1234567Z {line}\n", time(n))),
    ("azure", &["##[section]Starting: Build image"], |line, n| {
        format!("{}.1234567Z {line}\n", time(n))
    }),
    ("gitlab", &["Running with gitlab-runner 18.4.0"], |line, n| {
        format!("{}.123456Z 01O {line}\n", time(n))
    }),
    ("buildkite", &["~~~ Running commands"], |line, n| {
        format!("\x1b_bk;t={}\x07{line}\r\n", 1_777_885_200_000 + n)
    }),
    ("bitbucket", &["+ umask 000"], |line, _| format!("{line}\n")),
    ("jenkins", &["[Pipeline] sh"], |line, n| format!("[{}.123Z] {line}\n", time(n))),
    ("cloudbuild", &["Starting Step #1"], |line, _| format!("Step #1 - \"build\": {line}\n")),
    ("codebuild", &["[Container] 2026/05/04 09:00:00.123456 Entering phase BUILD"], |line, _| {
        format!("{line}\n")
    }),
    ("kubectl", &[], |line, n| format!("[pod/build-x7k2p/main] {}.123456789Z {line}\n", time(n))),
    ("compose", &[], |line, _| format!("builder-1  | {line}\n")),
    ("teamcity", &["Step 1/1: Command Line"], |line, _| {
        format!("[09:00:00]W:\t [Step 1/1] {line}\n")
    }),
    ("syslog", &[], |line, _| format!("May  4 09:00:00 ci-1 build[812]: {line}\n")),
    ("kamal", &[], |line, _| format!(" DEBUG [5b1e09d2] \t{line}\n")),
    ("terraform", &[], |line, _| format!("null_resource.image (local-exec): {line}\n")),
    ("unknown", &["acme starts"], |line, n| format!("acme{{{n}}} {line}\n")),
    ("json", &[], |line, _| {
        format!("{}\n", serde_json::json!({ "level": "info", "message": line }))
    }),
    ("clock", &["Started by timer"], |line, n| {
        format!("{}  {line}\n", time(n).split_once('T').unwrap().1)
    }),
    ("html", &[], |line, _| format!("{}\n", escaped(line))),
    ("stamp of an agent", &[], |line, n| format!("[{} +0000] {line}\n", time(n).replace('T', " "))),
    ("gutter", &[], |line, n| format!("{:>4} | {line}\n", n % 1000 + 1)),
];

fn time(n: usize) -> String {
    format!("2026-05-04T{:02}:{:02}:{:02}", n / 1000, n % 1000 / 60, n % 60)
}

/// As Go's `html/template` writes it.
fn escaped(line: &str) -> String {
    let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    line.replace('"', "&#34;").replace('\'', "&#39;")
}

fn logs(folder: &Path) -> Vec<PathBuf> {
    let mut logs = folder::children(folder);
    logs.retain(|p| p.extension().is_some_and(|e| e == "log"));
    assert!(!logs.is_empty(), "{}", folder.display());
    logs
}

/// Rules with confidence, and hits of every series.
fn verdict(paths: &[PathBuf]) -> (Vec<String>, Vec<Vec<(usize, usize)>>) {
    let report = pipeline::run(&Options { paths: paths.to_vec(), ..Options::default() });
    let mut rules: Vec<String> = report
        .findings
        .iter()
        .map(|f| format!("{} {:?} {:?}", f.rule, f.severity, f.confidence))
        .collect();
    rules.sort();
    let members = |s| report.study.members(s).map(|(_, b)| (b.hits(), b.total())).collect();
    let mut hits: Vec<Vec<(usize, usize)>> = report.study.series.iter().map(members).collect();
    hits.sort();
    (rules, hits)
}

#[test]
fn frames_change_nothing() {
    for case in CASES {
        let bare = logs(&Path::new("tests/rules").join(case));
        let expected = verdict(&bare);
        for (name, head, frame) in FRAMES {
            let folder = tempfile::tempdir().unwrap();
            let mut framed = Vec::new();
            for (at, log) in bare.iter().enumerate() {
                let bytes = fs::read(log).unwrap();
                let text = String::from_utf8_lossy(&bytes);
                let lines = text.trim_end().split('\n').map(|l| l.trim_end_matches('\r'));
                let lines = head.iter().copied().chain(lines);
                let path = folder.path().join(log.file_name().unwrap());
                fs::write(
                    &path,
                    lines
                        .enumerate()
                        .map(|(n, line)| frame(line, n + at * 1000))
                        .collect::<String>(),
                )
                .unwrap();
                framed.push(path);
            }
            assert_eq!(verdict(&framed), expected, "{case} as {name} prints it");
        }
    }
}
