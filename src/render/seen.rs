//! To which run, build and step a quoted line belongs, and where else a cause was seen.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use foldhash::HashMap;

use super::Report;
use super::jobs::JobTitles;
use crate::finding::{Evidence, Finding};
use crate::model::Run;
use crate::series::BuildRef;
use crate::triage::Places;

/// Of the logs that are quoted, what stands where.
#[derive(Debug, Default)]
pub(super) struct QuotedLogs<'a> {
    jobs: JobTitles<'a>,
    /// The runs of each log, each with its first line.
    logs: HashMap<&'a str, Vec<(u64, &'a Run)>>,
    places: Places<'a>,
    /// Keys of the series of builds in these logs.
    keys: HashMap<BuildRef, &'a str>,
}

impl<'a> QuotedLogs<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let study = &report.study;
        let quoted = report.findings.iter().flat_map(|finding| finding.evidence.places());
        let mut logs: HashMap<&str, Vec<(u64, &Run)>> =
            quoted.map(|(source, _)| (source, Vec::new())).collect();
        for run in &study.runs {
            if let Some(log) = logs.get_mut(&*run.source) {
                log.push((first_line(run), run));
            }
        }
        let is_quoted =
            |at: &BuildRef| study.run_of(*at).is_some_and(|run| logs.contains_key(&*run.source));
        let keys = study
            .series
            .iter()
            .flat_map(|series| series.builds.iter().map(|at| (*at, &*series.key)));
        let keys = keys.filter(|(at, _)| is_quoted(at)).collect();
        Self {
            jobs: JobTitles::of(report),
            places: Places::of(study, &report.findings),
            logs,
            keys,
        }
    }

    /// The header of the step that a line belongs to, where the line says what became of it.
    pub(super) fn step(&self, line: &Evidence) -> Option<&'a str> {
        self.places.step(line).map(|step| &*step.name)
    }

    /// The run that a line is of.
    pub(super) fn run(&self, line: &Evidence) -> Option<&'a Run> {
        self.run_at(&line.source, line.line)
    }

    /// Keys of the series whose builds show it, those that are quoted first.
    pub(super) fn series(&self, finding: &Finding) -> Vec<&'a str> {
        each_once(finding.evidence.places().filter_map(|place| self.key(place)))
    }

    /// Key of the series that it happened in, of several the first. Builds of one log may print
    /// the lines that are quoted together, so where they began tells more.
    pub(super) fn build(&self, finding: &Finding) -> Option<&'a str> {
        let mut builds = finding.evidence.builds().iter();
        builds
            .find_map(|place| self.key((&place.source, place.line)))
            .or_else(|| self.series(finding).first().copied())
    }

    fn key(&self, (source, line): (&str, u64)) -> Option<&'a str> {
        self.keys.get(&self.places.build(source, line)?).copied()
    }

    /// Labels of the runs that show it, those that are quoted first.
    pub(super) fn runs(&self, finding: &Finding) -> Vec<&'a str> {
        each_once(self.shown_by(finding).map(|run| run.label.as_str()))
    }

    /// Names of the jobs that show it, those that are quoted first.
    pub(super) fn jobs(&self, finding: &Finding) -> Vec<String> {
        let mut runs = HashSet::new();
        let once = self.shown_by(finding).filter(|run| runs.insert(std::ptr::from_ref(*run)));
        let mut known = HashSet::new();
        once.map(|run| self.jobs.name(run)).filter(|name| known.insert(name.clone())).collect()
    }

    /// When the runs were built that show it.
    pub(super) fn times(&self, finding: &Finding) -> Vec<DateTime<Utc>> {
        let recorded = |run: &Run| run.earlier.as_ref().map(|earlier| earlier.recorded);
        let time = |run: &Run| {
            run.started.or_else(|| recorded(run).filter(|at| *at != DateTime::UNIX_EPOCH))
        };
        self.shown_by(finding).filter_map(time).collect()
    }

    /// The run of each place that shows it; a run may come more than once.
    pub(super) fn shown_by(&self, finding: &Finding) -> impl Iterator<Item = &'a Run> {
        finding.evidence.places().filter_map(|(source, line)| self.run_at(source, line))
    }

    /// Jobs of one log stand one after another.
    fn run_at(&self, source: &str, line: u64) -> Option<&'a Run> {
        let log = self.logs.get(source)?;
        let before = log.iter().filter(|(first, _)| *first <= line).max_by_key(|(first, _)| *first);
        before.or(log.first()).map(|(_, run)| *run)
    }
}

fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known = HashSet::new();
    names.filter(|name| known.insert(*name)).collect()
}

fn first_line(run: &Run) -> u64 {
    let builds = run.builds.iter().map(|build| build.line);
    builds.chain(run.ci_caches.iter().map(|cache| cache.quote.line)).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn quoted_lines_have_a_run_and_a_step() {
        let report = samples::multi_stage();
        let seen = QuotedLogs::of(&report);
        let finding = &report.findings[0];
        assert_eq!(seen.runs(finding), ["run-03"]);
        assert_eq!(seen.series(finding), ["team/svc"]);
        let steps: Vec<_> = finding.evidence.iter().map(|line| seen.step(line)).collect();
        let apk = "[stage-1 2/6] RUN apk add --no-cache ca-certificates";
        assert_eq!(steps, [Some("[build 2/6] WORKDIR /src"), Some(apk), None]);
    }
}
