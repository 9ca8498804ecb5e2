//! The same cause of the same subject, found in several series, is one finding.

use crate::finding::Finding;

/// Merges findings of one rule and subject: the first keeps its words, evidence and cost add up.
pub(super) fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        match kept.iter_mut().find(|k| k.rule == finding.rule && k.subject == finding.subject) {
            Some(known) => merge(known, &finding),
            None => kept.push(finding),
        }
    }
    kept
}

fn merge(known: &mut Finding, other: &Finding) {
    for line in other.evidence.iter() {
        known.evidence.push(line.clone());
    }
    known
        .fix
        .edits
        .extend(other.fix.edits.iter().filter(|edit| !known.fix.edits.contains(edit)).cloned().collect::<Vec<_>>());
    known.fix.places.extend(other.fix.places.iter().cloned());
    known.impact.steps += other.impact.steps;
    known.impact.seconds += other.impact.seconds;
    known.impact.runs = known.impact.runs.max(other.impact.runs);
    known.severity = known.severity.max(other.severity);
    known.confidence = known.confidence.max(other.confidence);
}
