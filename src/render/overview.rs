//! Causes against jobs: of many findings which cause costs most, where, and how much.

use std::collections::{BTreeMap, HashSet};

use super::Report;
use super::seen::QuotedLogs;
use crate::finding::{Finding, Severity};

/// All findings of one rule.
pub(super) struct RuleFindings<'a> {
    pub(super) rule: &'static str,
    /// The worst of its findings.
    pub(super) severity: Severity,
    pub(super) findings: usize,
    /// Jobs that show it, the costliest first.
    pub(super) jobs: Vec<String>,
    /// Runs in which it happened, over all findings.
    pub(super) runs: usize,
    pub(super) seconds: f64,
    /// The costliest of its findings.
    pub(super) worst: &'a Finding,
}

/// The causes, the costliest first.
pub(super) fn causes(report: &Report) -> Vec<RuleFindings<'_>> {
    let seen = QuotedLogs::of(report);
    let mut rules: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        rules.entry(finding.rule).or_default().push(finding);
    }
    let mut causes: Vec<RuleFindings> =
        rules.into_values().filter_map(|all| cause(all, &seen)).collect();
    let cost = |cause: &RuleFindings| (cause.seconds, cause.severity, cause.findings);
    causes.sort_by(|a, b| {
        let (a, b) = (cost(a), cost(b));
        b.0.total_cmp(&a.0).then_with(|| b.1.cmp(&a.1)).then_with(|| b.2.cmp(&a.2))
    });
    causes
}

fn cause<'a>(mut findings: Vec<&'a Finding>, seen: &QuotedLogs) -> Option<RuleFindings<'a>> {
    findings.sort_by(|a, b| b.impact.seconds.total_cmp(&a.impact.seconds));
    let worst = *findings.first()?;
    let mut known = HashSet::new();
    let named = findings
        .iter()
        .flat_map(|finding| seen.jobs(finding))
        .filter(|name| known.insert(name.clone()));
    let named = named.collect();
    Some(RuleFindings {
        rule: worst.rule,
        severity: findings.iter().map(|finding| finding.severity).max()?,
        findings: findings.len(),
        jobs: named,
        runs: findings.iter().map(|finding| finding.impact.runs).sum(),
        seconds: findings.iter().map(|finding| finding.impact.seconds).sum(),
        worst,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn totals_are_those_of_the_findings() {
        for report in [samples::several(), samples::flood(), Report::default()] {
            let causes = causes(&report);
            let seconds: f64 = report.findings.iter().map(|finding| finding.impact.seconds).sum();
            assert!((causes.iter().map(|cause| cause.seconds).sum::<f64>() - seconds).abs() < 1e-3);
            assert_eq!(
                causes.iter().map(|cause| cause.findings).sum::<usize>(),
                report.findings.len()
            );
            assert!(causes.is_sorted_by(|a, b| a.seconds >= b.seconds));
        }
    }
}
