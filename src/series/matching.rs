//! Which builds are the same build.

use super::Series;
use crate::model::Run;

/// Groups the builds of all runs into series, in the order of first appearance.
#[must_use]
pub fn group(_runs: &[Run]) -> Vec<Series> {
    Vec::new()
}
