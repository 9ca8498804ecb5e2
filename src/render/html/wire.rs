//! What the script of the page reads: as little as draws a grid of thousands of runs.
//!
//! Not a contract: page and script are written by the same program. Tuples are written as arrays,
//! and texts that repeat stand once in `texts`; everything else names them by index.

use serde::Serialize;

/// Index in [`Data::texts`].
pub(super) type Text = usize;

#[derive(Serialize)]
pub(super) struct Data {
    pub texts: Vec<String>,
    /// Label and source of each run.
    pub runs: Vec<(Text, Text)>,
    pub series: Vec<Series>,
    /// Of each finding, where each quoted line stands in the grids.
    pub findings: Vec<Vec<Option<Mark>>>,
}

/// Series, row, column; a line of a build that is of no row marks the whole column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Mark(pub usize, pub Option<usize>, pub usize);

#[derive(Serialize)]
pub(super) struct Series {
    pub key: Text,
    /// The builder does one step after another, also those of different stages.
    pub in_order: bool,
    /// Older builds that are not drawn.
    pub older: usize,
    /// Run, first line, `s`ucceeded `f`ailed `c`anceled `?`.
    pub builds: Vec<(usize, u64, char)>,
    pub rows: Vec<Row>,
    /// Row, column, why the chain broke there, and how sure that is.
    pub breaks: Vec<(usize, usize, &'static str, &'static str)>,
    /// Row, column, tenths of a second after the first step of the build, where the log tells
    /// times.
    pub starts: Vec<(usize, usize, i64)>,
    /// Row, column, what the builder said of a failed import or export.
    pub errors: Vec<(usize, usize, Text)>,
}

#[derive(Serialize)]
pub(super) struct Row {
    /// `restore`, `import`, `from`, `step`, `export`, `save`.
    pub kind: &'static str,
    pub stage: Text,
    pub platform: Text,
    pub name: Text,
    /// The stages it takes files from.
    pub copies: Vec<Text>,
    /// One letter a build, see `cell.rs`.
    pub cells: String,
    /// Tenths of a second, -1 where the log does not tell.
    pub tenths: Vec<i64>,
    /// Line numbers, 0 where there is no such step.
    pub lines: Vec<u64>,
}
