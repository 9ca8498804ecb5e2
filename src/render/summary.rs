//! The big picture of many jobs on one screen: causes, the costliest first, with the jobs that have
//! them.

use unicode_width::UnicodeWidthStr;

use super::overview::{self, RuleFindings};
use super::page::{BOLD, DIM, TextPage, blanks, style_of};
use super::units::{count, duration, grouped, share};
use super::{Renderer, Report, Screen, escape, names, phrases};
use crate::model::Build;

/// `--format summary`, or `--summary`.
#[derive(Debug)]
pub struct Summary;

/// Causes that are listed where nobody says how many: with two lines below each they fit on a
/// screen of 40 lines.
const TOP: usize = 10;

impl Renderer for Summary {
    fn name(&self) -> &'static str {
        "summary"
    }

    fn render(&self, report: &Report, screen: Screen) -> String {
        let page = TextPage::new(screen);
        let mut lines = table(&page, report);
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let problems = report.problems.len();
        if problems > 0 {
            lines.push(format!("{}; --format json has them all", count(problems, "problem")));
        }
        lines.extend(page.wrap("", "", &page.parted(&phrases::headline(report))));
        page.print(&lines)
    }
}

/// The table, also as the head of a long report; nothing where nothing was found.
pub(super) fn table(page: &TextPage, report: &Report) -> Vec<String> {
    let causes = overview::causes(report);
    if causes.is_empty() {
        return Vec::new();
    }
    let (shown, rest) = causes.split_at(causes.len().min(report.top.unwrap_or(TOP)));
    let heading = page.wrap("", "  ", &totals(report));
    let mut lines: Vec<String> = heading.iter().map(|line| page.paint(BOLD, line)).collect();
    lines.push(String::new());
    lines.push(page.paint(BOLD, &row(page, &["time lost", "jobs", "runs"], "cause, and where")));
    lines.extend(shown.iter().flat_map(|cause| entry(page, report, cause)));
    lines.extend((!rest.is_empty()).then(|| others(page, rest)));
    let seconds: f64 = causes.iter().map(|cause| cause.seconds).sum();
    let all = format!(
        "in all, {} of {}",
        count(report.findings.len(), "finding"),
        count(causes.len(), "cause")
    );
    lines.push(page.paint(BOLD, &row(page, &[&duration(seconds), "", ""], &all)));
    lines
}

/// `120 builds in 5,000 runs: 12,310 of 40,200 (30 %) steps from the cache, executed steps took 31 h 05 min`.
fn totals(report: &Report) -> String {
    let builds = || report.study.runs.iter().flat_map(|run| &run.builds);
    let (hits, total) = (builds().map(Build::hits).sum(), builds().map(Build::total).sum());
    let seconds: f64 = builds().map(Build::seconds_executed).sum();
    let steps = format!(
        "{} steps from the cache, executed steps took {}",
        share(hits, total),
        duration(seconds)
    );
    format!(
        "{} in {}: {steps}",
        count(report.study.series.len(), "build"),
        count(builds().count(), "run")
    )
}

/// A line of numbers, and below it what it is and where.
fn entry(page: &TextPage, report: &Report, cause: &RuleFindings) -> Vec<String> {
    let numbers = [duration(cause.seconds), grouped(cause.jobs.len()), grouped(cause.runs)];
    let name = format!("{}[{}]", names::severity(cause.severity), cause.rule);
    let room = page.width.saturating_sub(BELOW);
    let title = escape::cut(&escape::line(&phrases::title(report, cause.worst)), room);
    let mut lines = vec![
        row(page, &numbers.each_ref().map(String::as_str), "")
            + &page.paint(style_of(cause.severity), &name),
        blanks(BELOW) + &title,
    ];
    if !cause.jobs.is_empty() {
        lines.push(
            page.paint(
                DIM,
                &format!("{}in {}", blanks(BELOW), jobs(cause, room.saturating_sub(3))),
            ),
        );
    }
    lines
}

/// As many jobs as there is room for, and how many more.
fn jobs(cause: &RuleFindings, room: usize) -> String {
    let mut text = String::new();
    for (at, job) in cause.jobs.iter().enumerate() {
        let left = cause.jobs.len() - at;
        let more =
            if left > 1 { format!(" and {} more", grouped(left - 1)) } else { String::new() };
        let next = if text.is_empty() {
            escape::line(job)
        } else {
            format!("{text}, {}", escape::line(job))
        };
        if next.width() + more.width() > room && !text.is_empty() {
            return format!("{text} and {} more", grouped(left));
        }
        text = escape::cut(&next, room.saturating_sub(more.width()));
    }
    text
}

/// Width of the columns of numbers, with the gaps between them.
const MARGIN: usize = 2 + 12 + 2 + 6 + 2 + 7 + 2;
/// What the lines below numbers begin with.
const BELOW: usize = 6;

fn row(page: &TextPage, numbers: &[&str; 3], text: &str) -> String {
    let [time, jobs, runs] = numbers;
    let room = page.width.saturating_sub(MARGIN);
    format!("  {time:>12}  {jobs:>6}  {runs:>7}  {}", escape::cut(text, room))
}

fn others(page: &TextPage, rest: &[RuleFindings]) -> String {
    let seconds: f64 = rest.iter().map(|cause| cause.seconds).sum();
    let runs = grouped(rest.iter().map(|cause| cause.runs).sum());
    row(
        page,
        &[&duration(seconds), "", &runs],
        &format!("{}; --top shows more", count(rest.len(), "other cause")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn causes_and_jobs() {
        insta::assert_snapshot!("several", Summary.render(&samples::several(), samples::NARROW));
        insta::assert_snapshot!("healthy", Summary.render(&samples::healthy(), samples::NARROW));
    }

    #[test]
    fn ten_thousand_findings_are_one_screen() {
        let text = Summary.render(&samples::flood(), samples::NARROW);
        assert!(
            text.lines().count() <= 40 && text.lines().all(|line| line.width() <= 80),
            "{text}"
        );
        assert!(text.contains("10,000 findings"));
        let top = Report { top: Some(1), ..samples::flood() };
        assert!(Summary.render(&top, samples::NARROW).contains("2 other causes"));
    }
}
