//! Causes against jobs: of many findings which cause costs most, where, and how much.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use super::seen::Seen;
use crate::finding::{Finding, Severity};
use crate::model::Run;

/// All findings of one rule.
pub(super) struct Cause<'a> {
    pub(super) rule: &'static str,
    /// The worst of its findings.
    pub(super) severity: Severity,
    pub(super) findings: usize,
    /// Jobs that are quoted, the costliest first.
    pub(super) jobs: Vec<String>,
    /// Runs in which it happened, over all findings.
    pub(super) runs: usize,
    pub(super) seconds: f64,
    /// The costliest of its findings.
    pub(super) worst: &'a Finding,
}

/// The causes, the costliest first.
pub(super) fn causes(report: &Report) -> Vec<Cause<'_>> {
    let seen = Seen::of(report);
    let jobs = Jobs::of(report);
    let mut rules: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        rules.entry(finding.rule).or_default().push(finding);
    }
    let mut causes: Vec<Cause> = rules.into_values().filter_map(|all| cause(all, &seen, &jobs)).collect();
    let cost = |cause: &Cause| (cause.seconds, cause.severity, cause.findings);
    causes.sort_by(|a, b| {
        let (a, b) = (cost(a), cost(b));
        b.0.total_cmp(&a.0).then_with(|| b.1.cmp(&a.1)).then_with(|| b.2.cmp(&a.2))
    });
    causes
}

fn cause<'a>(mut findings: Vec<&'a Finding>, seen: &Seen, jobs: &Jobs) -> Option<Cause<'a>> {
    findings.sort_by(|a, b| b.impact.seconds.total_cmp(&a.impact.seconds));
    let worst = *findings.first()?;
    let (mut named, mut known) = (Vec::new(), BTreeSet::new());
    for run in findings.iter().flat_map(|finding| seen.quoted(finding)) {
        let name = jobs.name(run);
        if known.insert(name.clone()) {
            named.push(name);
        }
    }
    Some(Cause {
        rule: worst.rule,
        severity: findings.iter().map(|finding| finding.severity).max()?,
        findings: findings.len(),
        jobs: named,
        runs: findings.iter().map(|finding| finding.impact.runs).sum(),
        seconds: findings.iter().map(|finding| finding.impact.seconds).sum(),
        worst,
    })
}

/// What jobs are called: by the part of their paths that differs, else by what the logs say.
pub(super) struct Jobs<'a> {
    /// Folders that all logs lie in.
    common: &'a str,
    /// Logs lie in more than one folder: then a folder is a job.
    folders: bool,
}

impl<'a> Jobs<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut sources = report.study.runs.iter().map(|run| folder(&run.source));
        let first = sources.next().unwrap_or_default();
        let (common, folders) =
            sources.fold((first, false), |(common, differ), next| (shared(common, next), differ || next != first));
        Self { common, folders }
    }

    pub(super) fn name(&self, run: &Run) -> String {
        let job = run.job.as_deref().unwrap_or_default();
        if !self.folders {
            return if job.is_empty() { run.label.to_string() } else { job.to_owned() };
        }
        let folder = folder(&run.source).get(self.common.len()..).unwrap_or_default().trim_matches(['/', '\\']);
        match (folder, job) {
            ("", "") => run.label.to_string(),
            ("", job) => job.to_owned(),
            (folder, "") => folder.to_owned(),
            (folder, job) => format!("{folder} {job}"),
        }
    }
}

fn folder(source: &str) -> &str {
    source.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
}

/// The folders that two paths begin with: whole ones.
fn shared<'a>(a: &'a str, b: &str) -> &'a str {
    let ends = a.rmatch_indices(['/', '\\']).map(|(at, _)| at);
    let starts = std::iter::once(a.len()).chain(ends).filter_map(|end| a.get(..end));
    starts.into_iter().find(|start| is_above(start, b)).unwrap_or_default()
}

fn is_above(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn paths_share_whole_folders() {
        assert_eq!(shared("logs/web", "logs/webhook"), "logs");
        assert_eq!(shared("logs/web", "logs/web/a"), "logs/web");
        assert_eq!(shared("logs/web", "logs/web"), "logs/web");
        assert_eq!((shared("a", "b"), shared("", "b"), shared("a", "")), ("", "", ""));
    }

    #[test]
    fn totals_are_those_of_the_findings() {
        for report in [samples::several(), samples::flood(), Report::default()] {
            let causes = causes(&report);
            let seconds: f64 = report.findings.iter().map(|finding| finding.impact.seconds).sum();
            assert!((causes.iter().map(|cause| cause.seconds).sum::<f64>() - seconds).abs() < 1e-3);
            assert_eq!(causes.iter().map(|cause| cause.findings).sum::<usize>(), report.findings.len());
            assert!(causes.is_sorted_by(|a, b| a.seconds >= b.seconds));
        }
    }
}
