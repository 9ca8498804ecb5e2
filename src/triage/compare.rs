//! Two studies of the same builds, before and after a change: did it help?
//!
//! Counts and pairs; how sure one may be with so few runs is part of the verdict.

use crate::finding::{Finding, Severity};
use crate::model::{Build, Outcome};
use crate::rules::Study;
use crate::series::{self, Series};

/// What became of builds and findings.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// Builds that are in either of them, in the order of the earlier study.
    pub builds: Vec<Pair>,
    /// Findings of the earlier one that the later one does not have.
    pub gone: Vec<&'a Finding>,
    /// Findings of the later one alone.
    pub new: Vec<&'a Finding>,
    /// Findings of both, as the later one says them.
    pub still: Vec<&'a Finding>,
    /// All in all.
    pub verdict: Effect,
}

/// One build before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Name for people.
    pub key: String,
    /// Before the change.
    pub before: Figures,
    /// After it.
    pub after: Figures,
}

/// What some runs of a build came to. Failed and unfinished builds are not counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Number of runs behind the other figures.
    pub runs: usize,
    /// Steps from the cache, over all runs.
    pub hits: usize,
    /// Steps that count, over all runs.
    pub total: usize,
    /// Median of the seconds in which a run's steps were executed; `None` without runs whose log
    /// tells it.
    pub seconds: Option<f64>,
}

/// Whether a change helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is wrong any more, and something was.
    Worked,
    /// Something is gone, something is left or new.
    Partly,
    /// Nothing is gone.
    NotYet,
    /// Nothing was wrong before, and something is now.
    Worse,
    /// Nothing was wrong before, and nothing is now.
    NothingToMend,
    /// Less than two runs after the change, or no build that is in both: the first run after a
    /// change of the cache starts cold and shows nothing.
    TooFewRuns,
}

/// Compares what was before with what is after.
#[must_use]
pub fn compare<'a>(
    before: (&Study, &'a [Finding]),
    after: (&Study, &'a [Finding]),
) -> Comparison<'a> {
    let builds = pairs(before.0, after.0);
    let mut left: Vec<&Finding> = after.1.iter().collect();
    let (mut gone, mut still) = (Vec::new(), Vec::new());
    for old in before.1 {
        match counterpart(old, &left) {
            Some(at) => still.push(left.remove(at)),
            None => gone.push(old),
        }
    }
    let enough = builds.iter().any(|pair| pair.before.runs > 0 && pair.after.runs > 1);
    let loud = |list: &[&Finding]| list.iter().any(|f| f.severity > Severity::Note);
    let new = left.iter().any(|f| f.severity > Severity::Note && !comes_by_itself(f));
    let verdict = match (loud(&gone), loud(&still), new) {
        _ if !enough => Effect::TooFewRuns,
        (true, false, false) => Effect::Worked,
        (true, ..) => Effect::Partly,
        (false, true, _) => Effect::NotYet,
        (false, false, true) => Effect::Worse,
        (false, false, false) => Effect::NothingToMend,
    };
    Comparison { builds, gone, new: left, still, verdict }
}

impl Comparison<'_> {
    /// Something as severe as this is new, and may be due to the change.
    #[must_use]
    pub fn has_new(&self, least: Severity) -> bool {
        self.new.iter().any(|finding| finding.severity >= least && !comes_by_itself(finding))
    }
}

/// A tag that moved once: who publishes the image did that, whatever was changed here.
fn comes_by_itself(finding: &Finding) -> bool {
    finding.rule == "base-image-drift" && finding.impact.runs == 1
}

/// The same rule on the same thing; else the same rule, since a change may give the thing another
/// name.
fn counterpart(old: &Finding, left: &[&Finding]) -> Option<usize> {
    let exact = left.iter().position(|new| new.rule == old.rule && new.subject == old.subject);
    exact.or_else(|| left.iter().position(|new| new.rule == old.rule))
}

fn pairs(before: &Study, after: &Study) -> Vec<Pair> {
    let mut left: Vec<&Series> = after.series.iter().collect();
    let mut pairs = Vec::new();
    for old in &before.series {
        let same = left.iter().position(|new| same(before, old, after, new));
        let new = same.map(|at| left.remove(at));
        pairs.push(Pair {
            key: old.key.clone(),
            before: figures(before, old),
            after: new.map(|new| figures(after, new)).unwrap_or_default(),
        });
    }
    let only = left.into_iter().map(|new| Pair {
        key: new.key.clone(),
        before: Figures::default(),
        after: figures(after, new),
    });
    pairs.into_iter().chain(only).collect()
}

/// The last build before and the first after are the same build, of the same job where both have
/// one.
fn same(before: &Study, old: &Series, after: &Study, new: &Series) -> bool {
    let last = before.members(old).next_back();
    last.zip(after.members(new).next()).is_some_and(|((ran, old), (runs, new))| {
        (ran.job.is_none() || runs.job.is_none() || ran.job == runs.job)
            && series::same_build(old, new)
    })
}

pub(super) fn figures(study: &Study, series: &Series) -> Figures {
    Figures::of(study.members(series).map(|(_, build)| build))
}

impl Figures {
    /// Of these runs of a build.
    pub(crate) fn of<'a>(builds: impl IntoIterator<Item = &'a Build>) -> Self {
        let builds: Vec<&Build> = builds.into_iter().filter(|build| build.is_trusted()).collect();
        Self {
            runs: builds.len(),
            hits: builds.iter().map(|build| build.hits()).sum(),
            total: builds.iter().map(|build| build.total()).sum(),
            seconds: median(
                builds
                    .iter()
                    .filter(|build| timed(build))
                    .map(|build| build.seconds_executed())
                    .collect(),
            ),
        }
    }
}

/// The classic builder does not tell how long a step took.
fn timed(build: &Build) -> bool {
    let mut executed = build.decided().filter(|step| step.outcome == Outcome::Miss).peekable();
    executed.peek().is_none() || executed.any(|step| step.seconds.is_some())
}

/// Of an even number the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    values.get(middle.checked_sub(1)?).map(|lower| f64::midpoint(*lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(Vec::new()), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
    }
}
