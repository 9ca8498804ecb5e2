//! Steps of a series side by side.

use super::matching::alike;
use crate::model::{Build, Step, StepKind};

/// One step over the builds of a series.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Stage.
    pub stage: &'a str,
    /// Platform.
    pub platform: &'a str,
    /// Text in the newest build that has it.
    pub text: &'a str,
    /// The step in each build, in the order of `Series::builds`; `None` where a build has no such step.
    pub cells: Vec<Option<&'a Step>>,
}

/// Aligns the counted steps of builds: by stage and text first, then by position and instruction.
#[must_use]
pub fn rows<'a>(builds: &[&'a Build]) -> Vec<Row<'a>> {
    let mut rows: Vec<Growing<'a>> = Vec::new();
    for (column, build) in builds.iter().enumerate() {
        let mut after = 0;
        for step in build.steps.iter().filter(|s| s.kind == StepKind::Counted) {
            let at = find(&rows, step, column, after).unwrap_or_else(|| insert(&mut rows, step, after, builds.len()));
            if let Some(row) = rows.get_mut(at) {
                row.set(column, step);
            }
            after = at + 1;
        }
    }
    rows.into_iter().map(|growing| growing.row).collect()
}

/// A row, and the newest step in it.
struct Growing<'a> {
    row: Row<'a>,
    last: &'a Step,
}

impl<'a> Growing<'a> {
    fn set(&mut self, column: usize, step: &'a Step) {
        self.row.text = &step.text;
        self.last = step;
        if let Some(cell) = self.row.cells.get_mut(column) {
            *cell = Some(step);
        }
    }

    fn same_stage(&self, step: &Step) -> bool {
        step.is_of(self.row.stage, self.row.platform)
    }

    /// It has no step of this build yet.
    fn open(&self, step: &Step, column: usize) -> bool {
        self.row.cells.get(column).is_some_and(Option::is_none) && self.same_stage(step)
    }

    fn by_position(&self, step: &Step) -> bool {
        self.last.position == step.position
            && self.last.instruction == step.instruction
            && alike(&self.last.text, &step.text)
    }
}

/// The row of a step. Most often it is the one after the row of the step before.
fn find(rows: &[Growing], step: &Step, column: usize, next: usize) -> Option<usize> {
    let by_text = |row: &Growing| row.open(step, column) && row.row.text == step.text;
    if rows.get(next).is_some_and(by_text) {
        return Some(next);
    }
    let by_position = |row: &Growing| row.open(step, column) && row.by_position(step);
    rows.iter().position(by_text).or_else(|| rows.iter().position(by_position))
}

/// Makes a row behind those of the same stage that come before the step.
fn insert<'a>(rows: &mut Vec<Growing<'a>>, step: &'a Step, after: usize, columns: usize) -> usize {
    let before = |row: &Growing| row.same_stage(step) && row.last.position < step.position;
    let at = rows.iter().rposition(before).map_or(after, |i| i + 1).min(rows.len());
    let row = Row { stage: &step.stage, platform: &step.platform, text: &step.text, cells: vec![None; columns] };
    rows.insert(at, Growing { row, last: step });
    at
}
