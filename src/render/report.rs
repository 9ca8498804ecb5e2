//! What is rendered: the study, the findings that stood, and what could not be read.

use std::collections::{BTreeSet, HashSet};

use crate::finding::{Finding, Severity};
use crate::model::{Problem, Run};
use crate::rules::Study;
use crate::triage::{Assessment, Baseline, Gate, Hidden, Known};

/// Everything a renderer needs.
#[derive(Debug, Default)]
pub struct Report {
    /// What was read.
    pub study: Study,
    /// Findings, ranked.
    pub findings: Vec<Finding>,
    /// What was known before, where that is asked for.
    pub baseline: Option<Baseline>,
    /// What the project asks of its builds, answered.
    pub gates: Vec<Gate>,
    /// Findings that the project hides.
    pub hidden: Vec<Hidden>,
    /// What could not be read, or is wrong with the settings.
    pub problems: Vec<Problem>,
    /// How many causes or findings are wanted, of the costliest ones.
    pub top: Option<usize>,
    /// The report for people tells all of each finding.
    pub details: bool,
    /// What changed since the job ran last, where runs are remembered.
    pub news: Option<News>,
    /// What the newest run of a branch had, where that is asked for.
    pub against: Option<Against>,
    /// From this severity on a finding is a failed test; `None` is from error on.
    pub failing: Option<Severity>,
}

/// What the newest remembered run of a branch had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Against {
    /// The branch.
    pub branch: String,
    /// Its newest run: `run 41`; `None` where none is remembered.
    pub run: Option<String>,
    /// Fingerprints of findings of this report that it had.
    pub known: BTreeSet<String>,
}

/// Findings against those of the run before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Earlier runs that were looked at.
    pub runs: usize,
    /// Fingerprints of findings that the run before did not have.
    pub new: BTreeSet<String>,
    /// Findings of the run before that are there no longer.
    pub gone: Vec<GoneFinding>,
}

/// A finding of the run before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneFinding {
    /// Id of its rule.
    pub rule: String,
    /// Its title.
    pub title: String,
}

impl Report {
    /// The report in one word, and what would tell more.
    #[must_use]
    pub fn assessment(&self) -> Assessment {
        Assessment::of(&self.study, &self.findings, &self.hidden)
    }

    /// Findings in the order in which people read them: what is known comes after what is new, and
    /// what is worth knowing after what is wrong.
    pub fn for_people(&self) -> impl Iterator<Item = &Finding> {
        let late =
            |finding: &&Finding| (self.is_known(finding), finding.severity == Severity::Note);
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by_cached_key(late);
        findings.into_iter()
    }

    /// It is in the baseline, or the newest run of the branch had it.
    #[must_use]
    pub fn is_known(&self, finding: &Finding) -> bool {
        self.known(finding) == Some(true)
    }

    /// The same; `None` where neither is asked for.
    #[must_use]
    pub fn known(&self, finding: &Finding) -> Option<bool> {
        let kept = self.baseline.as_ref().map(|baseline| baseline.knows(finding));
        let there = self.against.as_ref();
        let there = there.map(|branch| branch.known.contains(&finding.fingerprint()));
        // One that knows it is enough.
        kept.max(there)
    }

    /// The job's last run did not have it; `None` where runs are not remembered.
    #[must_use]
    pub fn is_new(&self, finding: &Finding) -> Option<bool> {
        self.news.as_ref().map(|news| news.new.contains(&finding.fingerprint()))
    }

    /// What counts for the exit status: all findings, of a baseline those that are new. What only
    /// earlier runs of builds show that this run did not make fails nothing: a mistake that was put
    /// right would fail it for weeks.
    pub fn fresh(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !self.is_known(finding) && self.is_of_now(finding))
    }

    /// It is seen in a run that was read now, in an earlier one of the same build, or in the
    /// configuration.
    fn is_of_now(&self, finding: &Finding) -> bool {
        let study = &self.study;
        let named: HashSet<&str> = finding.evidence.places().map(|(source, _)| source).collect();
        let earlier = |run: &Run| run.earlier.is_some();
        let shown: Vec<&Run> =
            study.runs.iter().filter(|run| named.contains(&*run.source)).collect();
        if shown.len() < named.len() || !shown.iter().all(|run| earlier(run)) {
            return true;
        }
        let is_shown = |run: &Run| named.contains(&*run.source);
        let mut builds = study
            .series
            .iter()
            .filter(|series| study.members(series).any(|(run, _)| is_shown(run)));
        builds.any(|series| study.members(series).any(|(run, _)| !earlier(run)))
    }

    /// What is in the baseline and not found any more.
    #[must_use]
    pub fn gone(&self) -> Vec<&Known> {
        self.baseline
            .as_ref()
            .map(|baseline| baseline.gone(&self.findings, &self.hidden))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;
    use crate::triage::{Verdict, Wanted};

    #[test]
    fn what_was_read_decides() {
        assert_eq!(Report::default().assessment().verdict, Verdict::NothingRead);
        assert_eq!(samples::no_build().assessment().verdict, Verdict::NothingRead);
        assert_eq!(samples::healthy().assessment().verdict, Verdict::Healthy);
        assert_eq!(samples::multi_stage().assessment().verdict, Verdict::Trouble);
    }

    #[test]
    fn one_run_does_not_tell_why_its_steps_ran() {
        let one = samples::single_run().assessment();
        assert_eq!((one.verdict, one.open), (Verdict::TooLittleToTell, vec![0]));
        assert_eq!(one.wanted, [Wanted::EarlierRuns, Wanted::Dockerfile]);
    }

    /// The findings of an error that were taken away leave a build stage that is rebuilt for no
    /// known reason.
    #[test]
    fn several_runs_do_not_tell_it_either_where_nothing_changed() {
        let mut report = samples::multi_stage();
        report.findings.clear();
        let open = report.assessment();
        assert_eq!(open.verdict, Verdict::TooLittleToTell);
        assert_eq!(open.wanted, [Wanted::SameCommit, Wanted::Dockerfile]);
    }
}
