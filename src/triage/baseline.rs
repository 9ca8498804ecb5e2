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
    /// What the build is called that showed it; empty where it was seen in none.
    pub build: String,
}

impl Baseline {
    /// Made of what is found today. Nothing in it moves from day to day: no costs, lines or dates.
    #[must_use]
    pub fn of(name: String, findings: &[Finding]) -> Self {
        Self { name, known: findings.iter().flat_map(known).collect() }
    }

    /// Whether a finding was known, in all of its builds.
    #[must_use]
    pub fn knows(&self, finding: &Finding) -> bool {
        finding.fingerprints().all(|name| self.known.contains_key(&name))
    }

    /// What was known and is not found any more, by rule and subject. What is hidden is still
    /// there.
    #[must_use]
    pub fn gone(&self, findings: &[Finding], hidden: &[Hidden]) -> Vec<&Known> {
        let found = findings.iter().chain(hidden.iter().map(|hidden| &hidden.finding));
        let found: BTreeSet<String> = found.flat_map(Finding::fingerprints).collect();
        let gone = self.known.iter().filter(|(fingerprint, _)| !found.contains(*fingerprint));
        let mut gone: Vec<&Known> = gone.map(|(_, known)| known).collect();
        gone.sort();
        gone
    }
}

/// One a build, by fingerprint.
fn known(finding: &Finding) -> impl Iterator<Item = (String, Known)> {
    let builds = finding.evidence.names().iter().cloned();
    finding.fingerprints().zip(builds.chain(std::iter::once(String::new()))).map(|(name, build)| {
        let (rule, subject) = (finding.rule.to_owned(), finding.subject.clone());
        (name, Known { rule, subject, build })
    })
}
