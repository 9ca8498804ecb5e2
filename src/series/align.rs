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
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (column, build) in builds.iter().enumerate() {
        let mut after = 0;
        for step in build.steps.iter().filter(|s| s.kind == StepKind::Counted) {
            let at = find(&rows, step, column).unwrap_or_else(|| insert(&mut rows, step, after, builds.len()));
            if let Some(row) = rows.get_mut(at) {
                row.text = &step.text;
                if let Some(cell) = row.cells.get_mut(column) {
                    *cell = Some(step);
                }
            }
            after = at + 1;
        }
    }
    rows
}

/// The row of a step that has no step of this build yet.
fn find(rows: &[Row], step: &Step, column: usize) -> Option<usize> {
    let open = |row: &&Row| {
        row.stage == step.stage && row.platform == step.platform && row.cells.get(column).is_some_and(Option::is_none)
    };
    let by_text = |row: &Row| row.text == step.text;
    let by_position = |row: &Row| {
        let last = row.cells.iter().flatten().last();
        last.is_some_and(|s| {
            s.position == step.position && s.instruction == step.instruction && alike(&s.text, &step.text)
        })
    };
    rows.iter().position(|r| open(&r) && by_text(r)).or_else(|| rows.iter().position(|r| open(&r) && by_position(r)))
}

/// Makes a row behind those of the same stage that come before the step.
fn insert<'a>(rows: &mut Vec<Row<'a>>, step: &'a Step, after: usize, columns: usize) -> usize {
    let before = |row: &Row| {
        row.stage == step.stage
            && row.platform == step.platform
            && row.cells.iter().flatten().last().is_some_and(|s| s.position < step.position)
    };
    let at = rows.iter().rposition(before).map_or(after, |i| i + 1).min(rows.len());
    rows.insert(at, Row { stage: &step.stage, platform: &step.platform, text: &step.text, cells: vec![None; columns] });
    at
}
