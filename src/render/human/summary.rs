//! What could not be read, and the one line that sums up.

use anstyle::Style;

use super::is_shown_in_full;
use crate::model::Problem;
use crate::render::decisions::GateSaid;
use crate::render::page::{BOLD, DIM, GREEN, RED, TextPage, blanks};
use crate::render::phrases::headline;
use crate::render::units::{count, grouped};
use crate::render::{Report, decisions, escape};
use crate::triage::Verdict;

/// Lines of problems: one per input, but not a thousand.
const MOST: usize = 10;
/// Characters of one.
const LONGEST: usize = 300;

/// One line each.
pub(super) fn problems(page: &TextPage, report: &Report) -> Vec<String> {
    const LABEL: &str = "problem:";
    let wrapped = |problem| {
        page.wrap(
            "",
            "  ",
            &format!("{LABEL} {}", escape::shorten(&problem_line(problem), LONGEST)),
        )
    };
    let shown = report.problems.iter().take(MOST).flat_map(wrapped).map(|line| {
        match line.strip_prefix(LABEL) {
            Some(rest) => page.paint(RED, LABEL) + rest,
            None => line,
        }
    });
    let hidden = report.problems.len().saturating_sub(MOST);
    let more = (hidden > 0).then(|| format!("… and {}", count(hidden, "more problem")));
    shown.chain(more).collect()
}

/// Where the rest of the findings is.
pub(super) fn more(page: &TextPage, report: &Report) -> Vec<String> {
    let Some(finding) = report.for_people().find(|finding| is_shown_in_full(report, finding))
    else {
        return Vec::new();
    };
    if report.details {
        return Vec::new();
    }
    let text = format!(
        "More: --details (steps of the fix, all evidence) · cachediag explain {}",
        finding.rule
    );
    page.wrap("", "  ", &page.parted(&text)).iter().map(|line| page.paint(DIM, line)).collect()
}

/// What was asked of the builds: why a gate is not passed, a line a build.
pub(super) fn gates(page: &TextPage, report: &Report) -> Vec<String> {
    decisions::gates(report).iter().flat_map(|gate| one_gate(page, gate)).collect()
}

fn one_gate(page: &TextPage, gate: &GateSaid) -> Vec<String> {
    let (label, style) =
        if gate.passed { ("gate passed:", GREEN) } else { ("gate failed:", RED.bold()) };
    let heading = page.wrap("", "  ", &format!("{label} {}{}", escape::line(&gate.asked), gate.of));
    let heading = heading.into_iter().map(|line| match line.strip_prefix(label) {
        Some(rest) => page.paint(style, label) + rest,
        None => line,
    });
    let left = gate.lines.len().saturating_sub(MOST);
    let more = (left > 0).then(|| format!("… and {}", count(left, "more build")));
    let shown = gate
        .lines
        .iter()
        .take(MOST)
        .map(|line| escape::shorten(&escape::line(line), LONGEST))
        .chain(more);
    heading.chain(shown.flat_map(|line| page.wrap("  ", "    ", &line))).collect()
}

/// What is new, known and gone.
pub(super) fn baseline(page: &TextPage, report: &Report) -> Vec<String> {
    dim(page, "baseline", &decisions::baseline(report))
}

/// What is new since the job ran last.
pub(super) fn news(page: &TextPage, report: &Report) -> Vec<String> {
    dim(page, "history", &decisions::news(report))
}

/// What is not shown, and why: never silently.
pub(super) fn hidden(page: &TextPage, report: &Report) -> Vec<String> {
    dim(page, "hidden", &decisions::hidden(report))
}

fn dim(page: &TextPage, label: &str, all: &[String]) -> Vec<String> {
    let left = all.len().saturating_sub(MOST);
    let more = (left > 0).then(|| format!("… and {}", grouped(left)));
    let shown = all.iter().take(MOST).map(|text| escape::line(text)).chain(more);
    let wrapped = shown.flat_map(|text| page.wrap("", "  ", &format!("{label}: {text}")));
    wrapped.map(|line| page.paint(DIM, &line)).collect()
}

/// `run-03.log:12: not UTF-8`.
#[must_use]
pub fn problem_line(problem: &Problem) -> String {
    if problem.source == "-" && problem.line.is_none() {
        return format!("standard input {}", escape::line(&problem.message));
    }
    let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line}: {}", escape::path(&problem.source), escape::line(&problem.message))
}

/// The last line of the report.
pub(super) fn last_line(page: &TextPage, report: &Report) -> Vec<String> {
    let (style, indent) = match (report.findings.is_empty(), report.assessment().verdict) {
        (false, _) => (BOLD, 2),
        (true, Verdict::Healthy) => (GREEN, 0),
        (true, Verdict::TooLittleToTell) => (BOLD, 0),
        (true, _) => (Style::new(), 0),
    };
    page.wrap("", &blanks(indent), &page.parted(&headline(report)))
        .iter()
        .map(|line| page.paint(style, line))
        .collect()
}
