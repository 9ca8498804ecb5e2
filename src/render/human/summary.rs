//! What could not be read, and the one line that sums up.

use anstyle::Style;

use crate::model::Problem;
use crate::render::page::{BOLD, GREEN, Page, RED, blanks};
use crate::render::phrases::headline;
use crate::render::units::count;
use crate::render::{Report, escape};

/// Lines of problems: one per input, but not a thousand.
const MOST: usize = 10;

/// One line each.
pub(super) fn problems(page: &Page, report: &Report) -> Vec<String> {
    let shown = report.problems.iter().take(MOST).map(|problem| {
        let text = escape::cut(&problem_line(problem), page.width.saturating_sub(9));
        format!("{} {text}", page.paint(RED, "problem:"))
    });
    let hidden = report.problems.len().saturating_sub(MOST);
    let more = (hidden > 0).then(|| format!("… and {}", count(hidden, "more problem")));
    shown.chain(more).collect()
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
