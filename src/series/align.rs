//! Steps of a series side by side.

use super::Series;
use crate::model::{Build, Step};

/// One step over the builds of a series: `None` where a build does not have it.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Stage.
    pub stage: &'a str,
    /// Platform.
    pub platform: &'a str,
    /// Text in the newest build that has it.
    pub text: &'a str,
    /// The step in each build, in the order of `Series::builds`.
    pub cells: Vec<Option<&'a Step>>,
}

/// Aligns the steps of the builds of one series.
#[must_use]
pub fn rows<'a>(_series: &Series, _builds: &[&'a Build]) -> Vec<Row<'a>> {
    Vec::new()
}
