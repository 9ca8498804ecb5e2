//! The structs of the trend's wire format. Fields are only ever added; a removed or renamed one is
//! a new version.
//!
//! What is documented here is documented for readers: the JSON schema is made of it.

use std::borrow::Cow;

use serde::Serialize;

use super::JobList;
use crate::render::json::Tool;

/// How the builds of jobs fared from run to run. The README beside this schema says what readers
/// may rely on.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "cachediag trend, version 1"))]
pub(super) struct Report<'a> {
    /// Version of the format. Within a version fields are only ever added.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    pub schema_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// Runs of a job that were looked at, at most: the newest.
    pub last: usize,
    /// Jobs in the order of their names.
    #[cfg_attr(test, schemars(with = "Vec<Job<'_>>"))]
    pub jobs: JobList<'a>,
}

/// One job.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Job<'a> {
    /// Repository, where somebody said it.
    pub repository: Option<String>,
    /// Pipeline or workflow.
    pub pipeline: Option<String>,
    /// Job or step.
    pub name: Option<String>,
    /// Leg of its matrix.
    pub leg: Option<String>,
    /// Its runs by branch; the branch that ran most comes first.
    pub branches: Vec<Branch<'a>>,
}

/// The runs on one branch.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Branch<'a> {
    /// Its name, where log or CI told it.
    pub name: Option<Cow<'a, str>>,
    /// Number of runs.
    pub runs: usize,
    /// Its builds, those with most runs first.
    pub builds: Vec<Build<'a>>,
}

/// The same build over the runs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Build<'a> {
    /// Name for people.
    pub key: String,
    /// All runs that count.
    pub whole: Figures,
    /// Runs, the oldest first.
    pub runs: Vec<Run<'a>>,
    /// Steps in the order of the Dockerfile.
    pub steps: Vec<Step<'a>>,
    /// When steps broke or got better for good, the oldest first.
    pub changes: Vec<Change>,
    /// The build of the same job that ended before this one began: another builder, or another
    /// Dockerfile.
    pub follows: Option<Followed>,
}

/// A build that another one took over from.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Followed {
    /// Name for people.
    pub key: String,
    /// Form of its log, which tells the builder: `buildkit-plain`, `classic`, `kaniko`, …; names
    /// are added to.
    pub dialect: &'static str,
    /// All of its runs that count.
    pub whole: Figures,
}

/// One run of the build.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Run<'a> {
    /// What tells it apart: the number of the CI's run, else its time.
    pub name: Cow<'a, str>,
    /// When it was built, as far as the log tells, else when it was recorded.
    pub time: Option<String>,
    /// Commit.
    pub commit: Option<Cow<'a, str>>,
    /// How it ended.
    #[cfg_attr(test, schemars(extend("enum" = ["succeeded", "failed", "canceled", "unknown"])))]
    pub outcome: &'static str,
    /// It ended well, so that it is in the figures.
    pub counts: bool,
    /// Steps from the cache.
    pub hits: usize,
    /// Steps from the cache or executed.
    pub total: usize,
    /// Seconds in which steps were executed.
    pub seconds: f64,
}

/// Some runs together.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Figures {
    /// Runs that count.
    pub runs: usize,
    /// Steps from the cache.
    pub hits: usize,
    /// Steps from the cache or executed.
    pub total: usize,
    /// Median of the seconds in which the steps of a run were executed.
    pub median_seconds: Option<f64>,
}

/// One step over the runs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Step<'a> {
    /// Stage.
    pub stage: Cow<'a, str>,
    /// Platform, empty where one platform was built.
    pub platform: Cow<'a, str>,
    /// Text in the newest run that has it.
    pub text: Cow<'a, str>,
    /// What became of it in each of `runs`; null where a run has no such step.
    #[cfg_attr(test, schemars(with = "Vec<Option<String>>"))]
    pub outcomes: Vec<Option<&'static str>>,
    /// Seconds in each of `runs`; null where it was not executed.
    pub seconds: Vec<Option<f64>>,
    /// Runs that count and had it from the cache.
    pub hits: usize,
    /// Runs that count and had it from the cache or executed it.
    pub total: usize,
    /// Median of the seconds where it was executed.
    pub median_seconds: Option<f64>,
    /// From the cache in one run, executed in the next, and so on.
    pub in_turns: bool,
}

/// Steps that broke, or got better, between the same two runs, and stayed so.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Change {
    /// Whether the steps are executed since (`worse`), or come from the cache since (`better`).
    #[cfg_attr(test, schemars(extend("enum" = ["worse", "better"])))]
    pub direction: &'static str,
    /// Index of the last run before it in `runs`.
    pub last_before: usize,
    /// Index of the first run after it.
    pub first_after: usize,
    /// The steps.
    pub steps: Vec<Moved>,
    /// Runs since the change before this one.
    pub before: Figures,
    /// Runs up to the next change.
    pub after: Figures,
    /// What else is recorded to have changed between the two runs. It need not be why.
    pub changed: Vec<Difference>,
    /// Findings of the newest of the runs after it that no run before it has.
    pub found: Vec<Finding>,
    /// Findings of the last run before it that the newest of the runs after it does not have.
    pub gone: Vec<Finding>,
}

/// One step of a change.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Moved {
    /// Its index in `steps`.
    pub step: usize,
    /// Runs before, without those in which it had to run because its input changed.
    pub before: Counted,
    /// Runs after, without those.
    pub after: Counted,
}

/// Runs of one step.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Counted {
    /// Runs that had it from the cache.
    pub hits: usize,
    /// All of them.
    pub total: usize,
}

/// What two runs say differently.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Difference {
    /// What it is: `cache-to`, `base-digest`, `instruction`, …; names are added to.
    pub what: &'static str,
    /// Of which stage, image, step or argument; empty where there is only one.
    pub of: String,
    /// What it was; null where there was none.
    pub before: Option<String>,
    /// What it is since; null where there is none.
    pub after: Option<String>,
    /// It had been another from run to run before.
    pub varied_before: bool,
    /// It is another from run to run since.
    pub varies_since: bool,
}

/// A finding, as it was found when the run was read.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Finding {
    /// Id of the rule.
    pub rule: String,
    /// Name of the finding, the same from run to run.
    pub fingerprint: String,
    /// One line, says the defect.
    pub title: String,
}
