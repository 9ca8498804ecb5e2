//! The frame a CI puts around a log changes nothing: the same rules, with the same confidence, on
//! the same steps. Frames as `tests/envelopes` shows them, reduced to their prefix.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::fs;
use std::path::{Path, PathBuf};

use cachediag::pipeline::{self, Options};

/// Cases of `tests/rules`, each with its own cause, and healthy ones.
const CASES: [&str; 12] = [
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
];

/// A line, and its number: a thousand lines are an hour.
type Frame = fn(&str, usize) -> String;

const FRAMES: [(&str, Frame); 8] = [
    ("github", |line, n| format!("2026-05-04T{:02}:00:{:02}.1234567Z {line}\n", n / 1000, n % 60)),
    ("gh", |line, n| format!("build\tUNKNOWN STEP\t2026-05-04T{:02}:00:{:02}.1234567Z {line}\n", n / 1000, n % 60)),
    ("gitlab", |line, n| format!("2026-05-04T{:02}:00:{:02}.123456Z 01O {line}\n", n / 1000, n % 60)),
    ("buildkite", |line, n| format!("\x1b_bk;t={}\x07{line}\r\n", 1_777_885_200_000 + n)),
    ("kubectl", |line, n| {
        format!("[pod/build-x7k2p/main] 2026-05-04T{:02}:00:{:02}.123456789Z {line}\n", n / 1000, n % 60)
    }),
    ("compose", |line, _| format!("builder-1  | {line}\n")),
    ("crlf", |line, _| format!("{line}\r\n")),
    ("no blank lines", |line, _| if line.is_empty() { String::new() } else { format!("{line}\n") }),
];

fn logs(folder: &Path) -> Vec<PathBuf> {
    let mut logs: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    logs.retain(|p| p.extension().is_some_and(|e| e == "log"));
    logs.sort();
    assert!(!logs.is_empty(), "{}", folder.display());
    logs
}

/// Rules with confidence, and hits of every series.
fn verdict(paths: &[PathBuf]) -> (Vec<String>, Vec<Vec<(usize, usize)>>) {
    let report = pipeline::run(&Options { paths: paths.to_vec(), ..Options::default() });
    let mut rules: Vec<String> =
        report.findings.iter().map(|f| format!("{} {:?} {:?}", f.rule, f.severity, f.confidence)).collect();
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
        for (name, frame) in FRAMES {
            let folder = tempfile::tempdir().unwrap();
            let mut framed = Vec::new();
            for (at, log) in bare.iter().enumerate() {
                let bytes = fs::read(log).unwrap();
                let text = String::from_utf8_lossy(&bytes);
                let lines = text.trim_end().split('\n').map(|l| l.trim_end_matches('\r'));
                let path = folder.path().join(log.file_name().unwrap());
                fs::write(&path, lines.enumerate().map(|(n, line)| frame(line, n + at * 1000)).collect::<String>())
                    .unwrap();
                framed.push(path);
            }
            assert_eq!(verdict(&framed), expected, "{case} as {name} prints it");
        }
    }
}
