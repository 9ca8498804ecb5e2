//! What follows from a reported cause is not reported again.

use std::collections::{BTreeSet, HashMap};

use crate::finding::{Finding, Impact, Severity};
use crate::rules::{self, Cause, Rule};

/// Drops findings whose cause is reported. A note is no cause of what costs more.
pub(super) fn under_their_cause(findings: Vec<Finding>) -> Vec<Finding> {
    let quoted = quoted(&findings);
    let keep: Vec<bool> = findings.iter().map(|finding| !follows(finding, &quoted)).collect();
    findings.into_iter().zip(keep).filter_map(|(finding, keep)| keep.then_some(finding)).collect()
}

/// For each source the rules whose findings quote it or are seen in it, with the severity of the
/// worst.
type Quoted<'a> = HashMap<&'a str, Vec<(&'static dyn Rule, Severity)>>;

fn quoted(findings: &[Finding]) -> Quoted<'_> {
    let mut quoted = Quoted::new();
    for finding in findings {
        let Some(rule) = rules::by_id(finding.rule) else { continue };
        let sources: BTreeSet<&str> = finding.evidence.places().map(|(source, _)| source).collect();
        for source in sources {
            let known = quoted.entry(source).or_default();
            match known.iter_mut().find(|(known, _)| known.meta().id == finding.rule) {
                Some((_, worst)) => *worst = finding.severity.max(*worst),
                None => known.push((rule, finding.severity)),
            }
        }
    }
    quoted
}

fn follows(finding: &Finding, quoted: &Quoted) -> bool {
    let Some(rule) = rules::by_id(finding.rule) else { return false };
    if rule.judges_files() && finding.impact == Impact::default() {
        return false;
    }
    let bad = finding.severity.min(Severity::Warning);
    let explains = |(other, worst): &(&dyn Rule, Severity)| {
        *worst >= bad && rule.gives_way().iter().any(|cause| is(*cause, *other, finding.rule))
    };
    let sources = finding.evidence.iter().filter_map(|line| quoted.get(line.source.as_str()));
    sources.flatten().any(explains)
}

fn is(cause: Cause, other: &dyn Rule, of: &str) -> bool {
    match cause {
        Cause::Rule(id) => other.meta().id == id,
        Cause::Of(effect) => other.explains().contains(&effect),
        Cause::Any => other.meta().id != of,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RULES;

    #[test]
    fn rules_give_way_to_others_that_are_there() {
        for rule in RULES {
            for cause in rule.gives_way() {
                assert!(RULES.iter().any(|other| is(*cause, *other, rule.meta().id)), "{cause:?}");
                assert!(!matches!(cause, Cause::Rule(id) if *id == rule.meta().id), "{cause:?}");
            }
        }
    }
}
