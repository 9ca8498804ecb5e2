//! One series as its rules look at it: runs and builds side by side, in the order of time.
//!
//! A helper of the rules about hits over a series; says what was, not why.

mod machines;

use super::Study;
use crate::finding::{Evidence, Finding, Impact, LogPlace};
use crate::model::{
    Build, CacheKind, Command, Engine, ImageRef, Outcome, Run, Step, StepKind, Transfer, elapsed,
};
use crate::series::chain::{self, Input, Stage};
use crate::series::{Because, BuildRef, Miss, Series, Start};

/// A series whose builds can be trusted: interleaved ones are left out.
pub(super) struct Past<'a> {
    pub(super) study: &'a Study,
    /// Index of the series in the study.
    pub(super) at: usize,
    /// It is the newest stretch, not the series as a whole.
    pub(super) part: bool,
    pub(super) runs: Vec<&'a Run>,
    pub(super) builds: Vec<&'a Build>,
    pub(super) refs: Vec<BuildRef>,
    /// The how-manieth build of the series each of them is.
    places: Vec<u32>,
}

impl<'a> Past<'a> {
    fn of(study: &'a Study, at: usize, series: &'a Series, from: usize) -> Self {
        let n = series.builds.len().saturating_sub(from);
        let (runs, builds) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let (refs, places) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut past = Self { study, at, part: from > 0, runs, builds, refs, places };
        for (place, &at) in (0..).zip(&series.builds).skip(from) {
            if let Some((run, build)) =
                study.run_of(at).zip(study.build(at)).filter(|(_, b)| !b.tangled)
            {
                past.runs.push(run);
                past.builds.push(build);
                past.refs.push(at);
                past.places.push(place);
            }
        }
        past
    }

    /// All series of a study, each as a whole.
    pub(super) fn all(study: &'a Study) -> impl Iterator<Item = Self> {
        study.series.iter().enumerate().map(|(at, series)| Self::of(study, at, series, 0))
    }

    /// The newest stretch of the series, where that is not all of it.
    pub(super) fn newest(&self) -> Option<Self> {
        let from = *self.study.newest.get(self.at)?;
        let series = self.study.series.get(self.at)?;
        (from > 0).then(|| Self::of(self.study, self.at, series, from))
    }

    /// The series as a whole, where this is a part of it.
    pub(super) fn whole(&self) -> Option<Self> {
        let series = self.study.series.get(self.at)?;
        Some(Self::of(self.study, self.at, series, 0))
    }

    /// Its builds from one on.
    pub(super) fn since(&self, i: usize) -> Option<Self> {
        let from = usize::try_from(*self.places.get(i)?).ok()?;
        Some(Self::of(self.study, self.at, self.study.series.get(self.at)?, from))
    }

    /// What the finding of a series is about: `of`, and the image, target or Dockerfile that tells
    /// the series from others, however the logs are given.
    pub(super) fn subject(&self, of: &str) -> String {
        let Some((run, build)) = self.last() else { return of.to_owned() };
        let image = build.images.first().map(|image| ImageRef::parse(image).repository);
        let file = || run.commands_of(build).iter().find_map(|command| command.file.as_deref());
        let build = build.target.as_deref().or(image).or_else(file).unwrap_or_default();
        if build.is_empty() { of.to_owned() } else { format!("{build}: {of}") }
    }

    pub(super) fn len(&self) -> usize {
        self.builds.len()
    }

    pub(super) fn get(&self, i: usize) -> Option<(&'a Run, &'a Build)> {
        Some((*self.runs.get(i)?, *self.builds.get(i)?))
    }

    /// Where these builds begin.
    pub(super) fn places(
        &self,
        builds: impl IntoIterator<Item = usize>,
    ) -> impl Iterator<Item = LogPlace> {
        builds.into_iter().filter_map(|i| self.get(i)).map(|(run, build)| LogPlace::of(run, build))
    }

    /// The run of a series of one; `None` of a longer series, whatever its newest stretch is.
    pub(super) fn only_run(&self) -> Option<(&'a Run, &'a Build)> {
        if self.part || self.len() > 1 {
            return None;
        }
        self.last()
    }

    pub(super) fn last(&self) -> Option<(&'a Run, &'a Build)> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Imports of the build; targets of one bake share an import, which is printed for one of them.
    pub(super) fn imports(&self, i: usize) -> Vec<&'a Transfer> {
        self.refs.get(i).map_or_else(Vec::new, |at| self.study.reads.imports(self.study, *at))
    }

    /// Some cache was read.
    pub(super) fn imported(&self, i: usize) -> bool {
        self.imports(i).iter().any(|t| t.ok())
    }

    /// The logs show all of their builds from beginning to end: what is not in them did not happen.
    pub(super) fn is_whole(&self) -> bool {
        self.builds.iter().all(|build| build.whole())
    }

    /// No build of the series ever looked for a cache. Of a log that begins inside a build that is
    /// not known.
    pub(super) fn never_imports(&self) -> bool {
        let begins = |build: &Build| !build.headless && !build.bases.is_empty();
        let silent = |at: &BuildRef| !self.study.reads.looks(*at);
        self.builds.iter().all(|build| begins(build)) && self.refs.iter().all(silent)
    }

    /// The build wrote a cache that is not inline.
    pub(super) fn exported(&self, i: usize) -> bool {
        self.builds
            .get(i)
            .is_some_and(|b| b.exports.iter().any(|e| e.ok() && e.kind != CacheKind::Inline))
    }

    /// The build wrote a cache, be it into its image.
    pub(super) fn stored(&self, i: usize) -> bool {
        self.exported(i) || self.builds.get(i).is_some_and(|build| build.inline.is_some())
    }

    /// Stages that ran from their first step on though nothing that is shown of it changed.
    pub(super) fn losses(&self, i: usize) -> Vec<Loss<'a>> {
        let mut losses = self.losses_on_any_base(i);
        losses.retain(|loss| !loss.another_base);
        losses
    }

    /// The same, and stages whose base image may be another one: its digest is not printed.
    pub(super) fn losses_on_any_base(&self, i: usize) -> Vec<Loss<'a>> {
        let Some(build) = self.builds.get(i).copied() else { return Vec::new() };
        let mut unexplained = self.misses(i).filter(Miss::is_unexplained_on_its_base).peekable();
        if unexplained.peek().is_none() {
            return Vec::new();
        }
        let stages = chain::stages(build);
        unexplained.filter_map(|miss| self.loss(&stages, &miss)).collect()
    }

    /// Copies of the context whose record is gone. Their files may have changed as well.
    pub(super) fn lost_copies(&self, i: usize) -> Vec<Loss<'a>> {
        let Some(build) = self.builds.get(i).copied() else { return Vec::new() };
        let gone = |miss: &Miss| {
            miss.because == Because::RecordLost && miss.step.operation().reads_context()
        };
        let mut copies = self.misses(i).filter(gone).peekable();
        if copies.peek().is_none() {
            return Vec::new();
        }
        let stages = chain::stages(build);
        copies.filter_map(|miss| self.loss(&stages, &miss)).collect()
    }

    /// The loss of a step that an earlier build had.
    fn loss(&self, stages: &[Stage<'a>], miss: &Miss<'a>) -> Option<Loss<'a>> {
        let stage = stages.iter().find(|stage| miss.step.is_of(stage.name, stage.platform))?;
        let (place, step) = miss.before?;
        let seen = self.index_of(place)?;
        let before = self.builds.get(seen)?.steps.get(step)?;
        Some(Loss {
            stage: stage.clone(),
            step: miss.step,
            before,
            seen,
            open: miss.is_open(),
            another_base: miss.may_stand_on_another_base(),
        })
    }

    /// Losses of the stage that becomes the image: every kind of cache stores that one.
    pub(super) fn final_losses(&self, i: usize) -> Vec<Loss<'a>> {
        self.in_final_stage(i, self.losses(i))
    }

    /// Those of them in the stage that becomes the image.
    pub(super) fn in_final_stage(&self, i: usize, mut losses: Vec<Loss<'a>>) -> Vec<Loss<'a>> {
        if losses.is_empty() {
            return losses;
        }
        let last = self.builds.get(i).and_then(|b| chain::final_stage(b));
        losses.retain(|loss| Some(loss.stage.name) == last);
        losses
    }

    /// Which build of this view is so many-th of the series.
    pub(super) fn index_of(&self, place: usize) -> Option<usize> {
        self.places.binary_search(&u32::try_from(place).ok()?).ok()
    }

    /// The build before, on the same machine where no other machine's cache can answer.
    pub(super) fn previous(&self, i: usize) -> Option<usize> {
        let misses = self.study.misses.get(self.at)?;
        let first = usize::try_from(*self.places.first()?).ok()?;
        let mut place = usize::try_from(*self.places.get(i)?).ok()?;
        loop {
            place = misses.previous(place)?;
            // Interleaved builds are none of this view.
            if place < first || self.index_of(place).is_some() {
                return self.index_of(place);
            }
        }
    }

    /// The builds before, as in [`Past::previous`], newest first.
    pub(super) fn back_from(&self, i: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.previous(i), |&before| self.previous(before))
    }

    /// What the builder had when the build began.
    pub(super) fn start(&self, i: usize) -> Start {
        let misses = self.study.misses.get(self.at);
        let place = self.places.get(i).copied();
        misses.zip(place).map_or(Start::Unknown, |(misses, place)| misses.start(place as usize))
    }

    /// The builder holds something of the runs before.
    pub(super) fn is_kept(&self, i: usize) -> bool {
        self.start(i) == Start::Kept
    }

    /// Where the chain of the build broke, and why.
    pub(super) fn misses(&self, i: usize) -> impl Iterator<Item = Miss<'a>> {
        let found = self.study.misses.get(self.at);
        let found = found.zip(self.places.get(i).copied()).zip(self.builds.get(i).copied());
        found
            .into_iter()
            .flat_map(|((misses, place), build)| misses.in_build(place as usize, build))
    }

    /// Those of one step of the build.
    pub(super) fn misses_of(&self, i: usize, step: &Step) -> impl Iterator<Item = Miss<'a>> {
        let found = self.study.misses.get(self.at);
        let found = found.zip(self.places.get(i).copied()).zip(self.builds.get(i).copied());
        found
            .into_iter()
            .flat_map(|((misses, place), build)| misses.of_step(place as usize, build, step))
    }

    /// Ran to its end, hits and misses both decided.
    pub(super) fn counts(&self, i: usize) -> Option<(usize, usize)> {
        self.builds.get(i).filter(|b| b.succeeded()).map(|b| (b.hits(), b.total()))
    }

    /// The run before built the same commit, and this one sees what it left: machines that import
    /// nothing see only what they kept themselves.
    pub(super) fn builds_the_commit_before(&self, i: usize) -> bool {
        let run = |i: usize| self.runs.get(i).copied();
        let before = self.previous(i).and_then(run);
        let Some((before, now)) = before.zip(run(i)) else { return false };
        let looks = self.refs.get(i).is_some_and(|at| self.study.reads.looks(*at));
        let apart = before.machine().zip(now.machine()).is_some_and(|(a, b)| a != b);
        before.commit.is_some() && before.commit == now.commit && (looks || !apart)
    }

    /// What was seen in these runs, oldest first, is over: the newest runs found what they looked
    /// for, three or more, and twice as many as ever lay between two in which it was seen.
    pub(super) fn is_over(&self, seen: &[usize]) -> bool {
        const SURE: usize = 3;
        let Some(&last) = seen.last() else { return false };
        let gaps = seen.iter().zip(seen.iter().skip(1)).map(|(before, after)| after - before);
        let widest = gaps.max().unwrap_or(0);
        let warm = |i: &usize| self.builds.get(*i).is_some_and(|build| build.hits() > 0);
        let since = (last + 1..self.len()).filter(warm).count();
        since >= SURE && since > 2 * widest
    }

    /// Command lines of the run said to use no cache.
    pub(super) fn asked_for_no_cache(&self, i: usize) -> bool {
        self.commands(i).iter().any(|c| c.no_cache || !c.no_cache_filter.is_empty())
            || self.get(i).is_some_and(|(_, build)| build.no_cache.is_asked())
    }

    /// Command lines that made the build.
    pub(super) fn commands(&self, i: usize) -> &'a [Command] {
        self.get(i).map_or(&[], |(run, build)| run.commands_of(build))
    }

    /// Command lines of all builds.
    pub(super) fn all_commands(&self) -> impl Iterator<Item = &'a Command> + '_ {
        (0..self.len()).flat_map(|i| self.commands(i))
    }

    /// The build has a build of another series beside it that reads the same reference, and may
    /// write it.
    pub(super) fn shares_reference(&self) -> bool {
        self.study.reads.are_shared(self.at)
    }
}

/// A miss that nothing in the logs explains.
#[derive(Clone, Debug)]
pub(super) struct Loss<'a> {
    /// The stage.
    pub(super) stage: Stage<'a>,
    /// Its first step, which ran.
    pub(super) step: &'a Step,
    /// The same step in the nearest earlier build that has it.
    pub(super) before: &'a Step,
    /// Index of that build.
    pub(super) seen: usize,
    /// An argument, an option or an edit that the logs do not show can have rerun it.
    pub(super) open: bool,
    /// Its base image, whose digest is not printed, may be another one.
    pub(super) another_base: bool,
}

impl Loss<'_> {
    /// Whether it is of this stage.
    pub(super) fn is_of(&self, stage: &Stage) -> bool {
        self.stage.name == stage.name && self.stage.platform == stage.platform
    }

    /// An argument, an option or an edit above it that is not shown reruns a RUN as well.
    pub(super) fn may_follow_a_value(&self) -> bool {
        self.open && chain::input(self.step) == Input::Values
    }
}

/// The findings of a rule: of each series as a whole, and of its newest stretch, which decides
/// where both have one. What the older runs alone show has passed.
pub(super) fn judge<'a, F>(study: &'a Study, find: impl Fn(&Past<'a>) -> F) -> Vec<Finding>
where
    F: IntoIterator<Item = Finding>,
{
    let mut all = Vec::new();
    for whole in Past::all(study) {
        let found = find(&whole);
        let Some(newest) = whole.newest() else {
            all.extend(found);
            continue;
        };
        let lately: Vec<Finding> = find(&newest).into_iter().collect();
        let known = |finding: &Finding| lately.iter().any(|f| f.subject == finding.subject);
        let holds = |finding: &Finding| {
            let mut lines = finding.evidence.iter();
            lines.any(|line| newest.runs.iter().any(|run| *run.source == *line.source))
        };
        all.extend(found.into_iter().filter(|finding| !known(finding) && holds(finding)));
        all.extend(lately);
    }
    all
}

/// `run-03.log`-quotes: the header of a step.
pub(super) fn header(run: &Run, step: &Step, shows: &str) -> Evidence {
    Study::quote(run, &step.header, shows)
}

/// The line that decides what became of a step, else its header; it names no step, so the words do.
pub(super) fn verdict(run: &Run, step: &Step, shows: &str) -> Evidence {
    Study::quote(
        run,
        step.verdict.as_ref().unwrap_or(&step.header),
        &format!("`{}` {shows}", step.text),
    )
}

/// The line that tells the end of an import or export.
pub(super) fn end(run: &Run, transfer: &Transfer, shows: &str) -> Evidence {
    Study::quote(run, transfer.verdict.as_ref().unwrap_or(&transfer.header), shows)
}

/// What executing these steps cost; `runs` is how many runs they are from.
pub(super) fn cost<'a>(steps: impl IntoIterator<Item = &'a Step>, runs: usize) -> Impact {
    let ran =
        steps.into_iter().filter(|s| s.outcome == Outcome::Miss && s.kind == StepKind::Counted);
    let ran: Vec<&Step> = ran.collect();
    Impact { steps: ran.len(), seconds: elapsed(ran.iter().copied()), runs }
}

/// dockerd's classic image store wrote the image.
pub(super) fn graphdriver(build: &Build) -> bool {
    build.engine == Engine::Graphdriver
}

/// `2nd`, `3rd`: for sentences about runs.
pub(super) fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
