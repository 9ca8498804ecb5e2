//! From the report to what the script of the page reads.

use chrono::{DateTime, Utc};
use foldhash::HashMap;

use super::cell::Cell;
use super::marks::{LogColumns, Marks};
use super::rows::{self, GridRow, Member};
use super::texts::Texts;
use super::wire;
use crate::model::{BuildOutcome, Dialect, Step};
use crate::render::{Report, names};
use crate::series::{Misses, Series};

/// Builds of one series that are drawn, the newest: more than anybody scrolls through.
const MOST_BUILDS: usize = 5_000;
/// Cells of all grids: about 15 MB of page. Series beyond that are listed, not drawn.
const MOST_CELLS: usize = 1_500_000;

pub(super) fn of(report: &Report) -> wire::Data {
    let mut drawing = Drawing {
        texts: Texts::default(),
        marks: Marks::wanted(report.for_people()),
        columns: LogColumns::default(),
        room: MOST_CELLS,
    };
    let runs = &report.study.runs;
    let runs = runs
        .iter()
        .map(|r| (drawing.texts.number(&r.label), drawing.texts.number(&r.source)))
        .collect();
    let series = report
        .study
        .series
        .iter()
        .enumerate()
        .map(|(index, s)| drawing.series(report, index, s))
        .collect();
    let findings = drawing.marks.of(report.for_people(), &drawing.columns);
    wire::Data { texts: drawing.texts.into_list(), runs, series, findings }
}

/// What all series share.
struct Drawing<'a> {
    texts: Texts<'a>,
    marks: Marks<'a>,
    columns: LogColumns<'a>,
    /// Cells that may still be drawn.
    room: usize,
}

impl<'a> Drawing<'a> {
    fn series(&mut self, report: &'a Report, index: usize, series: &'a Series) -> wire::Series {
        let all: Vec<Member> = report.study.members(series).collect();
        let mut older = all.len().saturating_sub(MOST_BUILDS);
        let mut members = all.get(older..).unwrap_or_default();
        let mut rows = rows::of_series(members);
        let cells = rows.len() * members.len();
        if cells > self.room {
            (older, members) = (all.len(), &[]);
            rows.clear();
        }
        self.room -= cells.min(self.room);
        self.marks.look(index, members, &rows);
        self.columns.add(index, members);
        let builds = series.builds.iter().zip(&all).skip(older);
        wire::Series {
            key: self.texts.number(&series.key),
            in_order: all.iter().any(|(_, build)| in_order(build.dialect)),
            older,
            builds: builds
                .map(|(at, (_, build))| (at.run, build.line, outcome(build.outcome)))
                .collect(),
            breaks: report
                .study
                .misses
                .get(index)
                .map_or_else(Vec::new, |found| breaks(found, &all, older, &rows)),
            errors: errors(&rows)
                .map(|(row, column, text)| (row, column, self.texts.number(text)))
                .collect(),
            starts: starts(&rows, members.len()),
            rows: rows.iter().map(|row| self.row(row)).collect(),
        }
    }

    fn row(&mut self, row: &GridRow<'a>) -> wire::Row {
        let cells = || row.cells.iter().map(Option::as_ref);
        wire::Row {
            kind: row.kind,
            stage: self.texts.number(row.stage),
            platform: self.texts.number(row.platform),
            name: self.texts.number(row.name),
            copies: row.copies.iter().map(|stage| self.texts.number(stage)).collect(),
            cells: cells().map(|cell| cell.map_or(' ', |c| c.mark)).collect(),
            tenths: cells().map(|cell| cell.map_or(-1, Cell::tenths)).collect(),
            lines: cells().map(|cell| cell.map_or(0, |c| c.lines[0])).collect(),
        }
    }
}

/// Only `BuildKit` builds stages side by side.
fn in_order(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Classic | Dialect::Kaniko | Dialect::Buildah)
}

fn outcome(outcome: BuildOutcome) -> char {
    match outcome {
        BuildOutcome::Succeeded => 's',
        BuildOutcome::Failed => 'f',
        BuildOutcome::Canceled => 'c',
        BuildOutcome::Unknown => '?',
    }
}

/// Where the chain broke: found over all builds, also those that are not drawn.
fn breaks(
    found: &Misses,
    all: &[Member],
    older: usize,
    rows: &[GridRow],
) -> Vec<(usize, usize, &'static str, &'static str)> {
    if rows.is_empty() {
        return Vec::new();
    }
    let of_build = (0..).zip(all).skip(older).flat_map(|(at, (_, build))| {
        let column = at - older;
        let mut breaks = found.in_build(at, build).peekable();
        let places =
            if breaks.peek().is_some() { places(rows, column) } else { HashMap::default() };
        breaks.filter_map(move |b| {
            let row = *places.get(&std::ptr::from_ref(b.step))?;
            Some((row, column, names::because(b.because), names::confidence(b.confidence)))
        })
    });
    of_build.collect()
}

/// In which row each step of a build stands.
fn places(rows: &[GridRow], column: usize) -> HashMap<*const Step, usize> {
    let step = |row: &GridRow| row.cells.get(column)?.as_ref()?.step.map(std::ptr::from_ref);
    rows.iter().enumerate().filter_map(|(at, row)| Some((step(row)?, at))).collect()
}

/// When steps began, from the first one of their build on: only the JSON status tells.
fn starts(rows: &[GridRow], columns: usize) -> Vec<(usize, usize, i64)> {
    (0..columns).flat_map(|column| starts_of(rows, column)).collect()
}

/// The same of one build.
fn starts_of(rows: &[GridRow], column: usize) -> Vec<(usize, usize, i64)> {
    let began = |row: &GridRow| Some(row.cells.get(column)?.as_ref()?.step?.trace.as_ref()?.ran?.0);
    let Some(first) = rows.iter().filter_map(began).min() else { return Vec::new() };
    let after = |at: DateTime<Utc>| (at - first).num_milliseconds() / 100;
    let numbered = rows.iter().enumerate();
    numbered.filter_map(|(at, row)| Some((at, column, after(began(row)?)))).collect()
}

fn errors<'r, 'a>(
    rows: &'r [GridRow<'a>],
) -> impl Iterator<Item = (usize, usize, &'a str)> + use<'r, 'a> {
    rows.iter().enumerate().flat_map(|(index, row)| {
        let cells = row.cells.iter().enumerate();
        cells.filter_map(move |(column, cell)| Some((index, column, (*cell)?.error?)))
    })
}
