//! Code Quality of GitLab: `artifacts:reports:codequality`, shown in merge requests.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>. Findings with one fingerprint
//! are shown once only, and without a path and a line they are not shown at all.

use serde::Serialize;

use super::{Renderer, Report, Screen, anchor, escape, fingerprint, json};
use crate::finding::{Finding, Severity};

/// `--format gitlab`.
#[derive(Debug)]
pub struct Gitlab;

impl Renderer for Gitlab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        let fingerprints = fingerprint::unique(&report.findings);
        let issues = report.findings.iter().zip(fingerprints);
        json::to_string(
            &issues
                .map(|(finding, fingerprint)| issue(report, finding, fingerprint))
                .collect::<Vec<_>>(),
        )
    }
}

/// Longer descriptions are cut off on the page.
const LONGEST: usize = 1000;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u64,
}

fn issue(report: &Report, finding: &Finding, fingerprint: String) -> Issue {
    let anchor = anchor::of(report, finding);
    let description = escape::line(&format!("{}. Fix: {}", finding.title, finding.fix.summary));
    Issue {
        description: escape::shorten(&description, LONGEST),
        check_name: finding.rule,
        fingerprint,
        severity: severity(finding.severity),
        location: Location { path: anchor.path, lines: Lines { begin: anchor.line } },
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Note => "info",
    }
}
