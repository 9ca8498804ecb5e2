//! The report for people: findings first, then one table, then one line that sums up.

mod block;
mod evidence;
mod excerpt;
mod fix;
mod list;
mod matrix;
mod place;
mod proven;
mod steps;
mod strip;
mod summary;
mod table;

pub(super) use self::proven::proven;
pub(super) use self::strip::fitted as strip;
pub(super) use self::strip::{
    STEP_MEANING, meaning, of_builds as strip_of, of_steps as strip_of_steps,
};
pub use self::summary::problem_line;
pub(super) use self::table::{legend, rows};
use super::page::TextPage;
use super::seen::QuotedLogs;
use super::units::count;
use super::{Renderer, Report, Screen};
use crate::finding::{Evidence, Finding, Severity};
use crate::model::Run;

/// `--format human`.
#[derive(Debug)]
pub struct Human;

impl Renderer for Human {
    fn name(&self) -> &'static str {
        "human"
    }

    fn render(&self, report: &Report, screen: Screen) -> String {
        let page = TextPage::new(screen);
        let mut sections = Vec::new();
        if is_fleet(report) {
            sections.push(super::summary::table(&page, report));
        }
        sections.push(list::all(&page, report));
        sections.extend(findings(&page, report));
        sections.push(summary::more(&page, report));
        sections.push(summary::problems(&page, report));
        let summed = !report.details && !report.findings.is_empty();
        let only = if summed { matrix::only(report) } else { None };
        if let Some(series) = only {
            sections.push(matrix::summed(&page, report, series));
        } else if shows_series(report) {
            sections.push(table::series(&page, report));
        }
        if only.is_none() && !report.findings.is_empty() {
            sections.extend(matrix::all(&page, report));
        }
        sections.extend(steps::all(&page, report));
        sections.extend(proven::all(&page, report));
        sections.push(summary::gates(&page, report));
        sections.push(summary::baseline(&page, report));
        sections.push(summary::news(&page, report));
        sections.push(summary::hidden(&page, report));
        sections.push(summary::last_line(&page, report));
        sections.retain(|lines| !lines.is_empty());
        page.print(&sections.join(&String::new()))
    }
}

/// The runs of each build, and its steps against them, for where nothing better can be drawn.
pub(super) fn series_in_letters(report: &Report, screen: Screen) -> Vec<Vec<String>> {
    let page = TextPage::new(screen);
    let mut parts = vec![table::series(&page, report)];
    parts.extend(matrix::all(&page, report));
    parts.retain(|lines| !lines.is_empty());
    parts
}

/// What is wrong in full, what is known or worth knowing in short.
fn findings(page: &TextPage, report: &Report) -> Vec<Vec<String>> {
    let input = InputFacts::of(report);
    // Neither many builds nor many files of configuration are read one by one.
    let many = is_fleet(report) || report.study.series.is_empty();
    let most = report.top.unwrap_or(if many { MOST } else { usize::MAX });
    let hidden = report.findings.len().saturating_sub(most);
    let each = report.for_people().take(most).map(|finding| {
        if report.is_known(finding) {
            block::short(page, finding, &input)
        } else if report.details {
            block::full(page, finding, &input)
        } else if !is_shown_in_full(report, finding) || input.is_one_more(finding) {
            block::short(page, finding, &input)
        } else {
            block::brief(page, finding, &input)
        }
    });
    let more = format!(
        "… and {}; --top N shows N of them, --format json all",
        count(hidden, "more finding")
    );
    each.chain((hidden > 0).then(|| page.wrap("", "  ", &more))).collect()
}

/// Findings of many builds that are shown in full.
const MOST: usize = 20;
/// So many builds are more than one reads one by one.
const MANY: usize = 8;

/// Many builds have many findings: what they have in common comes first.
fn is_fleet(report: &Report) -> bool {
    report.study.series.len() > MANY && report.findings.len() > MANY
}

/// What the block of a finding says of the whole input.
struct InputFacts<'a> {
    report: &'a Report,
    /// Names of all logs.
    sources: Vec<&'a str>,
    seen: QuotedLogs<'a>,
}

impl<'a> InputFacts<'a> {
    fn of(report: &'a Report) -> Self {
        let runs = &report.study.runs;
        Self {
            report,
            sources: runs.iter().map(|run| run.source.as_str()).collect(),
            seen: QuotedLogs::of(report),
        }
    }

    /// Its quoted lines, those of the newest run first: old logs are soon gone. What shows one event
    /// stays together. Configuration keeps its place.
    fn newest_first(&self, finding: &'a Finding) -> Vec<&'a Evidence> {
        let events = finding.evidence.events();
        let runs: Vec<Option<usize>> = events.iter().map(|event| self.newest_run(event)).collect();
        let of_logs = |(run, event): (&Option<usize>, _)| Some(((*run)?, event));
        let mut of_logs: Vec<(usize, &Vec<&Evidence>)> =
            runs.iter().zip(&events).filter_map(of_logs).collect();
        of_logs.sort_by_key(|(run, _)| std::cmp::Reverse(*run));
        let mut of_logs = of_logs.into_iter().map(|(_, event)| event);
        let events = runs.iter().zip(&events);
        events
            .filter_map(|(run, event)| if run.is_some() { of_logs.next() } else { Some(event) })
            .flatten()
            .copied()
            .collect()
    }

    /// The newest run that one of these lines is of.
    fn newest_run(&self, lines: &[&Evidence]) -> Option<usize> {
        let runs = &self.report.study.runs;
        let place = |run: &Run| runs.iter().position(|other| std::ptr::eq(other, run));
        lines.iter().filter_map(|line| self.seen.run(line).and_then(place)).max()
    }

    /// Two of its rule, with its fix, are shown before: what it has of its own is a place.
    fn is_one_more(&self, finding: &Finding) -> bool {
        let same = |other: &&Finding| {
            other.rule == finding.rule && other.fix.summary == finding.fix.summary
        };
        self.before(finding).filter(same).nth(1).is_some()
    }

    /// A finding shown before this one for which something holds.
    fn said_before(
        &self,
        finding: &Finding,
        holds: impl Fn(&Finding) -> bool,
    ) -> Option<&'a Finding> {
        self.before(finding).find(|other| is_shown_in_full(self.report, other) && holds(other))
    }

    fn before(&self, finding: &Finding) -> impl Iterator<Item = &'a Finding> {
        self.report.for_people().take_while(move |other| !std::ptr::eq(*other, finding))
    }
}

/// It is shown with all that is to do about it.
fn is_shown_in_full(report: &Report, finding: &Finding) -> bool {
    finding.severity != Severity::Note && !report.is_known(finding)
}

/// One healthy log needs no table: a line says it all.
fn shows_series(report: &Report) -> bool {
    let builds: usize = report.study.series.iter().map(|s| s.builds.len()).sum();
    builds > usize::from(report.findings.is_empty())
}

#[cfg(test)]
mod tests;
