//! What a tired reader sees first: a terminal of 80 columns and 24 lines, on real logs and on cases
//! of rules.

use std::path::Path;

use cachediag::pipeline::{self, Options};
use cachediag::render::{RENDERERS, Report, Screen};

const WIDTH: usize = 80;
const HEIGHT: usize = 24;
/// What a whole report of a sample may take, at the width that CI systems show.
const SCREEN: usize = 40;

/// Folders, each with the words of its first cause that must be seen at once.
const CASES: [(&str, &str); 12] = [
    ("sample-logs/bitbucket-parallel-upload", "parallel steps share one cache"),
    ("sample-logs/buildkite-compose-plugin", "inline cache stores the final stage only"),
    ("sample-logs/compression-typo", "is not a valid value"),
    ("sample-logs/docker-driver-refuses-export", "docker driver cannot export"),
    ("sample-logs/every-second-run", "loses its inline cache"),
    ("sample-logs/inline-multi-stage", "inline cache stores the final stage only"),
    ("tests/rules/base-image-drift/fires/moved-tag", "base image"),
    ("tests/rules/cache-access-denied/fires/export-denied", "access"),
    ("tests/rules/cache-expired/fires/kaniko", "expired"),
    ("tests/rules/cache-lost/fires/pruned-builder", "lost"),
    ("tests/rules/registry-tls-mismatch/fires/http-server", "HTTP"),
    ("tests/rules/cache-manifest-too-large/fires/import", "too large"),
];

fn report(folder: &str) -> Report {
    pipeline::run(&Options { paths: vec![Path::new(folder).into()], ..Options::default() })
}

fn human(report: &Report, width: usize) -> String {
    let human = RENDERERS.iter().find(|renderer| renderer.name() == "human").unwrap();
    human.render(report, Screen { width, color: false, ascii: false })
}

#[test]
fn names_cause_cost_and_fix() {
    for (folder, words) in CASES {
        let report = report(folder);
        let said = human(&report, WIDTH);
        let screen: Vec<&str> = said.lines().take(HEIGHT).collect();
        let text = screen.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "{folder}: {words} is not in\n{text}");
        for label in ["  fix         ", "  cause       "] {
            assert!(
                screen.iter().any(|line| line.starts_with(label)),
                "{folder}: no {label}in\n{text}"
            );
        }
        let cost = report.for_people().next().is_some_and(|first| first.impact.seconds > 0.0);
        assert_eq!(screen.iter().any(|line| line.starts_with("  impact      ")), cost, "{folder}");
        insta::assert_snapshot!(folder.replace('/', "__"), screen.join("\n"));
    }
}

/// Two findings take more than one screen, but no more than two.
#[test]
fn a_report_of_a_sample_is_a_screen() {
    for (folder, _) in CASES.iter().filter(|(folder, _)| folder.starts_with("sample-logs/")) {
        let report = report(folder);
        let lines = human(&report, 100).lines().count();
        assert!(lines <= SCREEN * report.findings.len(), "{folder}: {lines} lines");
    }
}

/// What a prune did is shown by lines of two logs, the newest prune first.
#[test]
fn lines_of_one_event_stay_together() {
    let report = report("tests/rules/cache-lost/fires/system-prune-behind-the-build");
    let said = human(&report, 100);
    let shown: Vec<&str> =
        said.lines().filter(|line| line.contains(".log:")).map(str::trim_end).collect();
    let order = ["deletes it from the builder's cache", "ran again", "was built or found here"];
    assert_eq!(shown.len(), 3, "{said}");
    for (line, words) in shown.iter().zip(order) {
        assert!(line.ends_with(words), "{line}");
    }
}

/// A line that says only that a step was cached, or is done, means nothing alone.
#[test]
fn evidence_names_its_step() {
    let report = Report { details: true, ..report("sample-logs/every-second-run") };
    let said = human(&report, WIDTH);
    let lines: Vec<&str> = said.lines().collect();
    let bare: Vec<_> = lines.windows(2).filter(|pair| pair[0].ends_with(" CACHED")).collect();
    assert!(!bare.is_empty(), "{said}");
    for pair in bare {
        assert!(
            pair[1].contains("WORKDIR") || pair[1].contains("RUN") || pair[1].contains("COPY"),
            "{said}"
        );
    }
}
