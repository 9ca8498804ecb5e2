//! The report as JSON, version 1. `schema/` holds its JSON schema and what readers may rely on.
//!
//! The wire format has structs of its own: a change of the model must not change it unseen.

mod convert;
mod decided;
mod layout;
mod list;
mod wire;

pub(crate) use layout::to_string;
pub(super) use layout::write;
pub(super) use wire::Tool;

use std::io;

use serde::Serialize;

use self::convert::ReportFacts;
use super::seen::QuotedLogs;
use super::{Renderer, Report, Screen};
use crate::finding::Finding;

/// `--format json`.
#[derive(Debug)]
pub struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        to_string(&convert::report(report, &ReportFacts::of(report)))
    }

    fn write(&self, report: &Report, _screen: Screen, out: &mut dyn io::Write) -> io::Result<()> {
        layout::write(&convert::report(report, &ReportFacts::of(report)), out)
    }
}

/// One element of `findings`, on one line.
pub(super) fn finding_line<'a>(
    report: &Report,
    finding: &'a Finding,
    seen: &QuotedLogs<'a>,
) -> String {
    line(&convert::finding(report, finding, seen))
}

/// What closes the lines of a report.
pub(super) fn end_line(report: &Report) -> String {
    line(&convert::end(report))
}

/// A finding of a job whose records were judged, on one line.
pub(crate) fn judged_line(
    report: &Report,
    finding: &Finding,
    seen: &QuotedLogs,
    key: &str,
) -> String {
    line(&convert::judged(report, finding, seen, key))
}

/// The schema of such a line.
#[cfg(test)]
pub(crate) fn finding_of_group(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    generator.subschema_for::<wire::OfGroup<'static>>()
}

/// The value on one line.
pub(crate) fn line(value: &impl Serialize) -> String {
    let mut line = Vec::new();
    layout::write_inside(value, &mut line);
    String::from_utf8(line).unwrap_or_default()
}

#[cfg(test)]
mod tests;
