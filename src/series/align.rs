//! Steps of a series side by side.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use foldhash::HashMap;

use super::matching::alike;
use crate::model::{Build, Step, StepKind};

/// One step over the builds of a series.
#[derive(Clone, Debug)]
pub struct StepRow<'a> {
    /// Stage.
    pub stage: &'a str,
    /// Platform.
    pub platform: &'a str,
    /// Text in the newest build that has it.
    pub text: &'a str,
    /// The step in each build, in the order of `Series::builds`; `None` where a build has no such
    /// step.
    pub cells: Vec<Option<&'a Step>>,
}

/// Aligns the counted steps of builds: by stage and text first, then by position and instruction.
#[must_use]
pub fn rows<'a>(builds: &[&'a Build]) -> Vec<StepRow<'a>> {
    let mut rows = Rows { columns: builds.len(), ..Rows::default() };
    for (column, build) in builds.iter().enumerate() {
        let mut before = None;
        for step in build.steps.iter().filter(|s| s.kind == StepKind::Counted) {
            let at = rows.find(step, column, before).unwrap_or_else(|| rows.insert(step, before));
            rows.set(at, column, step);
            before = Some(at);
        }
    }
    rows.in_order()
}

/// Rows while builds are added. They are found by keys, and each knows the one behind it: of
/// thousands of steps none is looked for among all others.
#[derive(Default)]
struct Rows<'a> {
    columns: usize,
    all: Vec<Growing<'a>>,
    first: Option<usize>,
    texts: HashMap<Place<'a, &'a str>, Candidates>,
    positions: HashMap<Place<'a, (u32, &'a str)>, Candidates>,
    stages: HashMap<(&'a str, &'a str), Positions>,
}

/// Rows of a stage by the position of their steps; of those at one position the oldest stands last.
type Positions = BTreeSet<(u32, Reverse<usize>)>;

/// Stage and platform, and what is looked for in them.
type Place<'a, T> = (&'a str, &'a str, T);

/// A row, and the newest step in it.
struct Growing<'a> {
    row: StepRow<'a>,
    last: &'a Step,
    next: Option<usize>,
}

impl Growing<'_> {
    /// It has no step of this build yet.
    fn is_open(&self, column: usize) -> bool {
        self.row.cells.get(column).is_some_and(Option::is_none)
    }
}

/// Rows of one key, in the order they were made.
#[derive(Default)]
struct Candidates {
    rows: Vec<usize>,
    /// Those before are taken in this column.
    column: usize,
    taken: usize,
}

impl Candidates {
    /// Rows that may have no step of this build yet.
    fn of(&mut self, column: usize, open: impl Fn(usize) -> bool) -> &[usize] {
        if self.column != column {
            (self.column, self.taken) = (column, 0);
        }
        while self.rows.get(self.taken).is_some_and(|row| !open(*row)) {
            self.taken += 1;
        }
        self.rows.get(self.taken..).unwrap_or_default()
    }
}

/// Rows of one position that are compared word by word: a step may have another text in each build.
const NEWEST: usize = 8;

impl<'a> Rows<'a> {
    /// The row of a step. Most often it is the one behind the row of the step before.
    fn find(&mut self, step: &'a Step, column: usize, before: Option<usize>) -> Option<usize> {
        let next = before.map_or(self.first, |before| self.all.get(before)?.next);
        if next.is_some_and(|at| {
            self.all.get(at).is_some_and(|row| row.is_open(column) && says(row, step))
        }) {
            return next;
        }
        self.by_text(step, column).or_else(|| self.by_position(step, column))
    }

    fn by_text(&mut self, step: &'a Step, column: usize) -> Option<usize> {
        let all = &self.all;
        let candidates = self.texts.get_mut(&(&*step.stage, &*step.platform, &*step.text))?;
        let open = |at: usize| {
            all.get(at).is_some_and(|row| row.is_open(column) && row.row.text == step.text)
        };
        candidates.of(column, open).first().copied()
    }

    fn by_position(&mut self, step: &'a Step, column: usize) -> Option<usize> {
        let all = &self.all;
        let key = (&*step.stage, &*step.platform, (step.position, &*step.instruction));
        let candidates = self.positions.get_mut(&key)?;
        let open = |at: usize| all.get(at).is_some_and(|row| row.is_open(column));
        let rows = candidates.of(column, open);
        let newest = rows.get(rows.len().saturating_sub(NEWEST)..)?;
        let fits =
            |row: &Growing| row.last.position == step.position && alike(&row.last.text, &step.text);
        newest.iter().copied().find(|at| open(*at) && all.get(*at).is_some_and(fits))
    }

    /// Makes a row behind those of the same stage that come before the step.
    fn insert(&mut self, step: &'a Step, before: Option<usize>) -> usize {
        let stage = self.stages.get(&(&*step.stage, &*step.platform));
        let upto = (step.position, Reverse(usize::MAX));
        let behind =
            stage.and_then(|rows| rows.range(..upto).next_back()).map(|(_, at)| at.0).or(before);
        let at = self.all.len();
        let next = match behind {
            Some(behind) => self.all.get_mut(behind).and_then(|row| row.next.replace(at)),
            None => self.first.replace(at),
        };
        let cells = vec![None; self.columns];
        let row = StepRow { stage: &step.stage, platform: &step.platform, text: &step.text, cells };
        self.all.push(Growing { row, last: step, next });
        self.is_found_by(at, step);
        at
    }

    fn set(&mut self, at: usize, column: usize, step: &'a Step) {
        let Some(known) = self.all.get_mut(at) else { return };
        let from = known.last.position;
        let moved = known.row.text != step.text || from != step.position;
        known.row.text = &step.text;
        known.last = step;
        if let Some(cell) = known.row.cells.get_mut(column) {
            *cell = Some(step);
        }
        if moved {
            let stage = self.stages.entry((&step.stage, &step.platform)).or_default();
            stage.remove(&(from, Reverse(at)));
            self.is_found_by(at, step);
        }
    }

    fn is_found_by(&mut self, at: usize, step: &'a Step) {
        let (stage, platform) = (&*step.stage, &*step.platform);
        let texts = &mut self.texts.entry((stage, platform, &*step.text)).or_default().rows;
        if texts.last() != Some(&at) {
            texts.push(at);
        }
        let key = (stage, platform, (step.position, &*step.instruction));
        let positions = &mut self.positions.entry(key).or_default().rows;
        if positions.last() != Some(&at) {
            positions.push(at);
        }
        self.stages.entry((stage, platform)).or_default().insert((step.position, Reverse(at)));
    }

    fn in_order(self) -> Vec<StepRow<'a>> {
        let mut rows: Vec<Option<Growing>> = self.all.into_iter().map(Some).collect();
        let mut next = self.first;
        let following = std::iter::from_fn(|| {
            let growing = rows.get_mut(next?)?.take()?;
            next = growing.next;
            Some(growing.row)
        });
        following.collect()
    }
}

/// The row has the step's stage and text.
fn says(growing: &Growing, step: &Step) -> bool {
    step.is_of(growing.row.stage, growing.row.platform) && growing.row.text == step.text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instruction;

    fn build(steps: &[(&str, u32, &str)]) -> Build {
        let step = |(stage, position, text): &(&str, u32, &str)| {
            let instruction = text.split(' ').next().unwrap_or_default().into();
            let (stage, text) = ((*stage).into(), (*text).into());
            let what = Instruction {
                stage,
                text,
                instruction,
                position: *position,
                ..Instruction::default()
            };
            Step { what: what.into(), ..Step::default() }
        };
        Build { steps: steps.iter().map(step).collect(), ..Build::default() }
    }

    /// The texts of the rows, each with the builds that have it.
    fn aligned(builds: &[Build]) -> Vec<(String, Vec<bool>)> {
        let rows = rows(&builds.iter().collect::<Vec<_>>());
        rows.iter()
            .map(|row| (row.text.to_owned(), row.cells.iter().map(Option::is_some).collect()))
            .collect()
    }

    #[test]
    fn a_step_keeps_its_row_where_its_text_or_its_position_stays() {
        let old = build(&[("", 2, "RUN a x y"), ("", 3, "COPY . /app"), ("", 4, "RUN b")]);
        let new = build(&[
            ("", 2, "WORKDIR /w"),
            ("", 3, "RUN a x z"),
            ("", 4, "COPY . /app"),
            ("", 5, "RUN b"),
        ]);
        let again = build(&[
            ("", 2, "WORKDIR /w"),
            ("", 3, "RUN a x z"),
            ("", 4, "COPY . /app"),
            ("", 5, "RUN c"),
        ]);
        let texts: Vec<_> = aligned(&[old, new, again]).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts, ["WORKDIR /w", "RUN a x y", "RUN a x z", "COPY . /app", "RUN c"]);
    }

    #[test]
    fn equal_steps_of_one_build_have_a_row_each() {
        let twice = || build(&[("", 2, "RUN a"), ("", 3, "RUN a")]);
        assert_eq!(
            aligned(&[twice(), twice()]),
            [("RUN a".into(), vec![true; 2]), ("RUN a".into(), vec![true; 2])]
        );
    }

    #[test]
    fn stages_stand_one_after_another_whatever_is_added() {
        let old = build(&[("a", 2, "RUN a"), ("b", 2, "RUN b")]);
        let new =
            build(&[("b", 2, "RUN b"), ("b", 3, "RUN d"), ("a", 2, "RUN a"), ("a", 3, "RUN c")]);
        let texts: Vec<_> = aligned(&[old, new]).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts, ["RUN a", "RUN c", "RUN b", "RUN d"]);
    }
}
