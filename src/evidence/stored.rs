//! Stored builds: a record, its log and its attestations, which name each other by digest.
//!
//! `docker buildx history export` writes one, or with `--all` several, into one archive; the
//! actions of Docker upload it beside the job's log. A build whose own log was given as well is not
//! read twice.

use std::path::Path;

use super::attach::has_name_of;
use super::record::Record;
use super::{Evidence, What, layout};
use crate::model::{Base, Build, BuildOutcome, Outcome, Run, Step, Text};

/// Makes runs of the logs among these files, and leaves the others, each marked with the build it
/// belongs to.
pub(super) fn runs(runs: &mut Vec<Run>, evidence: Vec<Evidence>) -> Vec<Evidence> {
    let records: Vec<Record> = evidence.iter().filter_map(record).cloned().collect();
    let logs: Vec<String> = evidence
        .iter()
        .filter(|file| is_log(file))
        .map(|file| layout(&file.source).to_owned())
        .collect();
    let mut rest = Vec::new();
    for mut file in evidence {
        let of = records.iter().find(|record| {
            record.log == Some(file.digest) || record.attestations.contains(&file.digest)
        });
        file.of = of.map(|record| record.reference.clone());
        let What::Log(run) = file.what else {
            rest.push(file);
            continue;
        };
        let source = layout(&file.source).to_owned();
        let alone = logs.iter().filter(|log| **log == source).count() == 1;
        let source = match of {
            _ if alone => source,
            Some(record) => format!("{source}/{}", record.reference),
            None => file.source,
        };
        let run = Run { digest: Some(file.digest.bytes()), ..with_record(*run, &source, of) };
        match runs.iter_mut().find(|known| is_twin(known, &run)) {
            Some(known) => name(known, of),
            None => runs.push(run),
        }
    }
    rest
}

fn record(file: &Evidence) -> Option<&Record> {
    match &file.what {
        What::Record(record) => Some(record),
        _ => None,
    }
}

fn is_log(file: &Evidence) -> bool {
    matches!(file.what, What::Log(_))
}

/// The run, with what its record says of it.
fn with_record(run: Run, source: &str, record: Option<&Record>) -> Run {
    let label = Path::new(source)
        .file_stem()
        .map(|stem| Text::new(&stem.to_string_lossy()))
        .unwrap_or_default();
    let mut run = Run { source: Text::new(source), label, ..run };
    let Some(record) = record else { return run };
    run.started = record.created.or(run.started);
    for build in &mut run.builds {
        // The record was written when the build had ended.
        build.outcome = match (&record.error, build.outcome) {
            (Some(error), _) if error.ends_with("context canceled") => BuildOutcome::Canceled,
            (Some(_), _) => BuildOutcome::Failed,
            (None, BuildOutcome::Unknown) => BuildOutcome::Succeeded,
            (None, known) => known,
        };
        build.headless = false;
    }
    name(&mut run, Some(record));
    run
}

/// Remembers the reference of the build.
fn name(run: &mut Run, record: Option<&Record>) {
    if let (Some(record), [build]) = (record, run.builds.as_mut_slice()) {
        build.reference = Some(Text::new(&record.reference));
        build.target = build.target.take().or_else(|| record.target.clone());
    }
}

/// The run has the build with this reference.
pub(super) fn is_named(run: &Run, reference: &str) -> bool {
    run.builds.iter().any(|build| build.reference.as_deref() == Some(reference))
}

/// Minutes that a job takes at most.
pub(super) const LONGEST_JOB: i64 = 360;

/// Both are one build: each step ended the same way and took the same time, and some step was
/// executed; where all came from the cache, the name of the log tells it.
fn is_twin(known: &Run, stored: &Run) -> bool {
    let [build] = stored.builds.as_slice() else { return false };
    let apart = known
        .started
        .zip(stored.started)
        .map(|(known, stored)| (known - stored).num_minutes().abs());
    // The log of a job may begin long before its build.
    if apart.is_some_and(|minutes| minutes > LONGEST_JOB)
        || is_numbered_apart(&stored.source, &known.source)
    {
        return false;
    }
    let mut logged = known.builds.iter().filter(|known| known.reference.is_none());
    let named = has_name_of(&stored.source, &known.source);
    logged.any(|known| (named || ran(known)) && is_same_build(known, build))
}

fn ran(build: &Build) -> bool {
    build.steps.iter().any(|step| step.outcome == Outcome::Miss)
}

/// `logs/run-1.log` and `logs/run-2.dockerbuild` are of two runs: their names are one but for a
/// number.
fn is_numbered_apart(a: &str, b: &str) -> bool {
    let stem = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.split('.').next().unwrap_or(name).to_owned()
    };
    let (a, b) = (stem(a), stem(b));
    let words = |stem: &str| stem.replace(|c: char| c.is_ascii_digit(), "");
    a != b && a.contains(|c: char| c.is_ascii_alphabetic()) && words(&a) == words(&b)
}

fn is_same_build(a: &Build, b: &Build) -> bool {
    let moved = |base: &Base| {
        let other = b.base_of(&base.stage, &base.platform);
        other.is_some_and(|other| {
            other.digest.as_ref().zip(base.digest.as_ref()).is_some_and(|(a, b)| a != b)
        })
    };
    a.steps.len() == b.steps.len()
        && !a.bases.iter().any(moved)
        && a.steps.iter().all(|step| b.steps.iter().any(|other| is_same_step(step, other)))
}

/// Plain progress prints tenths of seconds; of a `COPY --link` it prints the copy and its merge as
/// one, and which of their times comes last differs.
fn is_same_step(a: &Step, b: &Step) -> bool {
    let near = a.seconds.zip(b.seconds).is_none_or(|(a, b)| (a - b).abs() < 0.15);
    let untimed = a.outcome == Outcome::Hit || a.operation().is_link();
    a.name == b.name && a.outcome == b.outcome && (near || untimed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(source: &str, outcome: Outcome) -> Run {
        let step = Step { outcome, ..Step::default() };
        let build = Build { steps: vec![step], ..Build::default() };
        Run { source: source.into(), builds: vec![build], ..Run::default() }
    }

    #[test]
    fn a_build_that_executed_nothing_is_told_by_the_name_of_its_log() {
        let twins = |log: &str, outcome| {
            is_twin(&run(log, outcome), &run("logs/run-2.dockerbuild", outcome))
        };
        assert!(twins("logs/run-2.log", Outcome::Hit) && !twins("logs/run-20.log", Outcome::Hit));
        assert!(twins("logs/job.log", Outcome::Miss));
        // Small steps take the same time in each run.
        assert!(!twins("logs/run-20.log", Outcome::Miss));
    }
}
