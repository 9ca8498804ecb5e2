//! What could not be read, and the one line that sums up.

use anstyle::Style;

use crate::model::Problem;
use crate::render::page::{BOLD, DIM, GREEN, Page, RED, blanks};
use crate::render::phrases::{self, headline};
use crate::render::units::count;
use crate::render::{Report, escape};

/// Lines of problems: one per input, but not a thousand.
const MOST: usize = 10;
/// Characters of one.
const LONGEST: usize = 300;

/// One line each.
pub(super) fn problems(page: &Page, report: &Report) -> Vec<String> {
    const LABEL: &str = "problem:";
    let wrapped =
        |problem| page.wrap("", "  ", &format!("{LABEL} {}", escape::shorten(&problem_line(problem), LONGEST)));
    let shown = report.problems.iter().take(MOST).flat_map(wrapped).map(|line| match line.strip_prefix(LABEL) {
        Some(rest) => page.paint(RED, LABEL) + rest,
        None => line,
    });
    let hidden = report.problems.len().saturating_sub(MOST);
    let more = (hidden > 0).then(|| format!("… and {}", count(hidden, "more problem")));
    shown.chain(more).collect()
}

/// What is not shown, and why: never silently.
pub(super) fn hidden(page: &Page, report: &Report) -> Vec<String> {
    let all = phrases::hidden(report);
    let left = all.len().saturating_sub(MOST);
    let more = (left > 0).then(|| format!("hidden: … and by {}", count(left, "more ignore")));
    let shown = all.iter().take(MOST).map(|text| format!("hidden: {}", escape::line(text)));
    let wrapped = shown.chain(more).flat_map(|text| page.wrap("", "  ", &text));
    wrapped.map(|line| page.paint(DIM, &line)).collect()
}

/// `run-03.log:12: not UTF-8`.
#[must_use]
pub fn problem_line(problem: &Problem) -> String {
    let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line}: {}", escape::line(&problem.source), escape::line(&problem.message))
}

/// The last line of the report.
pub(super) fn last_line(page: &Page, report: &Report) -> Vec<String> {
    let built = report.study.runs.iter().any(|run| !run.builds.is_empty());
    let (style, indent) = match (report.findings.is_empty(), built) {
        (false, _) => (BOLD, 2),
        (true, true) => (GREEN, 0),
        (true, false) => (Style::new(), 0),
    };
    page.wrap("", &blanks(indent), &headline(report)).iter().map(|line| page.paint(style, line)).collect()
}
