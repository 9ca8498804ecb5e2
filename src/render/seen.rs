//! To which run and step a quoted line belongs.

use std::collections::HashMap;

use super::Report;
use crate::finding::{Evidence, Finding};
use crate::model::{Quote, Run, Step};

/// Of the logs that are quoted, what stands where.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    logs: HashMap<&'a str, Log<'a>>,
}

/// The runs of one log, each with its first line, and the lines that say what became of a step.
#[derive(Debug, Default)]
struct Log<'a> {
    runs: Vec<(u64, &'a str)>,
    steps: HashMap<u64, &'a str>,
}

impl<'a> Seen<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let lines = report.findings.iter().flat_map(|finding| finding.evidence.iter());
        let mut seen = Self { logs: lines.map(|line| (line.source.as_str(), Log::default())).collect() };
        for run in &report.study.runs {
            if let Some(log) = seen.logs.get_mut(&*run.source) {
                log.add(run);
            }
        }
        seen
    }

    /// The header of the step that a line belongs to, where the line says what became of it.
    pub(super) fn step(&self, line: &Evidence) -> Option<&'a str> {
        self.logs.get(line.source.as_str())?.steps.get(&line.line).copied()
    }

    /// Labels of the runs that a finding quotes, in the order in which it does.
    pub(super) fn runs(&self, finding: &Finding) -> Vec<&'a str> {
        let mut labels = Vec::new();
        for line in finding.evidence.iter() {
            let label = self.logs.get(line.source.as_str()).and_then(|log| log.run_at(line.line));
            labels.extend(label.filter(|label| !labels.contains(label)));
        }
        labels
    }
}

impl<'a> Log<'a> {
    fn add(&mut self, run: &'a Run) {
        self.runs.push((first_line(run), &run.label));
        for step in run.builds.iter().flat_map(|build| &build.steps) {
            self.steps.extend(lines_of(step).map(|line| (line, &*step.name)));
        }
    }

    /// Jobs of one log stand one after another.
    fn run_at(&self, line: u64) -> Option<&'a str> {
        let before = self.runs.iter().filter(|(first, _)| *first <= line).max_by_key(|(first, _)| *first);
        before.or(self.runs.first()).map(|(_, label)| *label)
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
        let steps: Vec<_> = finding.evidence.iter().map(|line| seen.step(line)).collect();
        let apk = "[stage-1 2/6] RUN apk add --no-cache ca-certificates";
        assert_eq!(steps, [Some("[build 2/6] WORKDIR /src"), Some(apk), None]);
    }
}
