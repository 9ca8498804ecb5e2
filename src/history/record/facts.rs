//! What a table of runs holds: the facts of a record side by side, for SQL.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Record;
use super::wire::{Build, Step, Transfer};
use crate::model::{self, BuildOutcome, Run, StepKind};
use crate::render::names;

/// One run of one job: a line of `cachediag records`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Facts<'a> {
    /// Name of the frame that holds the log.
    pub name: &'a str,
    /// Name of the record: the same log of the same run has the same one.
    pub id: &'a str,
    /// The job: 16 hex digits, made of repository, pipeline, job and leg.
    pub job_key: String,
    /// The pipeline: 16 hex digits, made of repository and pipeline. Jobs that may share a cache
    /// are judged together.
    pub pipeline_key: String,
    /// Repository.
    pub repository: Option<&'a str>,
    /// Pipeline or workflow.
    pub pipeline: Option<&'a str>,
    /// Job or step.
    pub job: Option<&'a str>,
    /// Leg of a matrix.
    pub leg: Option<&'a str>,
    /// Branch or tag.
    pub branch: Option<&'a str>,
    /// Commit.
    pub commit: Option<&'a str>,
    /// Number or id of the run.
    pub run: Option<&'a str>,
    /// Which attempt of that run.
    pub attempt: Option<&'a str>,
    /// When it was built, RFC 3339: the log's first time stamp, else what the frame says; `null`
    /// where neither tells.
    pub time: Option<String>,
    /// System whose log it is.
    pub ci: Option<&'a str>,
    /// Version of cachediag.
    pub tool: &'a str,
    /// Number of builds; 0 where the log holds none.
    pub builds: usize,
    /// The worst end of its builds; `null` without a build.
    #[cfg_attr(test, schemars(extend("enum" = ["succeeded", "failed", "canceled", "unknown", null])))]
    pub outcome: Option<&'static str>,
    /// Steps from the cache.
    pub hits: usize,
    /// Steps that count: RUN, COPY, ADD, WORKDIR.
    pub total: usize,
    /// Seconds that steps ran.
    pub seconds: f64,
    /// The steps that count.
    pub steps: Vec<StepFacts<'a>>,
    /// Caches that were looked for.
    pub imports: Vec<TransferFacts<'a>>,
    /// Caches that were written.
    pub exports: Vec<TransferFacts<'a>>,
    /// The record itself but its `id`, as `cachediag judge` reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// One step.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepFacts<'a> {
    /// Stage; empty where it has no name.
    pub stage: &'a str,
    /// `RUN`, `COPY`, `ADD`, `WORKDIR`.
    pub instruction: &'a str,
    /// The whole instruction.
    pub text: &'a str,
    /// What became of it.
    #[cfg_attr(test, schemars(extend("enum" = ["hit", "miss", "failed", "canceled", "unknown"])))]
    pub outcome: &'static str,
    /// Seconds it took, where the log tells.
    pub seconds: Option<f64>,
}

/// One import or export of a cache.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TransferFacts<'a> {
    /// `registry`, `gha`, `local`, …
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Reference; `null` where it has none.
    pub reference: Option<&'a str>,
    /// Whether it ended without an error.
    pub ok: bool,
}

impl Record {
    /// The facts of the record of `run`. `name` is that of the frame it came in; `told` whether the
    /// frame said when the log was recorded.
    #[must_use]
    pub fn facts<'a>(
        &'a self,
        run: &Run,
        name: &'a str,
        with_time: bool,
        with_record: bool,
    ) -> Facts<'a> {
        let identity = &self.identity;
        let time = self.run.started.or_else(|| with_time.then_some(self.recorded));
        Facts {
            name,
            id: &self.id,
            job_key: self.job_key(),
            pipeline_key: key(&identity.scope()),
            repository: identity.repository.as_deref(),
            pipeline: identity.pipeline.as_deref(),
            job: identity.job.as_deref().or(self.run.job.as_deref()),
            leg: identity.leg.as_deref(),
            branch: self.branch(),
            commit: identity.commit.as_deref().or(self.run.commit.as_deref()),
            run: identity.run.as_deref(),
            attempt: identity.attempt.as_deref(),
            time: time.map(|at| rfc3339(&at)),
            ci: self.run.ci.as_deref(),
            tool: &self.tool,
            builds: run.builds.len(),
            outcome: run
                .builds
                .iter()
                .map(|build| build.outcome)
                .max_by_key(|outcome| badness(*outcome))
                .map(names::build_outcome),
            hits: run.builds.iter().map(model::Build::hits).sum(),
            total: run.builds.iter().map(model::Build::total).sum(),
            seconds: tidy(run.builds.iter().map(model::Build::seconds_executed).sum()),
            steps: self.run.builds.iter().flat_map(steps).collect(),
            imports: self
                .run
                .builds
                .iter()
                .flat_map(|build| build.imports.iter().map(transfer))
                .collect(),
            exports: self.run.builds.iter().flat_map(exports).collect(),
            record: with_record.then(|| self.to_line_beside_id()),
        }
    }

    /// Names the job among all jobs: 16 hex digits, made of repository, pipeline, job and leg.
    #[must_use]
    pub fn job_key(&self) -> String {
        key(&format!("{}\n{}", self.identity.scope(), self.job()))
    }
}

fn key(name: &str) -> String {
    let hash = Sha256::digest(name);
    hash.iter().take(8).fold(String::with_capacity(16), |hex, byte| hex + &format!("{byte:02x}"))
}

fn rfc3339(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn badness(outcome: BuildOutcome) -> u8 {
    match outcome {
        BuildOutcome::Succeeded => 0,
        BuildOutcome::Unknown => 1,
        BuildOutcome::Canceled => 2,
        BuildOutcome::Failed => 3,
    }
}

fn steps(build: &Build) -> impl Iterator<Item = StepFacts<'_>> {
    build.steps.iter().filter(|step| step.kind == StepKind::Counted).map(step)
}

fn step(step: &Step) -> StepFacts<'_> {
    StepFacts {
        stage: &step.stage,
        instruction: &step.instruction,
        text: &step.text,
        outcome: names::outcome(step.outcome),
        seconds: step.seconds,
    }
}

fn transfer(transfer: &Transfer) -> TransferFacts<'_> {
    TransferFacts {
        kind: transfer.kind.name(),
        reference: transfer.reference.as_deref(),
        ok: transfer.ended && transfer.error.is_none(),
    }
}

/// An inline cache is written with the image: its line is all there is of it.
fn exports(build: &Build) -> Vec<TransferFacts<'_>> {
    let inline = TransferFacts { kind: model::CacheKind::Inline.name(), reference: None, ok: true };
    let listed = build.exports.iter().any(|export| export.kind == model::CacheKind::Inline);
    let inline = (build.inline.is_some() && !listed).then_some(inline);
    build.exports.iter().map(transfer).chain(inline).collect()
}

/// Sums of decimal fractions without the dust of binary ones; an empty sum is `-0.0`.
fn tidy(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0 + 0.0
}
