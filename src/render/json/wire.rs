//! The structs of the wire format. Fields are only ever added; a removed or renamed one is a new
//! version.
//!
//! What is documented here is documented for readers of reports: the JSON schema is made of it.

mod build;
mod decided;
mod finding;

use std::borrow::Cow;

use serde::Serialize;

use super::list::ListOf;
use crate::model;

pub(super) use self::build::{Break, Build, CiCache, Step, Transfer};
pub(super) use self::decided::{Against, Baseline, Gate, Gone, Hidden, Judged, News, NoMore};
pub(super) use self::finding::{Alternative, Edit, Evidence, Finding, Fix, Impact, OfGroup};

/// Text of a log, without secrets.
pub(super) type Text<'a> = Cow<'a, str>;

/// What cachediag read, and what it found in it. The README beside this schema says what readers
/// may rely on.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "cachediag report, version 1"))]
pub(super) struct Report<'a> {
    /// Version of the format. Within a version fields are only ever added.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    pub schema_version: u32,
    /// What wrote the report.
    pub tool: Tool,
    /// All in all: the cache is well; a finding above a note; steps ran that a cache could have
    /// answered and nothing that was read says why; no build was read.
    #[cfg_attr(test, schemars(extend("enum" = ["healthy", "trouble", "too-little-to-tell", "nothing-read"])))]
    pub verdict: &'static str,
    /// What would tell why steps ran, where it is too little to tell: `earlier-runs`,
    /// `two-runs-of-one-commit`, `dockerfile`. Names may be added.
    pub wanted: Vec<&'static str>,
    /// Logs, oldest first: by their time stamps where all have them, else in the natural order of
    /// their names.
    #[cfg_attr(test, schemars(with = "Vec<Run<'_>>"))]
    pub runs: ListOf<'a, model::Run, Run<'a>>,
    /// The same build over several runs; a build without its like is a series of one.
    pub series: Vec<Series<'a>>,
    /// Root causes, the costliest first.
    pub findings: Vec<Finding<'a>>,
    /// What was asked of the builds (`--min-hit-rate`, `--must-hit`), answered.
    pub gates: Vec<Gate<'a>>,
    /// What was known before, where that was asked for.
    pub baseline: Option<Baseline<'a>>,
    /// What the newest remembered run of a branch had (`--baseline-branch`).
    pub baseline_branch: Option<Against<'a>>,
    /// What changed since the job ran last, where runs are remembered (`--history`) and it ran
    /// before.
    pub news: Option<News<'a>>,
    /// Findings that the project hides, by its settings or on the command line.
    pub hidden: Vec<Hidden<'a>>,
    /// What could not be read, or is wrong with the settings.
    pub problems: Vec<Problem<'a>>,
}

/// What closes the lines of `--format ndjson`.
#[derive(Serialize)]
pub(super) struct Last {
    /// `report`.
    pub end: &'static str,
    /// As in the report.
    pub verdict: &'static str,
    /// As in the report.
    pub wanted: Vec<&'static str>,
    /// Number of lines before this one.
    pub findings: usize,
    /// Number of inputs that could not be read.
    pub problems: usize,
}

/// What wrote the report.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::render) struct Tool {
    /// `cachediag`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl Tool {
    /// This program.
    pub(in crate::render) fn this() -> Self {
        Self { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") }
    }
}

/// Where a log comes from.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Source<'a> {
    /// Path as given; `-` is standard input.
    pub name: Text<'a>,
}

/// One log, or one job of a log that holds several.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Run<'a> {
    /// Where it comes from.
    pub source: Source<'a>,
    /// Short name: the job, else the name of the file.
    pub label: Text<'a>,
    /// System whose log it is, as `github-actions`; `none` is a build's own output. Names may be
    /// added.
    pub ci: &'static str,
    /// Job or step as the CI names it.
    pub job: Option<Text<'a>>,
    /// Branch, where the log tells.
    pub branch: Option<Text<'a>>,
    /// Commit, where the log tells.
    pub commit: Option<Text<'a>>,
    /// First time stamp of the log, RFC 3339.
    pub started: Option<String>,
    /// Number of lines read.
    pub lines: u64,
    /// Builds in the order they appear.
    #[cfg_attr(test, schemars(with = "Vec<Build<'_>>"))]
    pub builds: ListOf<'a, model::Build, Build<'a>>,
    /// What the CI did with its own caches.
    pub ci_caches: Vec<CiCache<'a>>,
}

/// The same build over several runs. The lists are of one length.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Series<'a> {
    /// Name: an image, else what tells the build apart.
    pub key: Text<'a>,
    /// Ids of its builds, oldest first.
    pub builds: Vec<&'a str>,
    /// Steps from the cache, of each build.
    pub hits: Vec<usize>,
    /// Steps that count, of each build: RUN, COPY, ADD, WORKDIR.
    pub totals: Vec<usize>,
    /// Seconds that steps ran, of each build.
    pub seconds: Vec<f64>,
}

/// Something that could not be read, or is wrong with the settings.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Problem<'a> {
    /// Path as given.
    pub source: Text<'a>,
    /// 1-based line, where one line is to blame.
    pub line: Option<u64>,
    /// What happened.
    pub message: Text<'a>,
}
