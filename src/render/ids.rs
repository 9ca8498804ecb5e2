//! Names of builds in machine-readable formats: `run-03#1`.

use std::borrow::Cow;
use std::collections::HashMap;

use super::redact::redact;
use crate::model::Run;
use crate::series::BuildRef;

/// The id of each build of a report, unique over all runs.
#[derive(Debug)]
pub struct BuildIds {
    ids: Vec<Box<str>>,
    /// Where in `ids` those of each run begin.
    starts: Vec<usize>,
}

impl BuildIds {
    /// `label#n`, where `n` counts the builds of all runs with that label: labels may repeat, ids do not.
    #[must_use]
    pub fn new(runs: &[Run]) -> Self {
        let mut counts: HashMap<Cow<str>, usize> = HashMap::new();
        let (mut ids, mut starts) = (Vec::new(), Vec::new());
        for run in runs {
            starts.push(ids.len());
            let label = redact(&run.label);
            let count = counts.entry(label.clone()).or_default();
            ids.extend((*count + 1..=*count + run.builds.len()).map(|n| format!("{label}#{n}").into_boxed_str()));
            *count += run.builds.len();
        }
        Self { ids, starts }
    }

    /// The id of one build.
    #[must_use]
    pub fn get(&self, at: BuildRef) -> Option<&str> {
        self.ids.get(self.starts.get(at.run)? + at.build).map(AsRef::as_ref)
    }
}
