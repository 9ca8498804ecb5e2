//! Of which build a quoted line is.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashSet};

use crate::finding::{Evidence, Finding};
use crate::model::{Quote, Run, Step};
use crate::rules::Study;
use crate::series::BuildRef;

/// The logs that findings quote, and what stands where in them.
#[derive(Debug, Default)]
pub(crate) struct Places<'a> {
    logs: BTreeMap<&'a str, LogBuilds<'a>>,
}

/// The builds of one log with their first lines, and of the lines that are quoted those that say
/// what became of a step or of a cache.
#[derive(Debug, Default)]
struct LogBuilds<'a> {
    builds: Vec<(u64, BuildRef)>,
    steps: BTreeMap<(u64, &'a str), (BuildRef, &'a Step)>,
    /// Lines of imports and exports.
    transfers: HashMap<u64, BuildRef>,
}

impl<'a> Places<'a> {
    /// Of the lines that these findings quote.
    pub(crate) fn of(study: &'a Study, findings: &[Finding]) -> Self {
        let mut quoted: HashMap<&str, HashSet<u64>> = HashMap::default();
        for (source, line) in findings.iter().flat_map(|finding| finding.evidence.places()) {
            quoted.entry(source).or_default().insert(line);
        }
        let mut logs: BTreeMap<&str, LogBuilds> = BTreeMap::new();
        for (at, run) in study.runs.iter().enumerate() {
            if let Some(lines) = quoted.get(&*run.source) {
                logs.entry(&run.source).or_default().add(at, run, lines);
            }
        }
        for log in logs.values_mut() {
            log.builds.sort_by_key(|(first, _)| *first);
        }
        Self { logs }
    }

    /// The step that the line says something of. One line of JSON status holds many.
    pub(crate) fn step(&self, of: &Evidence) -> Option<&'a Step> {
        let log = self.logs.get(&*of.source)?;
        if let Some((_, step)) = log.steps.get(&(of.line, of.text.as_str())) {
            return Some(step);
        }
        let mut here = log.steps_at(of.line).map(|(_, step)| *step);
        let step = here.next()?;
        here.all(|other| std::ptr::eq(step, other)).then_some(step)
    }

    /// The build whose step, import or export it is, else the one that began last before it.
    pub(crate) fn build(&self, source: &str, line: u64) -> Option<BuildRef> {
        let log = self.logs.get(source)?;
        if let Some((build, _)) = log.steps_at(line).next() {
            return Some(*build);
        }
        if let Some(build) = log.transfers.get(&line) {
            return Some(*build);
        }
        let begun = log.builds.partition_point(|(first, _)| *first <= line);
        log.builds.get(begun.saturating_sub(1)).map(|(_, build)| *build)
    }
}

impl<'a> LogBuilds<'a> {
    fn steps_at(&self, line: u64) -> impl Iterator<Item = &(BuildRef, &'a Step)> {
        self.steps.range((line, "")..(line.saturating_add(1), "")).map(|(_, step)| step)
    }

    fn add(&mut self, at: usize, run: &'a Run, quoted: &HashSet<u64>) {
        let is_quoted = |line: &u64| quoted.contains(line);
        for (number, build) in run.builds.iter().enumerate() {
            let of = BuildRef { run: at, build: number };
            self.builds.push((build.line, of));
            for step in &build.steps {
                for quote in quotes(step).filter(|quote| is_quoted(&quote.line)) {
                    let place = (quote.line, quote.text.as_str());
                    if !self.steps.contains_key(&place) || build.prints(step) {
                        self.steps.insert(place, (of, step));
                    }
                }
            }
            for transfer in build.imports.iter().chain(&build.exports) {
                let ended = transfer.verdict.iter().map(|quote| quote.line);
                let lines = ended.chain([transfer.header.line]).filter(is_quoted);
                self.transfers.extend(lines.map(|line| (line, of)));
            }
        }
    }
}

fn quotes(step: &Step) -> impl Iterator<Item = &Quote> {
    let decided = [&step.verdict, &step.fetched].into_iter().flatten();
    decided.chain([&step.header])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::LogPlace;
    use crate::model::{Build, Instruction};

    /// A target of a bake with the step of both, printed for `web`, and one of its own.
    fn target(name: &str, own: u64) -> Build {
        let step = |line, text: &str| {
            let what = Instruction { text: text.into(), ..Instruction::default() };
            let header = Quote { line, text: text.into() };
            Step { what: what.into(), header, ..Step::default() }
        };
        let steps = vec![
            step(7, "#5 [web 2/3] WORKDIR /app"),
            step(own, &format!("#9 [{name} 3/3] RUN x")),
        ];
        Build { steps, target: Some(name.into()), line: 1, ..Build::default() }
    }

    #[test]
    fn a_line_of_two_targets_is_of_the_one_that_it_names() {
        let builds = vec![target("web", 12), target("api", 15)];
        let run = Run { source: "run.log".into(), builds, ..Run::default() };
        let [web, api] = run.builds.as_slice() else { panic!("two targets") };
        assert_eq!((LogPlace::of(&run, web).line, LogPlace::of(&run, api).line), (7, 15));
        let mut log = LogBuilds::default();
        log.add(0, &run, &HashSet::from_iter([7, 12, 15]));
        let of = |line| log.steps_at(line).next().map(|(at, _)| at.build);
        assert_eq!([7, 12, 15].map(of), [Some(0), Some(0), Some(1)]);
    }

    /// `{"vertexes":[{…},{…}]}`
    #[test]
    fn of_steps_in_one_line_the_quoted_text_tells_which() {
        let builds = vec![target("web", 7)];
        let run = Run { source: "run.log".into(), builds, ..Run::default() };
        let mut log = LogBuilds::default();
        log.add(0, &run, &HashSet::from_iter([7]));
        let places = Places { logs: BTreeMap::from([("run.log", log)]) };
        let of = |text: &str| {
            let evidence = Evidence {
                source: "run.log".to_owned(),
                line: 7,
                text: text.to_owned(),
                shows: String::new(),
            };
            places.step(&evidence).map(|step| step.text.as_str())
        };
        assert_eq!(of("#9 [web 3/3] RUN x"), Some("#9 [web 3/3] RUN x"));
        assert_eq!(of("#5 [web 2/3] WORKDIR /app"), Some("#5 [web 2/3] WORKDIR /app"));
        assert_eq!(of("exporting cache"), None);
    }
}
