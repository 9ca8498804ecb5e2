//! The report in one word: whether the cache is well, and where that is not known, what would
//! tell it.
//!
//! Found here alone; every format prints the same.

use foldhash::HashMap;

use crate::finding::{Confidence, Finding, Severity};
use crate::model::{Build, BuildOutcome, Outcome, Run, Step, StepKind};
use crate::rules::{self, Study};
use crate::series::{self, Because, Misses, Series, Store};

use super::Hidden;

/// All in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Steps came from the cache, and of those that ran it is known why.
    Healthy,
    /// A finding above a note.
    Trouble,
    /// Steps ran that a cache could have answered, and nothing that was read says why.
    TooLittleToTell,
    /// No build was read.
    NothingRead,
}

/// What would tell why steps ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Logs of earlier runs, as files or remembered: there is one run to look at.
    EarlierRuns,
    /// Logs of two runs of one commit: nothing that is built differs between them.
    SameCommit,
    /// The Dockerfile.
    Dockerfile,
}

/// What is not known of the steps that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// Why results were not found that an earlier cache had, as files beside the logs prove.
    ProvenLost,
    /// Whether there was a cache before: each import ended in `not found`, as that of a first run
    /// does.
    NothingToImport,
    /// Why they ran.
    Reason,
}

/// A verdict, and the reasons of "too little to tell".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// All in all.
    pub verdict: Verdict,
    /// Indices of the series whose newest build ran steps for a reason that is not known, or got to
    /// none.
    pub open: Vec<usize>,
    /// What to give, the most telling first; empty unless it is too little to tell.
    pub wanted: Vec<Wanted>,
}

impl Assessment {
    /// Of what was read and what was found in it. What a project hides is known as well as what it
    /// shows.
    #[must_use]
    pub fn of(study: &Study, findings: &[Finding], hidden: &[Hidden]) -> Self {
        if findings.iter().any(|finding| finding.severity > Severity::Note) {
            return Self { verdict: Verdict::Trouble, open: Vec::new(), wanted: Vec::new() };
        }
        if study.runs.iter().all(|run| run.builds.is_empty()) {
            return Self { verdict: Verdict::NothingRead, open: Vec::new(), wanted: Vec::new() };
        }
        let known: Vec<&Finding> =
            findings.iter().chain(hidden.iter().map(|hidden| &hidden.finding)).collect();
        let all = study.series.iter().zip(&study.misses).enumerate();
        let later = Later::of(study);
        let is_open = |(series, breaks): (&Series, &Misses)| {
            is_open(study, series, breaks, &known) && !later.holds(study, series)
        };
        let open: Vec<usize> =
            all.filter(|(_, series)| is_open(*series)).map(|(at, _)| at).collect();
        let verdict = if open.is_empty() { Verdict::Healthy } else { Verdict::TooLittleToTell };
        Self { verdict, wanted: wanted(study, &open), open }
    }

    /// Of all series that are open alike.
    pub(crate) fn unknown(&self, study: &Study) -> Unknown {
        let newest = |at: &usize| study.build(*study.series.get(*at)?.builds.last()?);
        if self.open.iter().all(|at| is_proven_lost(study, *at)) {
            return Unknown::ProvenLost;
        }
        if self.open.iter().filter_map(newest).all(found_none) {
            return Unknown::NothingToImport;
        }
        Unknown::Reason
    }
}

/// Files beside the logs prove that steps of the newest build had results in an earlier cache.
fn is_proven_lost(study: &Study, series: usize) -> bool {
    let found = study.series.get(series).zip(study.misses.get(series));
    let Some((series, misses)) = found else { return false };
    let last = series.builds.len().saturating_sub(1);
    let newest = series.builds.last().and_then(|at| study.build(*at));
    let mut misses = newest.into_iter().flat_map(|build| misses.in_build(last, build));
    misses.any(|found| found.because == Because::RecordLost && found.proved.is_some())
}

/// Each import ended in `not found`: so does the first of a cache, and so do all of one that nobody
/// writes.
fn found_none(build: &Build) -> bool {
    !build.imports.is_empty() && build.imports.iter().all(rules::is_absent) && build.hits() == 0
}

/// A build that is asked about: of a log that was just read, unless records alone are judged.
fn is_asked(study: &Study, run: &Run) -> bool {
    run.earlier.is_none() || study.runs.iter().all(|run| run.earlier.is_some())
}

/// The last run that built something on an image from a cache, by the names of both.
struct Later<'a>(HashMap<(&'a str, Option<&'a str>), usize>);

impl<'a> Later<'a> {
    fn of(study: &'a Study) -> Self {
        let mut later = HashMap::default();
        for (at, run) in study.runs.iter().enumerate() {
            let built = run.builds.iter().filter(|build| build.total() > 0);
            later.extend(built.filter_map(begins).map(|key| (key, at)));
        }
        Self(later)
    }

    /// The newest build of the series came to no step, as in a log that is cut, and a later run built
    /// what begins as it does.
    fn holds(&self, study: &Study, series: &Series) -> bool {
        let Some(at) = series.builds.last() else { return false };
        let Some(bare) = study.build(*at).filter(|build| build.steps.is_empty()) else {
            return false;
        };
        let last = begins(bare).and_then(|key| self.0.get(&key));
        bare.outcome == BuildOutcome::Unknown && last.is_some_and(|last| *last > at.run)
    }
}

/// The first image that a build stands on, and the first cache that it reads.
fn begins(build: &Build) -> Option<(&str, Option<&str>)> {
    let base = build.bases.first()?;
    let import = build.imports.first().and_then(|import| import.reference.as_deref());
    Some((&base.image, import))
}

/// Whether it is not known why the newest build of a series ran steps, or what it would have run:
/// it ended before its first one. Older ones are evidence, not the question.
fn is_open(study: &Study, series: &Series, breaks: &Misses, known: &[&Finding]) -> bool {
    let Some((run, newest)) =
        study.members(series).next_back().filter(|(run, _)| is_asked(study, run))
    else {
        return false;
    };
    if rebuilt(newest).next().is_none() {
        return newest.total() == 0
            && (newest.outcome != BuildOutcome::Succeeded || tells_nothing(newest));
    }
    if series.builds.len() == 1 {
        return true;
    }
    if known.iter().any(|finding| explains(finding, run)) {
        return false;
    }
    let cold = study.members(series).all(|(_, build)| build.hits() == 0)
        && !all_proven(breaks, series, newest);
    cold || is_like_no_cache(study, series)
        || newest.tangled
        || !all_expected(breaks, series, newest)
}

/// Every run executed everything but WORKDIR, which `--no-cache` leaves cached, from a step on that
/// a change of the sources does not rerun in each of them, and not all command lines are there to
/// show that they do not ask for it.
fn is_like_no_cache(study: &Study, series: &Series) -> bool {
    let ran = |build: &Build| {
        let mut others = build.decided().filter(|step| step.instruction != "WORKDIR").peekable();
        others.peek().is_some_and(|step| is_narrow(step))
            && others.all(|step| step.outcome == Outcome::Miss)
    };
    series.builds.len() > 2
        && study.members(series).all(|(_, build)| ran(build))
        && !study.members(series).all(|(run, build)| series::shows_command(run, build))
}

/// A RUN, or a copy of single files: `COPY package.json ./`.
fn is_narrow(step: &Step) -> bool {
    let words: Vec<&str> =
        step.text.split_ascii_whitespace().skip(1).filter(|word| !word.starts_with("--")).collect();
    let is_file = |path: &&str| {
        path.rsplit('/').next().is_some_and(|name| name.len() > 2 && name.contains('.'))
    };
    step.instruction == "RUN"
        || words.split_last().is_some_and(|(_, files)| files.iter().all(is_file))
}

/// Steps are there, and no word of what became of them.
fn tells_nothing(build: &Build) -> bool {
    build
        .steps
        .iter()
        .any(|step| step.kind == StepKind::Counted && step.outcome == Outcome::Unknown)
}

/// Steps that a cache could have answered, and that ran.
pub(crate) fn rebuilt(build: &Build) -> impl Iterator<Item = &Step> {
    build
        .steps
        .iter()
        .filter(|step| step.kind == StepKind::Counted && step.outcome == Outcome::Miss)
}

/// A finding that is more than a suspicion, and cost this run steps.
fn explains(finding: &Finding, run: &Run) -> bool {
    let seen = finding.evidence.iter().any(|line| line.source == *run.source);
    seen && finding.impact.steps > 0 && finding.confidence > Confidence::Suspected
}

/// Why its chain broke is proven wherever it did: no more logs can say it better.
fn all_proven(breaks: &Misses, series: &Series, newest: &Build) -> bool {
    let last = series.builds.len().saturating_sub(1);
    let mut breaks = breaks.in_build(last, newest).peekable();
    breaks.peek().is_some() && breaks.all(|found| found.confidence == Confidence::Proven)
}

/// What the build consists of changed wherever its chain broke: it had to run.
fn all_expected(breaks: &Misses, series: &Series, newest: &Build) -> bool {
    let last = series.builds.len().saturating_sub(1);
    breaks.in_build(last, newest).all(|found| match found.because {
        Because::FirstRun
        | Because::InstructionChanged
        | Because::BaseChanged
        | Because::InputsChanged
        | Because::ArgumentChanged
        | Because::OptionChanged => true,
        // An attempt before was stopped in the step.
        Because::NotStored => {
            found.confidence == Confidence::Likely && found.store != Store::FinalStageOnly
        }
        _ => false,
    })
}

fn wanted(study: &Study, open: &[usize]) -> Vec<Wanted> {
    let of = |at: &usize| study.series.get(*at).map_or(0, |series| series.builds.len());
    let single = open.iter().any(|at| of(at) == 1);
    let several = open.iter().any(|at| of(at) > 1);
    let file = study.configs.iter().any(|config| !config.content.stages.is_empty());
    let all = [
        (single, Wanted::EarlierRuns),
        (several, Wanted::SameCommit),
        (!open.is_empty() && !file, Wanted::Dockerfile),
    ];
    all.into_iter().filter(|(asked, _)| *asked).map(|(_, wanted)| wanted).collect()
}
