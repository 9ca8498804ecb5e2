//! What happened, as owned data: runs, builds, steps, imports, exports, CI caches, command lines.
//!
//! The border between borrowed lines and owned values. Knows neither CI systems nor builders by
//! name beyond what they left in the log; judges nothing.

mod assemble;
mod build;
mod command;
mod stepname;

pub use assemble::Assembler;
pub use build::{Base, Build, BuildOutcome, CacheKind, Dialect, Engine, Outcome, Step, StepKind, Transfer};
pub use command::{CacheSpec, Command, Tool};
pub use stepname::{StepName, parse_step_name};

use chrono::{DateTime, Utc};

/// A line kept to be quoted: its text is without CI prefix and colour, otherwise as printed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Quote {
    /// 1-based line number in the source.
    pub line: u64,
    /// The line.
    pub text: Box<str>,
}

/// One log, or one job of a log that holds several.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Name of the source as the user gave it.
    pub source: String,
    /// Short name for tables: file name without extension, or the job.
    pub label: String,
    /// CI system (`github-actions`, `gitlab`, `bitbucket`, `buildkite`), `None` where none showed.
    pub ci: Option<&'static str>,
    /// Job name, where the log prints it.
    pub job: Option<String>,
    /// Commit, where the log prints it.
    pub commit: Option<String>,
    /// Branch, where the log prints it.
    pub branch: Option<String>,
    /// First time stamp of the log.
    pub started: Option<DateTime<Utc>>,
    /// Number of lines read.
    pub lines: u64,
    /// Builds in the order they appear.
    pub builds: Vec<Build>,
    /// What the CI system did with its own caches.
    pub ci_caches: Vec<CiCache>,
    /// Command lines that say how images are built.
    pub commands: Vec<Command>,
    /// What the CI says of itself: plugins in use, sections, build steps.
    pub notes: Vec<CiNote>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// One operation of the CI system's own cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiCache {
    /// Name or key as printed: `docker: docker.tar`.
    pub name: String,
    /// Restored or saved.
    pub operation: CacheOperation,
    /// How it ended.
    pub outcome: CacheOutcome,
    /// The line that says so.
    pub quote: Quote,
}

/// Direction of a CI cache operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheOperation {
    /// Before the job.
    Restore,
    /// At the job's teardown.
    Save,
}

/// How a CI cache operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheOutcome {
    /// Restored.
    Hit,
    /// Restored from another key than the first asked for.
    Partial,
    /// Nothing to restore.
    Miss,
    /// Saved.
    Saved,
    /// Not saved: the key is there already and never overwritten.
    Exists,
    /// Not saved on purpose (failed step, policy).
    Skipped,
    /// Tried and failed.
    Failed,
}

/// Something a CI system or its plugin says of itself that rules may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiNote {
    /// Which statement.
    pub kind: NoteKind,
    /// The value in it: an image, a service, a version.
    pub value: String,
    /// The line that says so.
    pub quote: Quote,
}

/// Statements of CI systems and plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Version of Buildkite's docker-compose plugin: `5.10.0`.
    ComposePluginVersion,
    /// The docker-compose plugin pulls an image to use it as cache (plugin v4): the service.
    ComposePluginPullsCache,
    /// Such a pull failed: the image.
    ComposePluginPullFailed,
    /// The docker-compose plugin builds a service: the service.
    ComposePluginBuilds,
    /// Builder that the docker-compose plugin v5 uses: the driver.
    ComposePluginDriver,
    /// `cache_from:` entry of the plugin's override file: the reference.
    ComposeCacheFrom,
    /// `cache_to:` entry of the plugin's override file: the specification.
    ComposeCacheTo,
    /// Image name the plugin gives to the service: the reference.
    ComposeImage,
}

/// What could not be read, with where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the source.
    pub source: String,
    /// 1-based line, where one line is to blame.
    pub line: Option<u64>,
    /// What happened.
    pub message: String,
}
