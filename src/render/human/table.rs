//! One row per build: how it fared from run to run.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use unicode_width::UnicodeWidthStr;

use super::strip;
use crate::model::Build;
use crate::render::page::{BOLD, DIM, TextPage};
use crate::render::units::{count, duration, share};
use crate::render::{Report, escape};
use crate::series::Series;

/// Rows of the table: the worst come first, and all are in the machine-readable formats.
const MOST: usize = 20;
/// On a narrower page there is no room for times.
const ROOMY: usize = 74;

/// One series, counted.
pub(in crate::render) struct SeriesRow {
    pub(in crate::render) name: String,
    pub(in crate::render) marks: Vec<char>,
    pub(in crate::render) hits: usize,
    pub(in crate::render) total: usize,
    pub(in crate::render) seconds: f64,
}

/// The series, of many those that took longest; and how many are left out.
pub(in crate::render) fn rows(report: &Report, most: usize) -> (Vec<SeriesRow>, usize) {
    let mut rows: Vec<SeriesRow> = report.study.series.iter().map(|s| row(report, s)).collect();
    let hidden = rows.len().saturating_sub(most);
    if hidden > 0 {
        rows.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        rows.truncate(most);
    }
    (rows, hidden)
}

pub(super) fn series(page: &TextPage, report: &Report) -> Vec<String> {
    let (rows, hidden) = rows(report, MOST);
    let mut lines = table(page, &rows);
    if hidden > 0 {
        let text = format!(
            "  … and {}; these are the ones that took longest",
            count(hidden, "more build")
        );
        lines.push(page.paint(DIM, &text));
    }
    lines.push(page.paint(DIM, &legend(&rows)));
    lines
}

fn row(report: &Report, series: &Series) -> SeriesRow {
    let builds: Vec<&Build> = report.study.members(series).map(|(_, build)| build).collect();
    SeriesRow {
        name: escape::line(&series.key),
        marks: builds.iter().map(|b| strip::of_build(b)).collect(),
        hits: builds.iter().map(|b| b.hits()).sum(),
        total: builds.iter().map(|b| b.total()).sum(),
        seconds: builds.iter().map(|b| b.seconds_executed()).sum(),
    }
}

fn table(page: &TextPage, rows: &[SeriesRow]) -> Vec<String> {
    let (name, strip) = widths(page, rows);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let columns = if page.width < ROOMY { 3 } else { 4 };
    table.set_header(
        ["build", "runs, old → new", "steps from cache", "time executed"].into_iter().take(columns),
    );
    for r in rows {
        let cells = [
            escape::cut_start(&r.name, name),
            strip::fitted(&r.marks, strip),
            share(r.hits, r.total),
            duration(r.seconds),
        ];
        table.add_row(cells.into_iter().take(columns));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding(if index == 0 { (2, 1) } else { (1, 1) });
        column.set_cell_alignment(if index == 3 {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        });
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.enumerate().map(|(i, line)| if i == 0 { page.paint(BOLD, &line) } else { line }).collect()
}

/// Widths of name and strip: the strip gets what its marks need, the name what is left.
fn widths(page: &TextPage, rows: &[SeriesRow]) -> (usize, usize) {
    // What the columns of numbers take at most, with the gaps between the columns.
    let room = page.width.saturating_sub(if page.width < ROOMY { 29 } else { 44 });
    let name = rows.iter().map(|r| r.name.width()).max().unwrap_or(0);
    let marks = rows.iter().map(|r| r.marks.len() * 2).max().unwrap_or(0).clamp(16, 60);
    let name = name.min(room.saturating_sub(marks).max(page.width / 4));
    (name, room.saturating_sub(name).max(16))
}

/// The meaning of the marks in use.
pub(in crate::render) fn legend(rows: &[SeriesRow]) -> String {
    let used = strip::LEGEND.iter().filter(|(mark, _)| rows.iter().any(|r| r.marks.contains(mark)));
    let words: Vec<_> = used.map(|(mark, meaning)| format!("{mark} {meaning}")).collect();
    format!("  {}", words.join("   "))
}
