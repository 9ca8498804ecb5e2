//! Places of a Dockerfile where the chain of the cache breaks, over the runs of a series.
//!
//! A helper of the rules about the Dockerfile: says where and how often, not why.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::num::NonZeroU32;

use super::Study;
use super::instruction::{copies_context, copies_few, installs};
use super::past::{Past, cost, header, verdict};
use crate::finding::{Confidence, Evidence, Impact};
use crate::model::{Build, Outcome, Step, StepKind};
use crate::series::{Because, BuildRef, Miss, StepRow, rows, standing};

/// A step at which the chain broke in some run.
#[derive(Clone)]
pub(super) struct Spot<'a> {
    study: &'a Study,
    /// The builds of the series, as [`Past`] has them.
    refs: &'a [BuildRef],
    /// Where the step is in each of them.
    cells: &'a [Option<NonZeroU32>],
    /// Its stage in the newest build that has it.
    pub(super) stage: &'a str,
    /// Its text there.
    pub(super) text: &'a str,
    /// Runs in which the chain broke here, though a cache was there to be used.
    pub(super) broken: Cow<'a, [usize]>,
    /// Runs in which it came from the cache.
    pub(super) held: &'a [usize],
    /// How many of these had no change that could have broken it.
    still: usize,
}

impl<'a> Spot<'a> {
    /// The step in the last run that broke here.
    pub(super) fn last(&self) -> Option<&'a Step> {
        self.step(*self.broken.last()?)
    }

    pub(super) fn step(&self, i: usize) -> Option<&'a Step> {
        step(self.study, *self.refs.get(i)?, *self.cells.get(i)?)
    }

    /// The step when it was last seen before a run, on the same machine where each keeps its cache
    /// for itself, and in which run.
    pub(super) fn before(&self, past: &Past, i: usize) -> Option<(usize, &'a Step)> {
        past.back_from(i).find_map(|j| Some((j, self.step(j)?)))
    }

    /// It has the text that it had before this run.
    pub(super) fn has_kept_its_text(&self, past: &Past, i: usize) -> bool {
        let before = self.before(past, i).map(|(_, step)| step);
        before.zip(self.step(i)).is_some_and(|(before, now)| before.text == now.text)
    }

    /// The same spot in the runs since one of those that broke here.
    pub(super) fn since(&self, run: usize) -> Self {
        let broken = self.broken.iter().copied().filter(|i| *i >= run).collect();
        let held = self.held.get(self.held.partition_point(|i| *i < run)..).unwrap_or_default();
        Self { broken: Cow::Owned(broken), held, still: 0, ..self.clone() }
    }

    /// How many changes of the step's inputs the misses show: those against the result of one build
    /// are one change, however often it is missed.
    pub(super) fn changes(&self, past: &Past) -> usize {
        let against = |&i: &usize| {
            let step = self.step(i)?;
            past.misses_of(i, step).next().map(|miss| miss.against)
        };
        let all: BTreeSet<Option<usize>> = self.broken.iter().filter_map(against).collect();
        all.len()
    }

    /// It broke in three of four runs that reached it, and more than once.
    pub(super) fn nearly_always(&self) -> bool {
        self.broken.len() > 1 && self.mostly()
    }

    /// It broke in three of four runs that reached it with a cache, changed or not.
    pub(super) fn mostly_of_all(&self) -> bool {
        self.broken.len() * 4 >= (self.broken.len() + self.held.len()) * 3
    }

    /// It broke in three of four runs that reached it with a cache and with a change.
    pub(super) fn mostly(&self) -> bool {
        self.broken.len() * 4 >= (self.broken.len() + self.held.len() - self.still) * 3
    }

    /// The step right above it in its stage.
    pub(super) fn above(&self, past: &Past<'a>, i: usize) -> Option<&'a Step> {
        parent(past, i, self)
    }

    /// Runs that broke here behind a step of the same stage that came from the cache.
    pub(super) fn behind_hits(&self, past: &Past) -> bool {
        self.broken
            .iter()
            .all(|&i| parent(past, i, self).is_some_and(|s| s.outcome == Outcome::Hit))
    }

    /// Runs that broke here behind such a step, or at the first step of the stage for files that
    /// are others: other stages show then that the cache held what the runs before had stored.
    pub(super) fn behind_what_is_known(&self, past: &Past) -> bool {
        let files = |miss: Miss| {
            miss.because == Because::InputsChanged && miss.confidence >= Confidence::Likely
        };
        self.broken.iter().all(|&i| match parent(past, i, self) {
            Some(before) => before.outcome == Outcome::Hit,
            None => self.step(i).is_some_and(|step| past.misses_of(i, step).all(files)),
        })
    }

    /// The COPY whose files break the chain here: the step, or the one right before it that kaniko
    /// never looks up.
    pub(super) fn copy(&self, past: &Past<'a>, i: usize) -> Option<&'a Step> {
        let step = self.step(i)?;
        if step.operation().reads_context() {
            return Some(step);
        }
        parent(past, i, self).filter(|step| step.kind == StepKind::Uncached)
    }

    /// In some run that broke here a COPY stands right before that kaniko never looks up: its files
    /// may be what changed.
    pub(super) fn behind_files(&self, past: &Past) -> bool {
        self.broken
            .iter()
            .any(|&i| parent(past, i, self).is_some_and(|s| s.kind == StepKind::Uncached))
    }

    /// What the break cost: the step, those after it in its stage, and stages that stand on it.
    pub(super) fn impact(&self, past: &Past) -> Impact {
        let ran = |&i: &usize| {
            let mut ran = self.rerun(past, i);
            if let Some((step, (_, build))) = self.step(i).zip(past.get(i)) {
                ran.extend(standing(build, step));
            }
            ran
        };
        cost(self.broken.iter().flat_map(ran), self.broken.len())
    }

    /// The step and those after it in its stage, in one run.
    pub(super) fn rerun(&self, past: &Past<'a>, i: usize) -> Vec<&'a Step> {
        let Some((step, (_, build))) = self.step(i).zip(past.get(i)) else { return Vec::new() };
        same_stage(build, step).filter(|s| s.position >= step.position).collect()
    }

    /// For some runs: what came from the cache before it, and that it ran.
    pub(super) fn lines(&self, past: &Past, says: &str) -> Vec<Evidence> {
        let mut lines = Vec::new();
        for &i in self.broken.iter().rev().take(3).rev() {
            let Some((step, (run, _))) = self.step(i).zip(past.get(i)) else { continue };
            let before = parent(past, i, self).filter(|s| s.outcome == Outcome::Hit);
            lines.extend(before.map(|s| {
                verdict(run, s, "came from the cache, so everything before it did not change")
            }));
            lines.push(header(run, step, says));
        }
        lines
    }

    /// It is the COPY of the few files that name the dependencies; the installation that runs with
    /// it.
    pub(super) fn installs_what_it_copies(&self, past: &Past<'a>) -> Option<&'a Step> {
        let step = self.last().filter(|step| copies_few(&step.text))?;
        let rerun = self.rerun(past, *self.broken.last()?);
        let first = rerun.into_iter().find(|s| s.instruction == "RUN")?;
        (copies_context(&step.text) && installs(&first.text)).then_some(first)
    }

    /// `in 3 of 4 runs`
    pub(super) fn often(&self, past: &Past) -> String {
        format!("in {} of {} runs", self.broken.len(), past.len())
    }
}

/// What [`Study`] keeps of the spots of a series: of thousands of builds, numbers only.
#[derive(Debug, Default)]
pub(super) struct Spots {
    refs: Vec<BuildRef>,
    found: Vec<SpotIndex>,
}

/// A spot by the indices of its steps.
#[derive(Debug)]
struct SpotIndex {
    /// One more than the index of the step in each build.
    cells: Vec<Option<NonZeroU32>>,
    broken: Vec<usize>,
    held: Vec<usize>,
    still: usize,
}

/// Every spot of a series, in the order of the Dockerfile.
pub(super) fn spots<'a>(past: &Past<'a>) -> Vec<Spot<'a>> {
    let study = past.study;
    let own =
        study.spots.get(past.at).map(|spots| if past.part { &spots.newest } else { &spots.whole });
    own.into_iter()
        .flat_map(|spots| spots.found.iter().filter_map(|index| spot(study, &spots.refs, index)))
        .collect()
}

/// The same spot, with its steps.
fn spot<'a>(study: &'a Study, refs: &'a [BuildRef], index: &'a SpotIndex) -> Option<Spot<'a>> {
    let newest =
        refs.iter().zip(&index.cells).rev().find_map(|(at, cell)| step(study, *at, *cell))?;
    let (broken, held) = (Cow::Borrowed(index.broken.as_slice()), index.held.as_slice());
    Some(Spot {
        study,
        refs,
        cells: &index.cells,
        stage: &newest.stage,
        text: &newest.text,
        broken,
        held,
        still: index.still,
    })
}

fn step(study: &Study, at: BuildRef, cell: Option<NonZeroU32>) -> Option<&Step> {
    study.build(at)?.steps.get(usize::try_from(cell?.get()).ok()? - 1)
}

/// The spots of a series, and of its newest stretch.
#[derive(Debug, Default)]
pub(super) struct SeriesSpots {
    whole: Spots,
    newest: Spots,
}

/// What a study keeps of its series.
pub(super) fn find(study: &Study) -> Vec<SeriesSpots> {
    let of = |past: Past| {
        let newest = past.newest().map(of_series).unwrap_or_default();
        SeriesSpots { whole: of_series(past), newest }
    };
    Past::all(study).map(of).collect()
}

fn of_series(past: Past) -> Spots {
    let breaks = |i: usize| past.misses(i).any(|miss| usable(&miss));
    if !(1..past.len()).any(breaks) {
        return Spots::default();
    }
    let found = rows(&past.builds).into_iter().filter_map(|row| of_row(&past, &row));
    let found: Vec<SpotIndex> = found.collect();
    if found.is_empty() { Spots::default() } else { Spots { refs: past.refs, found } }
}

/// The step, where it breaks in some run.
fn of_row(past: &Past, row: &StepRow) -> Option<SpotIndex> {
    let cells = || row.cells.iter().enumerate().skip(1).filter_map(|(i, cell)| Some((i, (*cell)?)));
    let broke = |(i, step): &(usize, &Step)| {
        past.misses_of(*i, step).any(|miss| usable(&miss)) && !past.asked_for_no_cache(*i)
    };
    let broken: Vec<usize> = cells().filter(broke).map(|(i, _)| i).collect();
    if broken.is_empty() {
        return None;
    }
    let hit = || cells().filter(|(_, step)| step.outcome == Outcome::Hit);
    let held = hit().map(|(i, _)| i).collect();
    let still = hit().filter(|(i, step)| is_still(past, *i, step)).count();
    let builds = past.builds.iter().zip(&row.cells);
    let cells = builds.map(|(build, cell)| place(build, (*cell)?)).collect();
    Some(SpotIndex { cells, broken, held, still })
}

/// All of the build came from the cache: it was of the commit of the run before, or its command line
/// gave the same arguments, or, for a copy of the context, no file had changed.
fn is_still(past: &Past, i: usize, step: &Step) -> bool {
    if past.counts(i).is_none_or(|(hits, total)| hits < total) {
        return false;
    }
    let copies = |other: &Step| {
        other.kind == StepKind::Uncached
            && other.operation().reads_context()
            && other.position < step.position
            && other.is_of(&step.stage, &step.platform)
    };
    let behind = past.builds.get(i).is_some_and(|build| build.steps.iter().any(copies));
    behind
        || step.operation().reads_context()
        || past.builds_the_commit_before(i)
        || gives_the_same(past, i)
}

/// The command lines of the run and of the one before give the same arguments, some, and none that
/// only the shell knows.
fn gives_the_same(past: &Past, i: usize) -> bool {
    let given = |i: usize| past.commands(i).iter().flat_map(|command| &command.build_args);
    let Some(before) = i.checked_sub(1) else { return false };
    let known = given(i).all(|argument| argument.contains('=') && !argument.contains('$'));
    known && given(i).next().is_some() && given(i).eq(given(before))
}

fn place(build: &Build, step: &Step) -> Option<NonZeroU32> {
    let at = build.steps.element_offset(step)?;
    NonZeroU32::new(u32::try_from(at).ok()?.checked_add(1)?)
}

/// A cache was there, and holds what it is asked for. A copy that is gone is not of other files.
fn usable(miss: &Miss) -> bool {
    match miss.because {
        Because::InputsChanged
        | Because::InstructionChanged
        | Because::ArgumentChanged
        | Because::Unknown => true,
        Because::RecordLost => !miss.step.operation().reads_context(),
        _ => false,
    }
}

/// The step right before it in its stage that can have changed. kaniko's COPY always runs, but what
/// it brings in is part of what follows.
fn parent<'a>(past: &Past<'a>, i: usize, spot: &Spot) -> Option<&'a Step> {
    let (step, (_, build)) = spot.step(i).zip(past.get(i))?;
    let changes = |s: &Step| match s.kind {
        StepKind::Counted => true,
        StepKind::Uncached => s.instruction != "WORKDIR",
        _ => false,
    };
    let above = |s: &&Step| {
        s.position < step.position && changes(s) && s.is_of(&step.stage, &step.platform)
    };
    build.steps.iter().filter(above).max_by_key(|s| s.position)
}

/// Steps of the stages that ran because this step did: those that stand on its stage, or begin as it
/// does.
pub(super) fn standing<'a>(build: &'a Build, step: &Step) -> Vec<&'a Step> {
    let on = standing::on(build, &step.stage, &step.platform);
    let beside = standing::beside(build, step);
    on.into_iter().chain(beside).flat_map(|stage| stage.steps).collect()
}

/// Counted steps of the stage of a step.
pub(super) fn same_stage<'a>(build: &'a Build, step: &Step) -> impl Iterator<Item = &'a Step> {
    let (stage, platform) = (step.stage.clone(), step.platform.clone());
    build.steps.iter().filter(move |s| s.kind == StepKind::Counted && s.is_of(&stage, &platform))
}
