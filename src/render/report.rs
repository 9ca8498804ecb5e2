//! What is rendered: the study, the findings that stood, and what could not be read.

use crate::finding::Finding;
use crate::model::Problem;
use crate::rules::Study;

/// Everything a renderer needs.
#[derive(Debug, Default)]
pub struct Report {
    /// What was read.
    pub study: Study,
    /// Findings, ranked.
    pub findings: Vec<Finding>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}
