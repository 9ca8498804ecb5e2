//! `JUnit` XML, which Jenkins, GitLab, `CircleCI` and Azure Pipelines show as test results.
//!
//! A finding that counts for `--fail-on` is a test that fails (where nobody says it, an error), any
//! other one that is skipped; where there is no finding one test passes, because Jenkins takes a file without tests for an error; it is skipped
//! where it is too little to tell.

use std::fmt::Write as _;

use super::decisions::GateSaid;
use super::{Renderer, Report, Screen, anchor, decisions, escape, names, phrases, problem_line};
use crate::finding::{Finding, Severity};
use crate::triage::Verdict;

/// `--format junit`.
#[derive(Debug)]
pub struct Junit;

impl Renderer for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        let verdict = report.assessment().verdict;
        let open = report.findings.is_empty() && verdict == Verdict::TooLittleToTell;
        let notes = report.findings.iter().filter(|finding| passes(report, finding)).count();
        let skipped = notes + usize::from(open);
        let gates = decisions::gates(report);
        let failures =
            report.findings.len() - notes + gates.iter().filter(|gate| !gate.passed).count();
        let errors = usize::from(report.findings.is_empty() && verdict == Verdict::NothingRead);
        let cases = if report.findings.is_empty() { alone(report) } else { each(report) };
        let cases = cases + &gates.iter().map(asked).collect::<String>();
        let tests = report.findings.len().max(1) + gates.len();
        let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
        let unread: Vec<String> =
            report.problems.iter().map(|problem| escape::xml(&problem_line(problem))).collect();
        let unread = if unread.is_empty() {
            String::new()
        } else {
            format!("<system-err>{}</system-err>\n", unread.join("\n"))
        };
        // Which tests are new their readers tell by the names themselves.
        let news: Vec<String> =
            decisions::news(report).iter().map(|line| escape::xml(line)).collect();
        let news = if news.is_empty() {
            String::new()
        } else {
            format!("<system-out>{}</system-out>\n", news.join("\n"))
        };
        let verdict = property("verdict", names::verdict(verdict));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cachediag\" \
                {counts}>\n<testsuite name=\"cachediag\" {counts} \
                skipped=\"{skipped}\">\n{verdict}{cases}{news}{unread}</testsuite>\n</testsuites>\n"
        )
    }
}

/// The test that stands for a report without findings.
fn alone(report: &Report) -> String {
    let text = escape::xml(&phrases::headline(report));
    let inside = if report.assessment().verdict == Verdict::NothingRead {
        format!("<error message=\"{text}\"/>")
    } else if report.assessment().verdict == Verdict::TooLittleToTell {
        format!("<skipped message=\"{text}\"/>")
    } else {
        format!("<system-out>{text}</system-out>")
    };
    format!("<testcase classname=\"cachediag\" name=\"build cache\">\n{inside}\n</testcase>\n")
}

fn property(name: &str, value: &str) -> String {
    format!("<properties>\n<property name=\"{name}\" value=\"{value}\"/>\n</properties>\n")
}

fn each(report: &Report) -> String {
    report.findings.iter().map(|finding| case(report, finding)).collect()
}

/// A gate is a test, too.
fn asked(gate: &GateSaid) -> String {
    let name = escape::xml(&gate.asked);
    let lines: Vec<String> = gate.lines.iter().take(MOST).map(|line| escape::xml(line)).collect();
    let lines = lines.join("\n");
    let inside = if gate.passed {
        format!("<system-out>{lines}</system-out>")
    } else {
        format!("<failure type=\"gate\" message=\"{name}\">{lines}</failure>")
    };
    format!("<testcase classname=\"cachediag\" name=\"{name}\">\n{inside}\n</testcase>\n")
}

/// What is less bad than what is to fail, or known, fails no test.
fn passes(report: &Report, finding: &Finding) -> bool {
    finding.severity < report.failing.unwrap_or(Severity::Error) || report.is_known(finding)
}

/// Named by rule and subject, which stay from run to run, so that histories of tests work.
fn case(report: &Report, finding: &Finding) -> String {
    let name = format!("{}: {}", finding.rule, finding.subject);
    let message = escape::xml(&phrases::title(report, finding));
    let inside = if passes(report, finding) {
        format!("<skipped message=\"{message}\"/>\n<system-out>{}</system-out>", text(finding))
    } else {
        let kind = names::severity(finding.severity);
        format!("<failure type=\"{kind}\" message=\"{message}\">{}</failure>", text(finding))
    };
    format!(
        "<testcase classname=\"cachediag\" name=\"{}\">\n{inside}\n</testcase>\n",
        escape::xml(&name)
    )
}

/// Lines of a log that are quoted.
const MOST: usize = 6;

fn text(finding: &Finding) -> String {
    let mut text = format!("{}\n", escape::xml(&finding.cause));
    for line in finding.evidence.iter().take(MOST) {
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "{}:{}: {}",
            escape::xml_path(&line.source),
            line.line,
            escape::xml(&anchor::quoted(&line.text))
        );
    }
    let _ = writeln!(text, "Fix: {}", escape::xml(&finding.fix.summary));
    for (number, step) in (1..).zip(&finding.fix.steps) {
        let _ = writeln!(text, "{number}. {}", escape::xml(step));
    }
    let diffs = finding.fix.edits.iter().map(|edit| &edit.diff);
    for line in finding.fix.snippet.iter().chain(diffs).flat_map(|paste| escape::lines(paste)) {
        let _ = writeln!(text, "  {}", escape::xml(&line));
    }
    let _ = write!(text, "More: cachediag explain {}", finding.rule);
    text
}
