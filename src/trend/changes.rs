//! When steps began to run that came from the cache before, or the other way round.

use super::states::States;
use super::stretches;
use super::{Member, Reported};
use crate::model::Build;
use crate::series::StepRow;
use crate::series::recorded::{self, Difference, Said, What};
use crate::triage::Figures;

/// Steps that broke, or got better, between the same two runs.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// Index of the last run before it, and of the first after it.
    pub between: (usize, usize),
    /// The steps come from the cache since, and ran before.
    pub better: bool,
    /// Index of the run before and of the run after that are compared for what else changed. The
    /// first run with a new cache is cold: what makes it better comes a run before it shows.
    pub compared: (usize, usize),
    /// The steps.
    pub steps: Vec<Moved>,
    /// Runs that ended well since the change before this one.
    pub before: Figures,
    /// Runs that ended well up to the next change.
    pub after: Figures,
    /// What else changed between the two runs.
    pub differences: Vec<Difference>,
    /// Findings of the newest of the runs after it that no run before it has.
    pub came: Vec<&'a Reported>,
    /// Findings of the last run before it that the newest of the runs after it does not have.
    pub gone: Vec<&'a Reported>,
}

/// One step of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its index among the steps of the trend.
    pub step: usize,
    /// Runs before, without those in which it had to run.
    pub before: StepRuns,
    /// Runs after, without those in which it had to run.
    pub after: StepRuns,
}

/// Some runs of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepRuns {
    /// Runs that had it from the cache.
    pub hits: usize,
    /// All of them.
    pub total: usize,
}

/// A row that changed: somewhere behind the last run before and not after the first run after.
struct ChangedRow {
    row: usize,
    between: (usize, usize),
    better: bool,
}

pub(super) fn of<'a>(
    members: &[Member<'a>],
    rows: &[StepRow<'a>],
    states: &[States],
) -> Vec<Change<'a>> {
    let spots = states.iter().enumerate().flat_map(|(row, states)| spots(row, &states.all));
    let mut groups = together(spots.collect());
    groups.sort_by_key(|group| (group.between.1, group.better));
    let ends: Vec<(usize, usize)> = groups.iter().map(|group| group.between).collect();
    let runs = Runs { members, rows, states };
    groups.iter().map(|group| runs.change(group, &ends)).collect()
}

/// The runs of a build, and what each of its steps did in them.
struct Runs<'t, 'a> {
    members: &'t [Member<'a>],
    rows: &'t [StepRow<'a>],
    states: &'t [States],
}

impl<'a> Runs<'_, 'a> {
    fn change(&self, group: &ChangedRows, ends: &[(usize, usize)]) -> Change<'a> {
        let (last, first) = group.between;
        // Up to the neighbouring changes; two of one place go in opposite directions.
        let begin = ends.iter().map(|end| end.1).filter(|end| *end <= last).max();
        let end = ends.iter().map(|end| end.0).filter(|end| *end >= first).min();
        let before = (begin.unwrap_or(0), last);
        let after = (first, end.unwrap_or(self.members.len() - 1));
        let compared = if group.better { (last.saturating_sub(1), first) } else { group.between };
        let (came, gone) = reported(self.members, before, after);
        Change {
            between: group.between,
            better: group.better,
            compared,
            steps: group.rows.iter().map(|row| self.moved(*row, before, after)).collect(),
            before: Figures::of(builds(self.members, before.0, before.1)),
            after: Figures::of(builds(self.members, after.0, after.1)),
            differences: self.differences(group, compared),
            came,
            gone,
        }
    }

    /// What a run writes, the next one misses: where steps broke, what is told of exports counts from
    /// the run before on.
    fn differences(&self, group: &ChangedRows, compared: (usize, usize)) -> Vec<Difference> {
        let mut all = self.between(group, compared.0, compared.1);
        let Some(earlier) = compared.0.checked_sub(1).filter(|_| !group.better) else { return all };
        let of_exports =
            |found: &Difference| matches!(found.what, What::CacheTo | What::Exports | What::Export);
        let written = self.between(group, earlier, compared.0);
        for one in written.into_iter().filter(of_exports) {
            if all.iter().all(|known| (known.what, &known.of) != (one.what, &one.of)) {
                all.push(one);
            }
        }
        all.sort_by(|a, b| (a.what, &a.of).cmp(&(b.what, &b.of)));
        all
    }

    fn between(&self, group: &ChangedRows, before: usize, after: usize) -> Vec<Difference> {
        recorded::differences(
            (0..=before).rev().filter_map(|i| self.said(group, i)),
            (after..self.members.len()).filter_map(|i| self.said(group, i)),
        )
    }

    fn moved(&self, row: usize, before: (usize, usize), after: (usize, usize)) -> Moved {
        let states = self.states.get(row).map_or(&[][..], |states| &states.all);
        Moved {
            step: row,
            before: counted(states, before.0, before.1),
            after: counted(states, after.0, after.1),
        }
    }

    /// What the run says, and the lines of the steps that changed.
    fn said(&self, group: &ChangedRows, i: usize) -> Option<Said> {
        let member = self.members.get(i).filter(|member| member.counts())?;
        let mut said = recorded::said(member.run, member.build);
        said.extend(recorded::lines(self.rows, &group.rows, i));
        Some(said)
    }
}

fn spots(row: usize, states: &[Option<bool>]) -> Vec<ChangedRow> {
    let decided: Vec<(usize, bool)> =
        states.iter().enumerate().filter_map(|(i, state)| state.map(|state| (i, state))).collect();
    let hits: Vec<bool> = decided.iter().map(|(_, hit)| *hit).collect();
    let starts = stretches::starts(&hits);
    let bounds: Vec<usize> = std::iter::once(0).chain(starts).chain([hits.len()]).collect();
    bounds.windows(3).filter_map(|three| spot(row, &decided, three)).collect()
}

/// Where one stretch of runs ends and the next begins.
fn spot(row: usize, decided: &[(usize, bool)], bounds: &[usize]) -> Option<ChangedRow> {
    let [begin, start, end] = *bounds else { return None };
    let share = |from: usize, to: usize| {
        let part = decided.get(from..to).unwrap_or_default();
        (part.iter().filter(|(_, hit)| *hit).count(), part.len())
    };
    let (before, after) = (share(begin, start), share(start, end));
    let between = (decided.get(start.checked_sub(1)?)?.0, decided.get(start)?.0);
    Some(ChangedRow { row, between, better: after.0 * before.1 > before.0 * after.1 })
}

/// Rows that changed between the same two runs, in the same direction.
struct ChangedRows {
    between: (usize, usize),
    better: bool,
    rows: Vec<usize>,
}

/// A step that had to run at that time says less exactly when it changed: what overlaps is one
/// change.
fn together(mut spots: Vec<ChangedRow>) -> Vec<ChangedRows> {
    spots.sort_by_key(|spot| (spot.better, spot.between.1, spot.between.0, spot.row));
    let mut groups: Vec<ChangedRows> = Vec::new();
    for spot in spots {
        let narrowed = |group: &ChangedRows| {
            (group.between.0.max(spot.between.0), group.between.1.min(spot.between.1))
        };
        let fits = |group: &&mut ChangedRows| {
            group.better == spot.better && narrowed(group).0 < narrowed(group).1
        };
        match groups.iter_mut().find(fits) {
            Some(group) => {
                group.between = narrowed(group);
                group.rows.push(spot.row);
            }
            None => groups.push(ChangedRows {
                between: spot.between,
                better: spot.better,
                rows: vec![spot.row],
            }),
        }
    }
    for group in &mut groups {
        group.rows.sort_unstable();
    }
    groups
}

fn builds<'a>(members: &[Member<'a>], from: usize, to: usize) -> Vec<&'a Build> {
    members.get(from..=to).unwrap_or_default().iter().map(|member| member.build).collect()
}

fn counted(states: &[Option<bool>], from: usize, to: usize) -> StepRuns {
    let decided = states.get(from..=to).unwrap_or_default().iter().flatten();
    decided.fold(StepRuns::default(), |counted, hit| StepRuns {
        hits: counted.hits + usize::from(*hit),
        total: counted.total + 1,
    })
}

/// Findings that came and went. Some take several runs to be seen, so the newest run of the stretch
/// is asked.
fn reported<'a>(
    members: &[Member<'a>],
    before: (usize, usize),
    after: (usize, usize),
) -> (Vec<&'a Reported>, Vec<&'a Reported>) {
    let of = |at: usize| members.get(at).map_or(&[][..], |member| member.reported);
    let has = |at: usize, known: &Reported| {
        of(at).iter().any(|other| other.fingerprint == known.fingerprint)
    };
    let came = of(after.1).iter().filter(|new| (before.0..=before.1).all(|at| !has(at, new)));
    let gone = of(before.1).iter().filter(|old| !has(after.1, old));
    (came.collect(), gone.collect())
}
