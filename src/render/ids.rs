//! Names of builds in machine-readable formats: `run-03#1`.

use std::borrow::Cow;

use foldhash::HashMap;

use super::redact::redact;
use crate::model::Run;
use crate::series::BuildRef;

/// The id of each build of a report, unique over all runs.
#[derive(Debug)]
pub struct BuildIds {
    /// One after the other: there may be tens of thousands.
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// Which is the first of each run.
    starts: Vec<usize>,
}

impl BuildIds {
    /// `label#n`, where `n` counts the builds of all runs with that label: labels may repeat, ids
    /// do not.
    #[must_use]
    pub fn new(runs: &[Run]) -> Self {
        let mut counts: HashMap<Cow<str>, usize> = HashMap::default();
        let mut ids = Self { text: String::new(), ends: Vec::new(), starts: Vec::new() };
        for run in runs {
            ids.starts.push(ids.ends.len());
            let label = redact(&run.label);
            let count = counts.entry(label.clone()).or_default();
            for n in *count + 1..=*count + run.builds.len() {
                ids.text.extend([&*label, "#", &n.to_string()]);
                ids.ends.push(ids.text.len());
            }
            *count += run.builds.len();
        }
        ids
    }

    /// The id of one build.
    #[must_use]
    pub fn get(&self, at: BuildRef) -> Option<&str> {
        let place = self.starts.get(at.run)? + at.build;
        let start =
            place.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(start..*self.ends.get(place)?)
    }
}
