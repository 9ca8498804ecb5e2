//! SARIF 2.1.0, for code scanning and editors.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html>. GitHub takes 25,000 results of a
//! run and shows 5,000:
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

mod fixes;
mod results;
mod rules;
mod wire;

use super::{Renderer, Report, Screen, escape, json, names, problem_line};
use crate::model::Problem;
use crate::triage::Verdict;

/// `--format sarif`.
#[derive(Debug)]
pub struct Sarif;

impl Renderer for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        json::to_string(&wire::Log {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [wire::Run {
                tool: wire::Tool { driver: driver() },
                invocations: [invocation(report)],
                results: results::all(report),
                column_kind: "unicodeCodePoints",
                properties: properties(report),
            }],
        })
    }
}

fn driver() -> wire::Driver {
    wire::Driver {
        name: env!("CARGO_PKG_NAME"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        short_description: message(env!("CARGO_PKG_DESCRIPTION")),
        rules: rules::all(),
    }
}

fn invocation(report: &Report) -> wire::Invocation {
    let nothing = report.findings.is_empty() && report.assessment().verdict == Verdict::NothingRead;
    let notifications = report.problems.iter().map(notification).collect();
    wire::Invocation { execution_successful: !nothing, tool_execution_notifications: notifications }
}

fn properties(report: &Report) -> wire::RunProperties {
    let assessment = report.assessment();
    let wanted = assessment.wanted.into_iter().map(names::wanted).collect();
    wire::RunProperties { verdict: names::verdict(assessment.verdict), wanted }
}

fn notification(problem: &Problem) -> wire::Notification {
    wire::Notification { level: "warning", message: message(&problem_line(problem)) }
}

/// Text that holds no link: in messages `[text](place)` is one (§3.11.6).
fn message(text: &str) -> wire::Message {
    wire::Message { text: escape::line(text).replace("](", "] (") }
}

#[cfg(test)]
mod tests;
