//! Findings for pipes: the elements of `findings` of the JSON report, one a line.

use super::{Renderer, Report, Screen, json};

/// `--format ndjson`.
#[derive(Debug)]
pub struct Ndjson;

impl Renderer for Ndjson {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        report.findings.iter().map(|finding| json::finding_line(report, finding) + "\n").collect()
    }
}
