//! What was known before: only what is new is anybody's fault today.
//!
//! Plain values; where they are kept is not known here.

use std::collections::{BTreeMap, BTreeSet};

use super::Hidden;
use crate::finding::Finding;

/// The findings of an earlier day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Where it is kept, as the user named it.
    pub name: String,
    /// What was found, by fingerprint.
    pub known: BTreeMap<String, Known>,
}

/// One finding of an earlier day.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    /// Id of the rule; it may be gone by now.
    pub rule: String,
    /// What it was about.
    pub subject: String,
}

impl Baseline {
    /// Made of what is found today. Nothing in it moves from day to day: no costs, lines or dates.
    #[must_use]
    pub fn of(name: String, findings: &[Finding]) -> Self {
        let known = |finding: &Finding| Known {
            rule: finding.rule.to_owned(),
            subject: finding.subject.clone(),
        };
        let known = findings.iter().map(|finding| (finding.fingerprint(), known(finding)));
        Self { name, known: known.collect() }
    }

    /// Whether a finding was known.
    #[must_use]
    pub fn knows(&self, finding: &Finding) -> bool {
        self.known.contains_key(&finding.fingerprint())
    }

    /// What was known and is not found any more, by rule and subject. What is hidden is still
    /// there.
    #[must_use]
    pub fn gone(&self, findings: &[Finding], hidden: &[Hidden]) -> Vec<&Known> {
        let found = findings.iter().chain(hidden.iter().map(|hidden| &hidden.finding));
        let found: BTreeSet<String> = found.map(Finding::fingerprint).collect();
        let gone = self.known.iter().filter(|(fingerprint, _)| !found.contains(*fingerprint));
        let mut gone: Vec<&Known> = gone.map(|(_, known)| known).collect();
        gone.sort();
        gone
    }
}
