//! What a run says of the lines of its Dockerfile: which steps there are, how they read, what
//! comes before them.

use super::{Said, What, place};
use crate::model::Step;
use crate::series::StepRow;

/// What run `i` says of its steps; `moved` are the rows whose neighbours matter.
#[must_use]
pub fn of(rows: &[StepRow], moved: &[usize], i: usize) -> Said {
    let texts = rows.iter().map(|row| {
        let key = (What::Instruction, named(row));
        (key, cell(row, i).map(|step| step.text.to_string()))
    });
    let behind = moved.iter().filter_map(|at| {
        let row = rows.get(*at)?;
        let step = cell(row, i)?;
        Some((
            (What::Behind, named(row)),
            before(rows, row, step, i).map(|row| row.text.to_owned()),
        ))
    });
    texts.chain(behind).collect()
}

/// A row by its newest text: that of a run may have other values in it.
fn named(row: &StepRow) -> String {
    let stage = place(row.platform, row.stage);
    if stage.is_empty() { row.text.to_owned() } else { format!("[{stage}] {}", row.text) }
}

/// The row of the step right before this one in its stage.
fn before<'r, 'a>(
    rows: &'r [StepRow<'a>],
    row: &StepRow,
    step: &Step,
    i: usize,
) -> Option<&'r StepRow<'a>> {
    let same =
        rows.iter().filter(|other| other.stage == row.stage && other.platform == row.platform);
    let earlier = same.filter_map(|other| Some((cell(other, i)?.position, other)));
    earlier
        .filter(|(position, _)| *position < step.position)
        .max_by_key(|(position, _)| *position)
        .map(|(_, row)| row)
}

fn cell<'a>(row: &StepRow<'a>, i: usize) -> Option<&'a Step> {
    row.cells.get(i).copied().flatten()
}
