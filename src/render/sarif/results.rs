//! Findings as results: where they are shown, what they are followed by, and how they are mended.

use std::fmt::Write as _;

use super::wire::{
    ArtifactLocation, Fingerprints, Line, Location, PhysicalLocation, ResultProperties, SarifResult,
};
use super::{fixes, message};
use crate::finding::{Evidence, Finding};
use crate::render::anchor::{self, Anchor};
use crate::render::{Report, alternatives, escape, fingerprint, names};

/// Lines of evidence of a result: GitHub shows no more than a hundred places.
const MOST: usize = 20;

pub(super) fn all(report: &Report) -> Vec<SarifResult> {
    let fingerprints = fingerprint::unique(&report.findings);
    let findings = report.findings.iter().zip(fingerprints);
    findings.map(|(finding, fingerprint)| result(report, finding, fingerprint)).collect()
}

fn result(report: &Report, finding: &Finding, fingerprint: String) -> SarifResult {
    let text = format!("{}. {} Fix: {}", finding.title, finding.cause, finding.fix.summary);
    let evidence = finding.evidence.iter().take(MOST).enumerate();
    SarifResult {
        rule_id: finding.rule,
        level: names::severity(finding.severity),
        message: message(&text),
        locations: [location(&anchor::of(report, finding))],
        related_locations: evidence.map(|(index, line)| related(report, index, line)).collect(),
        // GitHub's own form of it: a hash, and which of its like.
        partial_fingerprints: Fingerprints { github: format!("{fingerprint}:1"), own: fingerprint },
        baseline_state: baseline_state(report, finding),
        fixes: finding
            .fix
            .edits
            .iter()
            .filter_map(|edit| fixes::fix(report, &finding.fix, edit))
            .collect(),
        properties: ResultProperties {
            confidence: names::confidence(finding.confidence),
            rules_out: finding
                .rules_out
                .iter()
                .map(|each| escape::line(&alternatives::sentence(each)))
                .collect(),
            steps: finding.impact.steps,
            seconds: finding.impact.seconds,
            runs: finding.impact.runs,
            new_since_last_run: report.is_new(finding),
        },
    }
}

/// Against the baseline that the project chose, else against the run before. What is gone is no
/// result: readers that do not know of `absent`, GitHub among them, would show it as one that is
/// there.
fn baseline_state(report: &Report, finding: &Finding) -> Option<&'static str> {
    let known = report.known(finding).or_else(|| report.is_new(finding).map(|new| !new))?;
    Some(if known { "unchanged" } else { "new" })
}

fn related(report: &Report, index: usize, line: &Evidence) -> Location {
    let message = (!line.shows.is_empty()).then(|| message(&line.shows));
    Location { id: Some(index + 1), message, ..location(&anchor::at(report, line)) }
}

fn location(anchor: &Anchor) -> Location {
    let region = Line { start_line: anchor.line, snippet: message(&anchor.text) };
    let artifact_location = ArtifactLocation { uri: uri(&anchor.path) };
    Location { id: None, message: None, place: PhysicalLocation { artifact_location, region } }
}

/// A path as a reference (RFC 3986): relative to the repository, or `file:` where it is absolute.
pub(super) fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    match path.as_bytes() {
        [b'/', ..] => out.push_str("file://"),
        [_, b':', b'/', ..] => out.push_str("file:///"),
        _ => {}
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            // Of a drive; in a relative path it would end a scheme.
            b':' if out.starts_with("file:") => out.push(':'),
            other => {
                // Writing into a String cannot fail.
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}
