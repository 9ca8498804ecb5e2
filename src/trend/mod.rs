//! How the builds of a job fared from run to run: when they broke or got better, and what else
//! changed then.
//!
//! A change is one of *steps*, not of a hit rate, which moves with what commits touch. For each
//! step the runs are a row of hits and misses. What says nothing is left out of it: runs that did
//! not end well, and misses whose input changed (`states.rs`). A row has changed where two
//! stretches of at least three runs each differ so much that chance would do as well less often
//! than once in [`SELDOM`] (`stretches.rs`, `chance.rs`). So a single miss is none, nor is a COPY
//! that runs with each commit, nor a step that hits every second run: that is said to take turns.
//! Steps that changed between the same two runs are one change (`changes.rs`).
//!
//! What else changed then is what the logs record: what the last run before and the first run after
//! say differently, and say the same for some runs on one side at least (`series/recorded/`). That is a
//! coincidence, not a cause.
//!
//! Computes from runs; knows neither where they are kept nor how a trend is printed.

mod branches;
mod chance;
mod changes;
mod states;
mod stretches;

pub use self::branches::{Branch, RememberedJob, branches};
pub use self::changes::{Change, Moved, StepRuns};
pub use crate::series::recorded::{Difference, What};

use crate::model::{Build, Dialect, Outcome, Run};
use crate::series::{self, Series, StepRow};
use crate::triage::{Figures, median};

/// What is as likely by chance as once in this many is not called a change, nor a pattern.
pub const SELDOM: f64 = 15.0;

/// Runs that ended well, at least, for a change to be found among them.
pub const FEWEST: usize = 2 * stretches::LEAST;

/// A finding of a run, as it was found when that run was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Id of the rule.
    pub rule: String,
    /// Name of the finding, the same from run to run.
    pub fingerprint: String,
    /// One line, says the defect.
    pub title: String,
}

/// One build over the runs of a branch.
#[derive(Clone, Debug)]
pub struct Trend<'a> {
    /// Name for people.
    pub key: String,
    /// Its builds in the order of time, each with its run.
    pub members: Vec<Member<'a>>,
    /// All runs that ended well.
    pub whole: Figures,
    /// Its steps, in the order of the Dockerfile.
    pub steps: Vec<StepTrend<'a>>,
    /// When it broke or got better, the oldest first.
    pub changes: Vec<Change<'a>>,
    /// The build that was made before this one was: another builder, or another Dockerfile.
    pub follows: Option<Followed>,
}

/// Seconds that the steps of these builds were executed for, over all of their runs.
#[must_use]
pub fn seconds(trends: &[Trend]) -> f64 {
    trends
        .iter()
        .flat_map(|trend| &trend.members)
        .map(|member| member.build.seconds_executed())
        .sum()
}

/// A build that ended when another one began.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// Name for people.
    pub key: String,
    /// Form of its log: which builder it was.
    pub dialect: Dialect,
    /// Its runs that ended well.
    pub whole: Figures,
}

/// One run of a build.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The run.
    pub run: &'a Run,
    /// The build in it.
    pub build: &'a Build,
    /// What was found in the run.
    pub reported: &'a [Reported],
}

impl Member<'_> {
    /// It ended well, and its outcomes can be trusted.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.build.is_trusted()
    }
}

/// One step over the runs.
#[derive(Clone, Debug)]
pub struct StepTrend<'a> {
    /// What it is, and what became of it in each run.
    pub row: StepRow<'a>,
    /// Runs that had it from the cache, of those that ended well.
    pub hits: usize,
    /// Runs that had it from the cache or executed it, of those that ended well.
    pub total: usize,
    /// Median of the seconds it took where it was executed; `None` where it never was.
    pub seconds: Option<f64>,
    /// Hits and misses take turns.
    pub in_turns: bool,
}

/// The builds of a branch, those with most runs first.
#[must_use]
pub fn trends(branch: &Branch) -> Vec<Trend<'_>> {
    let series = series::group(&branch.runs);
    let mut trends: Vec<Trend> =
        series.iter().map(|series| trend(&branch.runs, &branch.reported, series)).collect();
    let follows: Vec<Option<Followed>> =
        series.iter().map(|one| followed(&series, &trends, one)).collect();
    for (trend, followed) in trends.iter_mut().zip(follows) {
        trend.follows = followed;
    }
    trends.sort_by_key(|trend| std::cmp::Reverse(trend.members.len()));
    trends
}

/// The series that ended last before this one began.
fn followed(series: &[Series], trends: &[Trend], one: &Series) -> Option<Followed> {
    let begin = one.builds.first()?.run;
    let ended = series
        .iter()
        .zip(trends)
        .filter_map(|(other, trend)| Some((other.builds.last()?.run, trend)));
    let (_, before) = ended.filter(|(end, _)| *end < begin).max_by_key(|(end, _)| *end)?;
    let dialect = before.members.first()?.build.dialect;
    Some(Followed { key: before.key.clone(), dialect, whole: before.whole.clone() })
}

/// One build over runs of one branch; what was found in each of them may be left out.
#[must_use]
pub fn trend<'a>(runs: &'a [Run], reported: &'a [Vec<Reported>], series: &Series) -> Trend<'a> {
    let member = |at: &series::BuildRef| {
        let run = runs.get(at.run)?;
        let reported = reported.get(at.run).map_or(&[][..], Vec::as_slice);
        Some(Member { run, build: run.builds.get(at.build)?, reported })
    };
    let members: Vec<Member> = series.builds.iter().filter_map(member).collect();
    let builds: Vec<&Build> = members.iter().map(|member| member.build).collect();
    let rows = series::rows(&builds);
    let states = states::of(&members, &rows);
    let changes = changes::of(&members, &rows, &states);
    let turns: Vec<bool> =
        states.iter().map(|states| stretches::in_turns(&states.unasked)).collect();
    let steps =
        rows.into_iter().zip(turns).map(|(row, in_turns)| step(&members, row, in_turns)).collect();
    Trend {
        key: series.key.clone(),
        whole: Figures::of(builds),
        members,
        steps,
        changes,
        follows: None,
    }
}

fn step<'a>(members: &[Member], row: StepRow<'a>, in_turns: bool) -> StepTrend<'a> {
    let cells = || {
        row.cells
            .iter()
            .zip(members)
            .filter(|(_, member)| member.counts())
            .filter_map(|(cell, _)| *cell)
    };
    let of = |outcome| cells().filter(move |step| step.outcome == outcome);
    let hits = of(Outcome::Hit).count();
    StepTrend {
        hits,
        total: hits + of(Outcome::Miss).count(),
        seconds: median(of(Outcome::Miss).filter_map(|step| step.seconds).collect()),
        in_turns,
        row,
    }
}

#[cfg(test)]
mod tests;
