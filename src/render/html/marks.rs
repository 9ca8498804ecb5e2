//! Which cells of the grids the quoted lines of the findings stand for.

use std::collections::HashMap;

use super::rows::{GridRow, Member};
use super::wire::Mark;
use crate::finding::Finding;

/// Lines that findings quote, and what they were found to be.
pub(super) struct Marks<'a> {
    places: HashMap<(&'a str, u64), Option<Mark>>,
}

impl<'a> Marks<'a> {
    /// Of the lines that these findings quote.
    pub(super) fn wanted(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let lines = findings.flat_map(|f| f.evidence.iter());
        Self { places: lines.map(|e| ((e.source.as_str(), e.line), None)).collect() }
    }

    /// Looks the cells of a series up among the wanted lines. The first that has a line keeps it.
    pub(super) fn look(&mut self, series: usize, members: &[Member<'a>], rows: &[GridRow]) {
        for (index, row) in rows.iter().enumerate() {
            for (column, (cell, (run, _))) in row.cells.iter().zip(members).enumerate() {
                for &line in cell.iter().flat_map(|cell| &cell.lines) {
                    self.found(&run.source, line, Mark(series, Some(index), column));
                }
            }
        }
    }

    fn found(&mut self, source: &'a str, line: u64, mark: Mark) {
        if let Some(place) = self.places.get_mut(&(source, line)) {
            place.get_or_insert(mark);
        }
    }

    /// For each quoted line of each finding its mark. A line that is of no row marks the build it
    /// stands in: the last that begins at or before it, else the first one of the log.
    pub(super) fn of(
        &self,
        findings: impl Iterator<Item = &'a Finding>,
        columns: &LogColumns<'a>,
    ) -> Vec<Vec<Option<Mark>>> {
        let mark = |source: &'a str, line| {
            let cell = self.places.get(&(source, line)).copied().flatten();
            cell.or_else(|| columns.at(source, line))
        };
        findings.map(|f| f.evidence.iter().map(|e| mark(&e.source, e.line)).collect()).collect()
    }
}

/// Where the builds of each log begin.
#[derive(Default)]
pub(super) struct LogColumns<'a>(HashMap<&'a str, Vec<(u64, Mark)>>);

impl<'a> LogColumns<'a> {
    pub(super) fn add(&mut self, series: usize, members: &[Member<'a>]) {
        for (column, (run, build)) in members.iter().enumerate() {
            self.0
                .entry(run.source.as_str())
                .or_default()
                .push((build.line, Mark(series, None, column)));
        }
    }

    fn at(&self, source: &str, line: u64) -> Option<Mark> {
        let builds = self.0.get(source)?;
        let before =
            builds.iter().filter(|(first, _)| *first <= line).max_by_key(|(first, _)| *first);
        before.or_else(|| builds.iter().min_by_key(|(first, _)| *first)).map(|(_, mark)| *mark)
    }
}
