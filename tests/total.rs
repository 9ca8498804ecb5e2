//! No input makes the core panic: whatever is done to a real log, there is a report.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::fs;

use cachediag::pipeline::{self, Options};
use cachediag::render::{RENDERERS, Screen};
use proptest::prelude::*;

const LOGS: [&str; 5] = [
    "sample-logs/every-second-run/run-02.log",
    "sample-logs/inline-multi-stage/run-03.log",
    "sample-logs/buildkite-compose-plugin/run-02.log",
    "sample-logs/docker-driver-refuses-export/run-01.log",
    "tests/rules/no-cache-import/fires/classic-new-daemon/run-02.log",
];

fn report(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["run-1.log", "run-2.log"] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let paths = vec![folder.path().to_owned()];
    let report = pipeline::run(&Options { paths, threads: Some(1), ..Options::default() });
    for renderer in RENDERERS {
        // Formats that list findings alone have nothing to say where there is none.
        let text = renderer.render(&report, Screen { width: 80, color: true });
        assert!(text.is_empty() || text.ends_with('\n'), "{}", renderer.name());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 1..4000)) {
        report(&bytes);
    }

    #[test]
    fn real_logs_with_lines_moved_cut_and_doubled(
        log in 0..LOGS.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5u8), 1..30),
    ) {
        let text = fs::read(LOGS[log]).unwrap();
        let mut lines: Vec<Vec<u8>> = text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        for (a, b, how) in changes {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            match how {
                0 => lines.swap(a, b),
                1 => { let line = lines[a].clone(); lines.insert(b, line); }
                2 => { let half = lines[a].len() / 2; lines[a].truncate(half); }
                3 => { let line = lines[b].clone(); lines[a].extend(line); }
                _ => { if lines.len() > 2 { lines.remove(a); } }
            }
        }
        report(&lines.join(&b'\n'));
    }

    #[test]
    fn real_logs_with_bytes_changed(log in 0..LOGS.len(), changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200)) {
        let mut text = fs::read(LOGS[log]).unwrap();
        for (at, byte) in changes {
            let at = at.index(text.len());
            text[at] = byte;
        }
        report(&text);
    }
}
