//! The same cause of the same subject, found in several series, is one finding.

use std::collections::{HashMap, HashSet};

use crate::finding::{Edit, Finding};

/// Merges findings of one rule and subject: the first keeps its words, evidence and cost add up.
pub(super) fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut groups: Vec<(Finding, Vec<Finding>)> = Vec::new();
    let mut known: HashMap<(&'static str, String), usize> = HashMap::new();
    for finding in findings {
        let at = *known.entry((finding.rule, finding.subject.clone())).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, others)) => others.push(finding),
            None => groups.push((finding, Vec::new())),
        }
    }
    groups.into_iter().map(|(first, others)| merged(first, &others)).collect()
}

fn merged(mut known: Finding, others: &[Finding]) -> Finding {
    if others.is_empty() {
        return known;
    }
    known.impact.runs = runs(&known, others);
    known.evidence = others
        .iter()
        .fold(known.evidence, |proof, other| proof.seen_in(other.evidence.builds().to_vec()));
    known.evidence.extend(others.iter().flat_map(|other| other.evidence.iter().cloned()));
    let edits = others.iter().flat_map(|other| &other.fix.edits);
    add_edits(&mut known.fix.edits, edits);
    for other in others {
        known.fix.places.extend(other.fix.places.iter().cloned());
        known.impact.steps += other.impact.steps;
        known.impact.seconds += other.impact.seconds;
        known.severity = known.severity.max(other.severity);
        known.confidence = known.confidence.max(other.confidence);
    }
    known
}

/// Builds of one log are one run, those of other logs are runs of their own.
fn runs(known: &Finding, others: &[Finding]) -> usize {
    let mut logs: HashSet<&str> = HashSet::new();
    let mut runs = 0;
    for finding in std::iter::once(known).chain(others) {
        let sources: HashSet<&str> = finding.evidence.places().map(|(source, _)| source).collect();
        let apart = sources.is_disjoint(&logs);
        runs = if apart { runs + finding.impact.runs } else { runs.max(finding.impact.runs) };
        logs.extend(sources);
    }
    runs
}

/// An edit that several findings propose is one.
fn add_edits<'a>(known: &mut Vec<Edit>, more: impl Iterator<Item = &'a Edit>) {
    for edit in more {
        if !known.contains(edit) {
            known.push(edit.clone());
        }
    }
}
