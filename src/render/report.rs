//! What is rendered: the study, the findings that stood, and what could not be read.

use crate::finding::{Finding, Severity};
use crate::model::Problem;
use crate::rules::Study;
use crate::triage::Hidden;

/// Everything a renderer needs.
#[derive(Debug, Default)]
pub struct Report {
    /// What was read.
    pub study: Study,
    /// Findings, ranked.
    pub findings: Vec<Finding>,
    /// Findings that the project hides.
    pub hidden: Vec<Hidden>,
    /// What could not be read, or is wrong with the settings.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Findings in the order in which people read them: what is worth knowing comes after what is wrong.
    pub(super) fn for_people(&self) -> impl Iterator<Item = &Finding> {
        let notes = |wanted: bool| self.findings.iter().filter(move |f| (f.severity == Severity::Note) == wanted);
        notes(false).chain(notes(true))
    }
}
