//! Which hits and misses of a step say something about the cache.
//!
//! A stage that is built for the first time has nothing to find. A step whose files changed has to
//! run, and so have the steps behind it: that a COPY of the sources misses with each commit says
//! nothing. But where the COPY was moved in front of a step that used to come from the cache, that
//! step runs with each commit since, which does say something.

use std::collections::BTreeSet;

use super::Member;
use crate::model::{Outcome, Step};
use crate::series::{Because, Miss, Misses, StepRow};

/// One row, run by run: from the cache, executed, or `None` where that says nothing.
pub(super) struct States {
    /// Of all runs.
    pub all: Vec<Option<bool>>,
    /// Without runs that had a reason of their own to execute something: that comes and goes as it
    /// likes.
    pub unasked: Vec<Option<bool>>,
}

/// Of each row.
pub(super) fn of(members: &[Member], rows: &[StepRow]) -> Vec<States> {
    let pairs: Vec<_> = members.iter().map(|member| (member.run, member.build)).collect();
    let found = Misses::of(&pairs, 0);
    let breaks: Vec<Vec<Miss>> = members
        .iter()
        .enumerate()
        .map(|(i, member)| found.in_build(i, member.build).collect())
        .collect();
    let own_reason = |breaks: &Vec<Miss>| breaks.iter().any(|b| is_own_reason(b.because));
    let asked: BTreeSet<usize> =
        (0..).zip(&breaks).filter(|(_, breaks)| own_reason(breaks)).map(|(i, _)| i).collect();
    let past = Past { members, rows, breaks: &breaks };
    let states = |row: &StepRow| {
        let all: Vec<_> = (0..members.len()).map(|i| past.state(row, i)).collect();
        let kept =
            |(i, state): (usize, &Option<bool>)| state.filter(|hit| *hit || !asked.contains(&i));
        States { unasked: all.iter().enumerate().map(kept).collect(), all }
    };
    rows.iter().map(states).collect()
}

/// Whatever the caches hold.
fn had_to(because: Because) -> bool {
    matches!(because, Because::FirstRun | Because::InputsChanged)
}

/// It is of this run, and not of the cache.
fn is_own_reason(because: Because) -> bool {
    matches!(because, Because::InstructionChanged | Because::BaseChanged | Because::CacheDisabled)
}

struct Past<'p, 'a> {
    members: &'p [Member<'a>],
    rows: &'p [StepRow<'a>],
    breaks: &'p [Vec<Miss<'a>>],
}

impl Past<'_, '_> {
    fn state(&self, row: &StepRow, i: usize) -> Option<bool> {
        self.members.get(i).filter(|member| member.counts())?;
        let step = cell(row, i)?;
        match step.outcome {
            Outcome::Hit => Some(true),
            Outcome::Miss if self.had_to_run(row, i, step) => None,
            Outcome::Miss => Some(false),
            Outcome::Failed | Outcome::Canceled | Outcome::Unknown => None,
        }
    }

    /// It is new, or files that it reads changed, or those of a step that it always stood behind.
    fn had_to_run(&self, row: &StepRow, i: usize, step: &Step) -> bool {
        let breaks = self.breaks.get(i).map_or(&[][..], Vec::as_slice);
        let before = |b: &&Miss| {
            b.step.is_of(&step.stage, &step.platform) && b.step.position <= step.position
        };
        match breaks.iter().find(before) {
            Some(own) if own.because == Because::FirstRun => true,
            Some(own) => {
                own.because == Because::InputsChanged && self.always_behind(row, i, own.step)
            }
            // It follows from other stages.
            None => !breaks.is_empty() && breaks.iter().all(|b| had_to(b.because)),
        }
    }

    /// Also in the nearest runs that had the step of this row from the cache, it stood behind the
    /// other one.
    fn always_behind(&self, row: &StepRow, i: usize, other: &Step) -> bool {
        let is_other = |row: &&StepRow| cell(row, i).is_some_and(|step| std::ptr::eq(step, other));
        let Some(other) = self.rows.iter().find(is_other) else { return false };
        let held = |j: &usize| cell(row, *j).is_some_and(|step| step.outcome == Outcome::Hit);
        let behind = |j: usize| {
            cell(other, j).zip(cell(row, j)).is_some_and(|(a, b)| a.position <= b.position)
        };
        let nearest = [(0..i).rfind(held), (i + 1..self.members.len()).find(held)];
        nearest.into_iter().flatten().all(behind)
    }
}

fn cell<'a>(row: &StepRow<'a>, i: usize) -> Option<&'a Step> {
    row.cells.get(i).copied().flatten()
}
