//! To which run, build and step a quoted line belongs, and where else a cause was seen.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use foldhash::HashMap;

use super::Report;
use super::jobs::Jobs;
use crate::finding::{Evidence, Finding};
use crate::model::{Quote, Run, Step};
use crate::series::BuildRef;

/// Of the logs that are quoted, what stands where.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    jobs: Jobs<'a>,
    logs: HashMap<&'a str, Log<'a>>,
}

/// The runs of one log, each with its first line, and the lines that say what became of a step.
#[derive(Debug, Default)]
struct Log<'a> {
    runs: Vec<(u64, &'a Run)>,
    /// Builds with their first lines, each as the key of its series.
    builds: Vec<(u64, &'a str)>,
    /// Headers of steps, each with the key of the series of its build.
    steps: HashMap<u64, (&'a str, Option<&'a str>)>,
}

impl<'a> Seen<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let places = report.findings.iter().flat_map(|finding| finding.evidence.places());
        let mut seen = Self {
            jobs: Jobs::of(report),
            logs: places.map(|(source, _)| (source, Log::default())).collect(),
        };
        let quoted = |at: &BuildRef| {
            report.study.run_of(*at).is_some_and(|run| seen.logs.contains_key(&*run.source))
        };
        let keys = report
            .study
            .series
            .iter()
            .flat_map(|series| series.builds.iter().map(|at| (*at, &*series.key)));
        let keys: HashMap<BuildRef, &str> = keys.filter(|(at, _)| quoted(at)).collect();
        for (at, run) in report.study.runs.iter().enumerate() {
            if let Some(log) = seen.logs.get_mut(&*run.source) {
                log.add(at, run, &keys);
            }
        }
        seen
    }

    /// The header of the step that a line belongs to, where the line says what became of it.
    pub(super) fn step(&self, line: &Evidence) -> Option<&'a str> {
        self.logs.get(line.source.as_str())?.steps.get(&line.line).map(|(name, _)| *name)
    }

    /// The run that a line is of.
    pub(super) fn run(&self, line: &Evidence) -> Option<&'a Run> {
        self.logs.get(line.source.as_str())?.run_at(line.line)
    }

    /// Keys of the series whose builds show it, those that are quoted first.
    pub(super) fn series(&self, finding: &Finding) -> Vec<&'a str> {
        let place = |(source, line): (&str, u64)| self.logs.get(source)?.series_at(line);
        each_once(finding.evidence.places().filter_map(place))
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
        finding.evidence.places().filter_map(|(source, line)| self.logs.get(source)?.run_at(line))
    }
}

fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known = HashSet::new();
    names.filter(|name| known.insert(*name)).collect()
}

impl<'a> Log<'a> {
    fn add(&mut self, run_at: usize, run: &'a Run, keys: &HashMap<BuildRef, &'a str>) {
        self.runs.push((first_line(run), run));
        for (at, build) in run.builds.iter().enumerate() {
            let key = keys.get(&BuildRef { run: run_at, build: at }).copied();
            self.builds.extend(key.map(|key| (build.line, key)));
            for step in &build.steps {
                self.steps.extend(lines_of(step).map(|line| (line, (&*step.name, key))));
            }
        }
    }

    /// The build whose step it is, else the one that began last before it.
    fn series_at(&self, line: u64) -> Option<&'a str> {
        if let Some((_, key)) = self.steps.get(&line) {
            return *key;
        }
        let before =
            self.builds.iter().filter(|(first, _)| *first <= line).max_by_key(|(first, _)| *first);
        before.or(self.builds.first()).map(|(_, key)| *key)
    }

    /// Jobs of one log stand one after another.
    fn run_at(&self, line: u64) -> Option<&'a Run> {
        let before =
            self.runs.iter().filter(|(first, _)| *first <= line).max_by_key(|(first, _)| *first);
        before.or(self.runs.first()).map(|(_, run)| *run)
    }
}

fn first_line(run: &Run) -> u64 {
    let builds = run.builds.iter().map(|build| build.line);
    builds.chain(run.ci_caches.iter().map(|cache| cache.quote.line)).min().unwrap_or_default()
}

fn lines_of(step: &Step) -> impl Iterator<Item = u64> {
    let decided = [&step.verdict, &step.fetched].into_iter().flatten();
    decided.map(|quote: &Quote| quote.line).chain([step.header.line])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn quoted_lines_have_a_run_and_a_step() {
        let report = samples::multi_stage();
        let seen = Seen::of(&report);
        let finding = &report.findings[0];
        assert_eq!(seen.runs(finding), ["run-03"]);
        assert_eq!(seen.series(finding), ["team/svc"]);
        let steps: Vec<_> = finding.evidence.iter().map(|line| seen.step(line)).collect();
        let apk = "[stage-1 2/6] RUN apk add --no-cache ca-certificates";
        assert_eq!(steps, [Some("[build 2/6] WORKDIR /src"), Some(apk), None]);
    }
}
