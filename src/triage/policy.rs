//! What a project has decided of findings: how bad a rule is here, and what is known and not to be
//! shown.
//!
//! Plain values; where they are written down is not known here. Nothing is hidden silently: what is
//! hidden is handed on with the reason.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use wildmatch::WildMatch;

use crate::finding::{Finding, Severity};
use crate::model::Run;

/// What is reported, and how bad it is.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Rules to report; none is all.
    pub only: Vec<String>,
    /// Severities in place of the rules' own, by rule.
    pub severities: BTreeMap<String, Severity>,
    /// Findings that are not to be shown.
    pub ignores: Vec<Ignore>,
}

/// Findings that are not to be shown. What is not given holds for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignore {
    /// Id of the rule.
    pub rule: String,
    /// The job, with `*` and `?`: holds for findings all of whose logs are of such jobs.
    pub job: Option<String>,
    /// What the finding is about, with `*` and `?`.
    pub subject: Option<String>,
    /// The one finding.
    pub fingerprint: Option<String>,
    /// Why; empty where the place says enough.
    pub reason: String,
    /// Where it is written: `cachediag.toml:12`, `--ignore`.
    pub place: String,
}

/// A finding that is not shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Hidden {
    /// The finding.
    pub finding: Finding,
    /// What hides it.
    pub by: Ignore,
}

impl Policy {
    /// Puts the project's severities in place of the rules' own.
    pub(super) fn judge(&self, findings: &mut [Finding]) {
        for finding in findings {
            finding.severity =
                self.severities.get(finding.rule).copied().unwrap_or(finding.severity);
        }
    }

    /// What is shown, and what is not.
    pub(super) fn part(&self, findings: Vec<Finding>, runs: &[Run]) -> (Vec<Finding>, Vec<Hidden>) {
        let (mut shown, mut hidden) = (Vec::new(), Vec::new());
        let jobs = LazyCell::new(|| LogJobs::of(runs));
        let asked = |rule: &str| self.only.is_empty() || self.only.iter().any(|only| only == rule);
        for finding in findings.into_iter().filter(|finding| asked(finding.rule)) {
            match self.ignores.iter().find(|ignore| ignore.holds_for(&finding, &jobs)) {
                Some(by) => hidden.push(Hidden { finding, by: by.clone() }),
                None => shown.push(finding),
            }
        }
        (shown, hidden)
    }
}

impl Ignore {
    fn holds_for(&self, finding: &Finding, jobs: &LogJobs) -> bool {
        self.rule == finding.rule
            && self.fingerprint.as_ref().is_none_or(|wanted| *wanted == finding.fingerprint())
            && self
                .subject
                .as_ref()
                .is_none_or(|wanted| WildMatch::new(wanted).matches(&finding.subject))
            && self.job.as_ref().is_none_or(|wanted| jobs.are_all(&WildMatch::new(wanted), finding))
    }
}

/// The jobs of each log.
struct LogJobs<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> LogJobs<'a> {
    fn of(runs: &'a [Run]) -> Self {
        let mut jobs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for run in runs {
            jobs.entry(&run.source).or_default().push(run.job.as_ref().unwrap_or(&run.label));
        }
        Self(jobs)
    }

    /// Every log that the finding quotes is of such a job. A log of several jobs is of such a job
    /// where all of them are: when in doubt a finding is shown.
    fn are_all(&self, wanted: &WildMatch, finding: &Finding) -> bool {
        let quoted = finding.evidence.iter().filter_map(|line| self.0.get(line.source.as_str()));
        let mut jobs = quoted.flatten().peekable();
        jobs.peek().is_some() && jobs.all(|job| wanted.matches(job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Evidence, Fix, Impact, Proof};

    fn finding(rule: &'static str, subject: &str, source: &str) -> Finding {
        let line = Evidence {
            source: source.to_owned(),
            line: 1,
            text: String::new(),
            shows: String::new(),
        };
        Finding {
            rule,
            severity: Severity::Error,
            confidence: Confidence::Proven,
            title: String::new(),
            cause: String::new(),
            evidence: Proof::new(line),
            fix: Fix::default(),
            impact: Impact::default(),
            rules_out: Vec::new(),
            subject: subject.to_owned(),
        }
    }

    fn run(source: &str, job: &str) -> Run {
        Run { source: source.into(), job: Some(job.into()), ..Run::default() }
    }

    fn ignore() -> Ignore {
        Ignore { rule: "cache-lost".to_owned(), ..Ignore::default() }
    }

    #[test]
    fn an_ignore_holds_for_what_all_its_parts_fit() {
        let lost = finding("cache-lost", "registry/app:cache", "a.log");
        let runs = [run("a.log", "nightly build")];
        let some = |text: &str| Some(text.to_owned());
        for (ignore, holds) in [
            (ignore(), true),
            (Ignore { rule: "no-cache-flag".to_owned(), ..ignore() }, false),
            (Ignore { subject: some("registry/*:cache"), ..ignore() }, true),
            (Ignore { subject: some("registry/app"), ..ignore() }, false),
            (Ignore { job: some("nightly*"), ..ignore() }, true),
            (Ignore { job: some("release"), ..ignore() }, false),
            (Ignore { fingerprint: Some(lost.fingerprint()), ..ignore() }, true),
            (Ignore { fingerprint: some("0"), ..ignore() }, false),
        ] {
            assert_eq!(ignore.holds_for(&lost, &LogJobs::of(&runs)), holds, "{ignore:?}");
        }
    }

    #[test]
    fn a_finding_of_two_jobs_is_shown_where_one_is_ignored() {
        let runs = [
            run("a.log", "nightly"),
            run("b.log", "release"),
            run("c.log", "nightly"),
            run("c.log", "x"),
        ];
        let nightly = Ignore { job: Some("nightly".to_owned()), ..ignore() };
        let mut both = finding("cache-lost", "", "a.log");
        assert!(nightly.holds_for(&both, &LogJobs::of(&runs)));
        both.evidence.push(finding("cache-lost", "", "b.log").evidence.first().clone());
        assert!(!nightly.holds_for(&both, &LogJobs::of(&runs)));
        assert!(!nightly.holds_for(&finding("cache-lost", "", "c.log"), &LogJobs::of(&runs)));
        assert!(!nightly.holds_for(&finding("cache-lost", "", "Dockerfile"), &LogJobs::of(&runs)));
    }

    #[test]
    fn what_is_hidden_is_handed_on() {
        let policy = Policy {
            ignores: vec![ignore()],
            only: vec!["cache-lost".to_owned()],
            ..Policy::default()
        };
        let all = vec![finding("cache-lost", "", "a.log"), finding("no-cache-flag", "", "a.log")];
        let (shown, hidden) = policy.part(all, &[]);
        assert_eq!((shown.len(), hidden.len()), (0, 1));
    }
}
