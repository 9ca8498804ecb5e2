//! Several findings, a line each, before each is shown in full.

use std::collections::HashSet;

use unicode_width::UnicodeWidthStr;

use super::is_fleet;
use crate::finding::Finding;
use crate::render::page::{BOLD, TextPage, blanks, style_of};
use crate::render::phrases::{counted, title};
use crate::render::seen::QuotedLogs;
use crate::render::units::{count, duration};
use crate::render::{Report, escape, names};

/// Findings that are listed.
const MOST: usize = 10;

/// Nothing where there is one, or where the summary of many jobs stands above.
pub(super) fn all(page: &TextPage, report: &Report) -> Vec<String> {
    if report.findings.len() < 2 || is_fleet(report) {
        return Vec::new();
    }
    let shown: Vec<&Finding> = report.for_people().take(MOST).collect();
    let cells = shown.iter().map(|finding| (names::severity(finding.severity), lost(finding)));
    let cells: Vec<(&str, String)> = cells.collect();
    let severity = cells.iter().map(|(severity, _)| severity.width()).max().unwrap_or(0);
    let cost = cells.iter().map(|(_, cost)| cost.width()).max().unwrap_or(0);
    let builds = builds(report, &shown);
    let named = builds.iter().map(|build| build.width()).max().unwrap_or(0);
    let mut lines = vec![page.paint(BOLD, &counted(report))];
    for ((finding, (name, lost)), build) in shown.iter().zip(&cells).zip(&builds) {
        let gap = blanks(severity.saturating_sub(name.width()) + 2);
        let column = format!(
            "{}{lost}{}{build}{}",
            blanks(cost.saturating_sub(lost.width())),
            blanks(if cost > 0 { 2 } else { 0 }),
            blanks(named.saturating_sub(build.width()) + if named > 0 { 2 } else { 0 })
        );
        let room = page.width.saturating_sub(2 + severity + 2 + column.width());
        let title = escape::cut(&escape::line(&title(report, finding)), room);
        lines.push(format!(
            "  {}{gap}{column}{title}",
            page.paint(style_of(finding.severity), name)
        ));
    }
    let hidden = report.findings.len().saturating_sub(MOST);
    lines.extend((hidden > 0).then(|| format!("  … and {}", count(hidden, "more finding"))));
    lines
}

/// The build of each finding, where two of them have one title; else nothing.
fn builds(report: &Report, shown: &[&Finding]) -> Vec<String> {
    const ROOM: usize = 24;
    let seen = QuotedLogs::of(report);
    let build = |finding: &Finding| {
        escape::cut_start(&escape::line(seen.build(finding).unwrap_or_default()), ROOM)
    };
    let titles: HashSet<&str> = shown.iter().map(|finding| finding.title.as_str()).collect();
    let repeated = titles.len() < shown.len();
    shown.iter().map(|finding| if repeated { build(finding) } else { String::new() }).collect()
}

/// What it cost in all runs; nothing where no log tells.
fn lost(finding: &Finding) -> String {
    if finding.impact.seconds > 0.0 { duration(finding.impact.seconds) } else { String::new() }
}
