//! Where the newest stretch of a series begins: since when something that used to be is otherwise
//! for good.
//!
//! A job that was well and then broke is judged by its newest stretch: what the runs before show is
//! no part of the question. A stretch begins with the run since which every build has something
//! that no earlier one had (a cache reference, a driver, an instruction), or rebuilds a step that
//! used to hit; or since which every build has a step from the cache that no earlier one had, and
//! builds steps below it: what kept it from being stored is mended.

use foldhash::HashMap;

use crate::model::{Build, ImageRef, Outcome, Run, Step, StepKind};

/// A stretch shorter than this shows no pattern, neither before nor since.
const RUNS: usize = 2;

/// Of what has changed to and fro, the newest runs in a row that show it is so again.
const AGAIN: usize = 3;

/// Index of the first build of the newest stretch; 0 where the series is one stretch.
#[must_use]
pub fn newest(members: &[(&Run, &Build)]) -> usize {
    let counted: Vec<usize> = (0..members.len())
        .filter(|i| members.get(*i).is_some_and(|(_, build)| build.is_trusted()))
        .collect();
    let mut features: HashMap<Feature, Period> = HashMap::default();
    for (nth, i) in counted.iter().enumerate() {
        let Some((run, build)) = members.get(*i) else { continue };
        for feature in of(run, build) {
            features
                .entry(feature)
                .or_insert(Period { first: nth, builds: 0, last: usize::MAX, streak: nth })
                .add(nth);
        }
    }
    let all = counted.len();
    let begin = features.iter().filter_map(|(feature, period)| match feature {
        Feature::Hit(stage, text) => {
            let misses = features.get(&Feature::Miss(stage, text));
            let parted = features.get(&Feature::Part(stage, text));
            let ended = period.ends_before(misses, all).or_else(|| period.ends_again(misses, all));
            ended.or_else(|| period.begins_after(misses, parted, all))
        }
        Feature::Miss(..) | Feature::Part(..) => None,
        _ => period.lasts_since(all),
    });
    let begin = begin.filter(|nth| *nth >= RUNS && *nth + RUNS <= all).max();
    begin.and_then(|nth| counted.get(nth).copied()).unwrap_or(0)
}

/// Something that a build has or has not.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Feature<'a> {
    Driver(&'a str),
    Engine(u8),
    Import(&'static str, &'a str),
    Export(&'static str),
    Inline,
    Mode(&'a str),
    /// A step of this stage with this text.
    Step(&'a str, &'a str),
    Hit(&'a str, &'a str),
    Miss(&'a str, &'a str),
    /// It came from the cache, and a step below it in its stage ran: the cache holds the stage.
    Part(&'a str, &'a str),
}

/// In which of the counted builds it is.
struct Period {
    first: usize,
    builds: usize,
    last: usize,
    /// Since when it is in each.
    streak: usize,
}

impl Period {
    fn add(&mut self, nth: usize) {
        if self.last == nth {
            return;
        }
        if self.builds > 0 && self.last + 1 != nth {
            self.streak = nth;
        }
        self.builds += 1;
        self.last = nth;
    }

    /// Since when it is in every build, up to the newest; where it was there before and gone, for
    /// some builds.
    fn lasts_since(&self, all: usize) -> Option<usize> {
        let lasts = self.last + 1 == all;
        let again = self.streak > self.first;
        (lasts && (!again || self.streak + AGAIN <= all)).then_some(self.streak)
    }

    /// Of hits that went, came back, and went again: since then the step was executed in every
    /// build.
    fn ends_again(&self, misses: Option<&Self>, all: usize) -> Option<usize> {
        let since = self.last + 1;
        let rebuilt = misses.and_then(|misses| misses.lasts_since(all));
        let broke_before = self.streak > self.first;
        let lasts = broke_before && since + AGAIN <= all;
        (lasts && rebuilt.is_some_and(|begin| begin <= since)).then_some(since)
    }

    /// Of hits: there were some in every build up to one, but for a first cold one, and since then
    /// the step was executed in every build.
    fn ends_before(&self, misses: Option<&Self>, all: usize) -> Option<usize> {
        let without_gap = self.first + self.builds == self.last + 1;
        let since = self.last + 1;
        let rebuilt = misses.is_some_and(|misses| misses.builds == all - since + self.first);
        (self.first <= 1 && without_gap && rebuilt).then_some(since)
    }

    /// Of hits: in every build since one the step came from the cache, in two or more of them with
    /// steps below it that ran, and before it was executed in every build.
    fn begins_after(
        &self,
        misses: Option<&Self>,
        parted: Option<&Self>,
        all: usize,
    ) -> Option<usize> {
        let since = self.first;
        let lasts = since + self.builds == all;
        let executed = misses.is_some_and(|misses| misses.builds == since);
        let parted = parted.is_some_and(|parted| parted.builds >= RUNS);
        (lasts && executed && parted).then_some(since)
    }
}

fn of<'a>(run: &'a Run, build: &'a Build) -> Vec<Feature<'a>> {
    let mut all = Vec::with_capacity(build.steps.len() * 2 + 4);
    all.extend(build.driver.as_deref().map(Feature::Driver));
    all.push(Feature::Engine(build.engine as u8));
    for import in &build.imports {
        let reference = import.reference.as_deref().unwrap_or_default();
        all.push(Feature::Import(import.kind.name(), ImageRef::parse(reference).repository));
    }
    all.extend(build.exports.iter().map(|export| Feature::Export(export.kind.name())));
    if build.inline.is_some() {
        all.push(Feature::Inline);
    }
    let modes = run.commands_of(build).iter().flat_map(|command| &command.cache_to);
    all.extend(modes.filter_map(|spec| spec.get("mode")).map(Feature::Mode));
    let counted = |step: &&Step| step.kind == StepKind::Counted;
    let mut lowest: HashMap<&str, u32> = HashMap::default();
    for step in build.steps.iter().filter(counted).filter(|s| s.outcome == Outcome::Miss) {
        let known = lowest.entry(step.stage.as_str()).or_default();
        *known = step.position.max(*known);
    }
    for step in build.steps.iter().filter(counted) {
        let (stage, text) = (step.stage.as_str(), step.text.as_str());
        all.push(Feature::Step(stage, text));
        match step.outcome {
            Outcome::Hit => {
                all.push(Feature::Hit(stage, text));
                let below = lowest.get(stage).is_some_and(|at| *at > step.position);
                all.extend(below.then_some(Feature::Part(stage, text)));
            }
            Outcome::Miss => all.push(Feature::Miss(stage, text)),
            Outcome::Failed | Outcome::Canceled | Outcome::Unknown => {}
        }
    }
    all
}
