//! What is written beside what the logs show.
//!
//! A log takes a finding of the configuration away where it contradicts it or tells the same, not
//! by being there: one of a first run, or of another job, leaves what is written as it is.

use std::collections::HashSet;

use crate::config::Config;
use crate::finding::{Evidence, Finding, Impact};
use crate::model::{Build, Outcome, Run, Step};
use crate::rules::Study;
use crate::rules::dockerfile_at;
use crate::rules::past::{Past, cost};
use crate::rules::recurring::same_stage;
use crate::rules::remedy::At;

use super::{Open, builds_of};

/// The findings of the logs, and those of the places that no log decides.
pub(in crate::rules) fn with_undecided<'a>(
    study: &'a Study,
    seen: Vec<Finding>,
    decides: impl Fn(&Past<'a>) -> bool,
    written: impl Fn(At<'a>) -> Option<Finding>,
) -> Vec<Finding> {
    let mut open = Open::of(study);
    for past in Past::all(study) {
        open.close_asked(&past, &decides);
    }
    let paths: HashSet<&str> = study.configs.iter().map(|config| config.path.as_str()).collect();
    let is_of_log =
        |finding: &Finding| finding.evidence.iter().any(|line| !paths.contains(&*line.source));
    let of_logs = seen.iter().filter(|known| is_of_log(known));
    let mut subjects: HashSet<String> = of_logs.map(|known| known.subject.clone()).collect();
    let mut all = seen;
    for one in open.places.into_iter().filter_map(written) {
        if subjects.contains(&one.subject) {
            continue;
        }
        if is_of_log(&one) {
            subjects.insert(one.subject.clone());
        }
        all.push(one);
    }
    all
}

/// A finding about the order of a Dockerfile.
pub(in crate::rules) struct Ordered<'a> {
    pub(in crate::rules) config: &'a Config,
    /// Line of the RUN that runs again for nothing.
    pub(in crate::rules) invalidated: u64,
    pub(in crate::rules) finding: Finding,
}

/// Findings about Dockerfiles that the logs leave standing, with what they add. `told` are series
/// of which the logs tell the same.
pub(in crate::rules) fn ordered<'a>(
    study: &'a Study,
    written: Vec<Ordered<'a>>,
    reported: impl Fn(&Past<'a>) -> bool,
) -> Vec<Finding> {
    let written: Vec<Ordered> =
        written.into_iter().filter(|one| !never_uses_a_cache(study, one.config)).collect();
    let all: Vec<Past> = if written.is_empty() { Vec::new() } else { Past::all(study).collect() };
    let of = |past: &Past<'a>, config: &Config| {
        let (run, build) = past.last()?;
        Some(dockerfile_at::of(study, run, build)?.config.path == config.path)
    };
    let same = |past: &Past<'a>, config: &Config| of(past, config) == Some(true);
    let left = written
        .into_iter()
        .filter(|one| !all.iter().any(|past| same(past, one.config) && reported(past)));
    let left =
        left.filter(|one| !all.iter().any(|past| same(past, one.config) && contradicts(past, one)));
    left.map(|one| {
        let shown =
            all.iter().filter(|past| same(past, one.config)).find_map(|past| ran(past, &one));
        match shown {
            Some((line, impact)) => with_log(one.finding, line, impact),
            None => one.finding,
        }
    })
    .collect()
}

/// Each build of the Dockerfile is asked for without a cache: no order of it saves anything.
fn never_uses_a_cache(study: &Study, config: &Config) -> bool {
    let builds = builds_of(study, config);
    !builds.is_empty() && builds.iter().all(|at| at.place.command.no_cache)
}

/// What a log shows of it, which nobody has to be asked for then.
fn with_log(mut finding: Finding, line: Evidence, impact: Impact) -> Finding {
    finding.evidence.extend([line]);
    finding.rules_out.retain(|one| one.text != COSTS);
    finding.impact = impact;
    finding
}

/// What a finding asks for that no log shows.
pub(in crate::rules) const COSTS: &str = "give logs: they show what it costs";

/// In each later run the step came from the cache.
fn contradicts(past: &Past, one: &Ordered) -> bool {
    let later = || (1..past.len()).filter_map(|i| past.get(i));
    let hit = |(run, build): (&Run, &Build)| {
        step_of(past, run, build, one).is_some_and(|s| s.outcome == Outcome::Hit)
    };
    later().next().is_some() && later().all(hit)
}

fn step_of<'a>(past: &Past, run: &Run, build: &'a Build, one: &Ordered) -> Option<&'a Step> {
    let file = dockerfile_at::of(past.study, run, build)?;
    build
        .steps
        .iter()
        .find(|step| file.of_step(build, step).is_some_and(|(_, i)| i.line == one.invalidated))
}

/// It ran in the last run, in which something came from the cache, and the steps below it too.
fn ran(past: &Past, one: &Ordered) -> Option<(Evidence, Impact)> {
    let (run, build) = past.last().filter(|(_, build)| build.hits() > 0)?;
    let step = step_of(past, run, build, one).filter(|step| step.outcome == Outcome::Miss)?;
    let below = same_stage(build, step).filter(|other| other.position >= step.position);
    Some((Study::quote(run, &step.header, "ran again in this run"), cost(below, 1)))
}
