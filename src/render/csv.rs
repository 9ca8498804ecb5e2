//! Findings for spreadsheets: a row a finding and build, the costliest first.
//!
//! <https://www.rfc-editor.org/rfc/rfc4180>. A spreadsheet takes a field that begins with `=`, `+`, `-` or `@` for a formula
//! (<https://owasp.org/www-community/attacks/CSV_Injection>), so such a one begins with an
//! apostrophe.

use super::seen::QuotedLogs;
use super::{Renderer, Report, Screen, escape, names};
use crate::finding::Finding;

/// `--format csv`.
#[derive(Debug)]
pub struct Csv;

const HEAD: &str =
    "rule,severity,confidence,build,job,runs,steps,seconds,title,fix,subject,fingerprint";

impl Renderer for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        let seen = QuotedLogs::of(report);
        let mut out = format!("{HEAD}\n");
        for finding in report.findings.iter().take(report.top.unwrap_or(usize::MAX)) {
            for (at, (build, job)) in places(finding, &seen).iter().enumerate() {
                out.push_str(&row(finding, build, job, at == 0));
            }
        }
        out
    }
}

/// Each build that a finding concerns, with the jobs that show it; one place without either where
/// no log is.
fn places(finding: &Finding, seen: &QuotedLogs) -> Vec<(String, String)> {
    let job = seen.jobs(finding).join("; ");
    let builds = seen.series(finding);
    if builds.is_empty() {
        return vec![(String::new(), job)];
    }
    builds.into_iter().map(|build| (build.to_owned(), job.clone())).collect()
}

/// What a finding cost stands in its first row, so that a column adds up.
fn row(finding: &Finding, build: &str, job: &str, first: bool) -> String {
    let cost = |number: String| if first { number } else { String::new() };
    let fields = [
        finding.rule.to_owned(),
        names::severity(finding.severity).to_owned(),
        names::confidence(finding.confidence).to_owned(),
        field(build),
        field(job),
        cost(finding.impact.runs.to_string()),
        cost(finding.impact.steps.to_string()),
        cost(format!("{:.3}", finding.impact.seconds.max(0.0))),
        field(&finding.title),
        field(&finding.fix.summary),
        field(&finding.subject),
        finding.fingerprint(),
    ];
    fields.join(",") + "\n"
}

fn field(text: &str) -> String {
    let text = escape::line(text);
    let formula = text.trim_start().starts_with(['=', '+', '-', '@']);
    let text = if formula { format!("'{text}") } else { text };
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn a_row_a_finding_and_build() {
        insta::assert_snapshot!(Csv.render(&samples::several(), samples::NARROW));
    }

    #[test]
    fn no_field_is_a_formula() {
        assert_eq!(field("=1+1"), "'=1+1");
        assert_eq!(field("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(field("-x,y"), "\"'-x,y\"");
    }
}
