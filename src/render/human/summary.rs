//! What could not be read, and the one line that sums up.

use crate::finding::Severity;
use crate::model::{Build, Problem};
use crate::render::page::{BOLD, GREEN, Page, RED, blanks};
use crate::render::units::{count, grouped};
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
    let builds = report.study.runs.iter().map(|run| run.builds.len()).sum::<usize>();
    if report.study.runs.is_empty() {
        return page.wrap("", "", "Nothing could be read.");
    }
    if builds == 0 && report.findings.is_empty() {
        let text =
            format!("No Docker build found in {}. Is this the log of the step that builds the image?", inputs(report));
        return page.wrap("", "", &text);
    }
    if report.findings.is_empty() {
        let lines = page.wrap("", "", &healthy(report));
        return lines.iter().map(|line| page.paint(GREEN, line)).collect();
    }
    let text = format!("{} in {} · {}", counted(report), runs(report), inputs(report));
    page.wrap("", &blanks(2), &text).iter().map(|line| page.paint(BOLD, line)).collect()
}

fn healthy(report: &Report) -> String {
    let builds = || report.study.runs.iter().flat_map(|run| &run.builds);
    let hits: usize = builds().map(Build::hits).sum();
    let total: usize = builds().map(Build::total).sum();
    let steps = if total == 0 {
        "no step that a cache could answer".to_owned()
    } else {
        format!("{} of {} from the cache", grouped(hits), count(total, "step"))
    };
    format!("No cache trouble found: {}, {steps}.", runs(report))
}

/// `1 error, 2 warnings`.
fn counted(report: &Report) -> String {
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let words = kinds.iter().filter_map(|&(severity, word)| {
        let number = report.findings.iter().filter(|f| f.severity == severity).count();
        (number > 0).then(|| count(number, word))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// `6 runs of 1 build`: a log may hold several runs of a build, one after another.
fn runs(report: &Report) -> String {
    let runs = report.study.runs.iter().map(|run| run.builds.len()).sum::<usize>();
    match report.study.series.len() {
        0 => count(runs.max(report.study.runs.len()), "run"),
        builds => format!("{} of {}", count(runs, "run"), count(builds, "build")),
    }
}

/// `6 logs, 312 lines`; a log with several jobs is one log.
fn inputs(report: &Report) -> String {
    let mut sources: Vec<&str> = report.study.runs.iter().map(|run| run.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let lines: u64 = report.study.runs.iter().map(|run| run.lines).sum();
    format!("{}, {}", count(sources.len(), "log"), count(usize::try_from(lines).unwrap_or(usize::MAX), "line"))
}
