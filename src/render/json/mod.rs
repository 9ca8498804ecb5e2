//! The report as JSON, version 1. `schema/` holds its JSON schema and what readers may rely on.
//!
//! The wire format has structs of its own: a change of the model must not change it unseen.

mod convert;
mod layout;
mod wire;

pub(crate) use layout::to_string;

use crate::finding::Finding;

use super::{BuildIds, Renderer, Report, Screen};

/// `--format json`.
#[derive(Debug)]
pub struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        to_string(&convert::report(report, &BuildIds::new(&report.study.runs)))
    }
}

/// One element of `findings`, on one line.
pub(super) fn finding_line(finding: &Finding) -> String {
    layout::to_raw(&convert::finding(finding)).get().to_owned()
}

#[cfg(test)]
mod tests;
