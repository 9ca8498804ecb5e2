//! Which builds are the same build.
//!
//! Two builds are the same when their stages and instructions are: more than half of the shorter
//! one's steps are in the other. Values expanded into a header may differ, so may step numbers.

use std::collections::HashMap;

use super::folders::{self, folder};
use super::{BuildRef, Series, naming};
use crate::model::{Build, BuildOutcome, Run, Step};

/// Groups the builds of all runs into series, in the order of first appearance.
///
/// Builds are compared within a directory. Where every directory holds the build only once, and
/// under one file name, the directories are the runs (`logs/4711/build.log`, `logs/4712/build.log`)
/// and their builds one series.
#[must_use]
pub fn group(runs: &[Run]) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    // Series of each place: only those are compared.
    let mut places: HashMap<(Option<&str>, &str), Vec<usize>> = HashMap::new();
    for (r, run) in runs.iter().enumerate() {
        let here = places.entry(place(run)).or_default();
        for (b, build) in run.builds.iter().enumerate() {
            let at = BuildRef { run: r, build: b };
            let fits = |s: &usize| series.get(*s).is_some_and(|series| continues(runs, series, build));
            let found = here.iter().copied().find(fits);
            if let Some(found) = found.and_then(|s| series.get_mut(s)) {
                found.builds.push(at);
            } else {
                here.push(series.len());
                series.push(Series { key: String::new(), builds: vec![at] });
            }
        }
    }
    let mut series = folders::merge(runs, series);
    naming::name(runs, &mut series);
    series
}

/// The build is that of the series: it is like the last one, or like the last that came to its end. Of one that
/// did not, the log may show too few steps to compare.
fn continues(runs: &[Run], series: &Series, build: &Build) -> bool {
    let mut builds = series.builds.iter().rev().filter_map(|at| look(runs, *at)).map(|(_, build)| build);
    let Some(last) = builds.next() else { return false };
    let ended = |build: &&Build| build.outcome == BuildOutcome::Succeeded;
    same(last, build) || (!ended(&last) && builds.find(ended).is_some_and(|whole| same(whole, build)))
}

/// One job of one folder; jobs that have a name are the same wherever their logs lie.
fn place(run: &Run) -> (Option<&str>, &str) {
    run.job.as_deref().map_or_else(|| (None, folder(&run.source)), |job| (Some(job), ""))
}

/// Whether two steps are the same instruction: equal texts, or texts that differ in values only.
#[must_use]
pub fn alike(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split_ascii_whitespace().collect(), b.split_ascii_whitespace().collect());
    let equal = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    a.len() == b.len() && a.first() == b.first() && equal * 2 >= a.len()
}

/// A build with its run.
pub(super) fn look(runs: &[Run], at: BuildRef) -> Option<(&Run, &Build)> {
    let run = runs.get(at.run)?;
    Some((run, run.builds.get(at.build)?))
}

/// The same build: see the module text.
#[must_use]
pub fn same(a: &Build, b: &Build) -> bool {
    if a.dialect != b.dialect || (a.target.is_some() && b.target.is_some() && a.target != b.target) {
        return false;
    }
    if a.steps.is_empty() || b.steps.is_empty() {
        return a.steps.is_empty() && b.steps.is_empty() && bases_and_errors(a) == bases_and_errors(b);
    }
    let (short, long) = if a.steps.len() <= b.steps.len() { (a, b) } else { (b, a) };
    let matched = short.steps.iter().filter(|s| long.steps.iter().any(|o| same_step(s, o))).count();
    let all = short.steps.len();
    if same_bases(a, b) { matched * 2 > all } else { matched * 5 >= all * 4 }
}

fn bases_and_errors(build: &Build) -> (Vec<&str>, Vec<&str>) {
    (build.bases.iter().map(|b| b.image.as_str()).collect(), build.errors.iter().map(|e| &*e.text).collect())
}

fn same_step(a: &Step, b: &Step) -> bool {
    if a.what.is(&b.what) {
        return true;
    }
    let number = a.position == b.position && a.of == b.of && a.instruction == b.instruction;
    a.is_of(&b.stage, &b.platform) && (a.text == b.text || (number && alike(&a.text, &b.text)))
}

/// Some stage begins with the same image in both, whatever its tag; a build whose FROM was not
/// printed has no say.
fn same_bases(a: &Build, b: &Build) -> bool {
    let repository = |image: &str| image.rsplit_once(':').map_or(image, |(name, _)| name).to_owned();
    a.bases.is_empty()
        || b.bases.is_empty()
        || a.bases.iter().any(|x| b.bases.iter().any(|y| repository(&x.image) == repository(&y.image)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instruction;

    fn run(steps: &[&str], outcome: BuildOutcome) -> Run {
        let step = |text: &&str| Step {
            what: Instruction { text: (*text).into(), ..Instruction::default() }.into(),
            ..Step::default()
        };
        let build = Build { steps: steps.iter().map(step).collect(), outcome, ..Build::default() };
        Run { builds: vec![build], ..Run::default() }
    }

    #[test]
    fn a_cut_log_does_not_end_a_series() {
        let whole = || run(&["RUN a", "RUN b", "RUN c"], BuildOutcome::Succeeded);
        let cut = run(&["WORKDIR /web", "RUN a"], BuildOutcome::Unknown);
        let next = run(&["WORKDIR /web", "RUN a", "RUN b", "RUN c", "RUN d"], BuildOutcome::Succeeded);
        assert_eq!(group(&[next, cut, whole()]).len(), 1);
        let other = run(&["COPY x y z", "ADD u v w"], BuildOutcome::Succeeded);
        assert_eq!(group(&[whole(), other]).len(), 2);
    }
}
