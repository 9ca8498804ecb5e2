//! Findings for pipes: the elements of `findings` of the JSON report, one a line, and a last line
//! with the verdict.

use super::seen::QuotedLogs;
use super::{Renderer, Report, Screen, json};

/// `--format ndjson`.
#[derive(Debug)]
pub struct Ndjson;

impl Renderer for Ndjson {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        let seen = QuotedLogs::of(report);
        let lines =
            report.findings.iter().map(|finding| json::finding_line(report, finding, &seen));
        lines.chain([json::end_line(report)]).map(|line| line + "\n").collect()
    }
}
