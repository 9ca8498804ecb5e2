//! Names of builds in machine-readable formats: `run-03#1`.

use std::collections::HashMap;

use super::redact::redact;
use crate::model::Run;
use crate::series::BuildRef;

/// The id of each build of a report, unique over all runs.
#[derive(Debug)]
pub struct BuildIds(Vec<Vec<String>>);

impl BuildIds {
    /// `label#n`, where `n` counts the builds of all runs with that label: labels may repeat, ids do not.
    #[must_use]
    pub fn new(runs: &[Run]) -> Self {
        let mut counts: HashMap<String, usize> = HashMap::new();
        let mut next = |label: &str| {
            let count = counts.entry(label.to_owned()).or_default();
            *count += 1;
            format!("{label}#{count}")
        };
        let ids = runs.iter().map(|run| {
            let label = redact(&run.label);
            run.builds.iter().map(|_| next(&label)).collect()
        });
        Self(ids.collect())
    }

    /// The id of one build.
    #[must_use]
    pub fn get(&self, at: BuildRef) -> Option<&str> {
        self.0.get(at.run)?.get(at.build).map(String::as_str)
    }
}
