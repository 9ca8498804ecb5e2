//! Reads a log given as text, for the tests of segments.

use super::LogReader;
use crate::envelope::Stack;
use crate::model::Build;
use crate::source::Sink;

/// The first build of the log.
pub(super) fn build(log: &str) -> Build {
    builds(log.lines()).remove(0)
}

/// All builds of the log.
pub(super) fn builds<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Build> {
    let mut reader = LogReader::new("x.log", Stack::default());
    let mut last = 0;
    for (number, line) in (1..).zip(lines) {
        reader.line(number, line.as_bytes());
        last = number;
    }
    reader.finish(last).remove(0).builds
}
