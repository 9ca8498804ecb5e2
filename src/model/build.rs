//! One build: its steps, base images, cache imports and exports.
//!
//! Plain data, plus the few readings of it that many rules need.

use std::ops::{Deref, DerefMut};

use chrono::{DateTime, Utc};

use super::shared::Recent;
use super::{Quote, Shared, Text};

/// Form of log the build was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Dialect {
    /// `BuildKit`'s plain progress.
    #[default]
    BuildkitPlain,
    /// `BuildKit`'s status as JSON, one object a line.
    BuildkitRawjson,
    /// `BuildKit`'s frames for a terminal.
    BuildkitTty,
    /// The older Docker builder.
    Classic,
    /// kaniko.
    Kaniko,
    /// buildah, podman build.
    Buildah,
}

/// Which image store wrote the image: decides which engine bugs can be at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Engine {
    /// dockerd's own image store: prints `writing image sha256:…`.
    Graphdriver,
    /// dockerd with the containerd image store: prints `unpacking to …`.
    Containerd,
    /// A `BuildKit` daemon of its own: `exporting manifest`, or the driver says so.
    Buildkitd,
    /// Nothing was exported.
    #[default]
    Unknown,
}

/// How a build ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BuildOutcome {
    /// It reached its end.
    Succeeded,
    /// A final error line.
    Failed,
    /// Cancelled.
    Canceled,
    /// The log ends before the build does.
    #[default]
    Unknown,
}

/// One build (one target of a bake or compose run).
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// Form of log.
    pub dialect: Dialect,
    /// How it ended.
    pub outcome: BuildOutcome,
    /// Which image store.
    pub engine: Engine,
    /// Driver of the builder, where the client prints it: `docker`, `docker-container`, `remote`.
    pub driver: Option<Text>,
    /// Name of the builder instance.
    pub builder: Option<Text>,
    /// The builder was created in this log, so its local cache is empty: the line that shows it.
    pub booted: Option<Quote>,
    /// Bake target or compose service.
    pub target: Option<Text>,
    /// Number of the `docker build` in the log that this belongs to: targets of one bake share it.
    pub invocation: usize,
    /// Steps in the order they appear.
    pub steps: Vec<Step>,
    /// Base images.
    pub bases: Vec<Base>,
    /// Cache imports.
    pub imports: Vec<Transfer>,
    /// Cache exports with a vertex of their own.
    pub exports: Vec<Transfer>,
    /// The line that shows inline cache being written into the image.
    pub inline: Option<Quote>,
    /// Final errors.
    pub errors: Vec<Quote>,
    /// Cache entries that were too old to be used.
    pub expired: Vec<Quote>,
    /// Client warnings about the cache.
    pub warnings: Vec<Quote>,
    /// Image references written or pushed.
    pub images: Vec<Text>,
    /// First line.
    pub line: u64,
    /// Two builds with colliding numbers are interleaved: outcomes are not to be trusted.
    pub tangled: bool,
    /// Which command lines of the run made it, from and up to an index; `None` is not looked for yet.
    pub asked: Option<(u32, u32)>,
}

/// What kind of line a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum StepKind {
    /// RUN, COPY, ADD, WORKDIR: counts in the hit rate.
    #[default]
    Counted,
    /// The fetch of a remote ADD: always done, never cached.
    Fetch,
    /// ENV, ARG, CMD … of the classic builder: nothing to save.
    Metadata,
    /// The builder has no cache for it: kaniko's WORKDIR, and its COPY without `--cache-copy-layers`.
    Uncached,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Outcome {
    /// Answered from a cache.
    Hit,
    /// Executed.
    Miss,
    /// Executed and failed.
    Failed,
    /// Stopped because the build was.
    Canceled,
    /// Never reached, or its end is not in the log.
    #[default]
    Unknown,
}

/// What a step is, the same in every build of its Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// Header as printed: `[build 2/6] WORKDIR /src`, `5/8 : RUN npm ci`.
    pub name: Text,
    /// Stage name; empty where the Dockerfile has one stage.
    pub stage: Text,
    /// Platform (`linux/amd64`, `linux/amd64->arm64`), empty where one platform was built.
    pub platform: Text,
    /// Position in its stage, 1-based; of the whole file in the classic builder.
    pub position: u32,
    /// Number of positions.
    pub of: u32,
    /// `RUN`, `COPY`, …: upper case.
    pub instruction: Text,
    /// Text after the bracket: `RUN npm ci`.
    pub text: Text,
}

/// One build step; the fields of its [`Instruction`] are read and written as its own.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// What it is.
    pub what: Shared<Instruction>,
    /// Whether it counts.
    pub kind: StepKind,
    /// What became of it.
    pub outcome: Outcome,
    /// Seconds, as the builder summed them.
    pub seconds: Option<f64>,
    /// Header line.
    pub header: Quote,
    /// The line that decides the outcome.
    pub verdict: Option<Quote>,
    /// Hash of everything the step depends on, where the builder prints it (kaniko).
    pub key: Option<Text>,
    /// The line that shows its result being fetched from elsewhere: the builder did not have it.
    pub fetched: Option<Quote>,
    /// What only the JSON status tells of a step, or the Dockerfile where one was given.
    pub trace: Option<Box<Trace>>,
}

/// Where a step stands in the graph of its build, and in time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Steps whose results it takes, by their index in [`Build::steps`]: the one before it in its
    /// stage, and those it copies or mounts from.
    pub inputs: Vec<usize>,
    /// From when to when it was executed, where the log says so.
    pub ran: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Deref for Step {
    type Target = Instruction;

    fn deref(&self) -> &Instruction {
        &self.what
    }
}

impl DerefMut for Step {
    fn deref_mut(&mut self) -> &mut Instruction {
        &mut self.what
    }
}

/// A base image.
#[derive(Clone, Debug, Default)]
pub struct Base {
    /// Stage it begins.
    pub stage: Text,
    /// Platform, empty where one platform was built.
    pub platform: Text,
    /// Reference without digest.
    pub image: Text,
    /// `sha256:…`, where printed.
    pub digest: Option<Text>,
    /// The Dockerfile names the digest itself: it does not float.
    pub pinned: bool,
    /// The FROM line.
    pub quote: Quote,
    /// The line that shows it being fetched: the builder did not have it.
    pub pulled: Option<Quote>,
}

/// Kind of cache backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum CacheKind {
    /// A reference in a registry.
    Registry,
    /// A directory.
    Local,
    /// GitHub Actions cache service.
    Gha,
    /// Amazon S3.
    S3,
    /// Azure blob storage.
    Azblob,
    /// Inside the image.
    Inline,
    /// Not printed.
    #[default]
    Unknown,
}

/// One cache import or export.
#[derive(Clone, Debug, Default)]
pub struct Transfer {
    /// Reference; exports do not print theirs.
    pub reference: Option<Text>,
    /// Backend.
    pub kind: CacheKind,
    /// Error text, `None` where it went well.
    pub error: Option<Text>,
    /// It ended (a terminal line was seen).
    pub ended: bool,
    /// Seconds.
    pub seconds: Option<f64>,
    /// Header line.
    pub header: Quote,
    /// Line that tells the end.
    pub verdict: Option<Quote>,
    /// `inferred cache manifest type`, where printed.
    pub manifest_type: Option<Text>,
}

impl Transfer {
    /// It ended, and without an error.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.ended && self.error.is_none()
    }
}

impl Step {
    /// Whether it is of this stage, built for this platform.
    #[must_use]
    pub fn is_of(&self, stage: &str, platform: &str) -> bool {
        same(&self.stage, stage) && same(&self.platform, platform)
    }
}

/// Most platforms and many stages are empty, and comparing two empty strings is slow: `memcmp` of no
/// bytes at a dangling address takes a fault on processors that mask the load.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
}

impl Build {
    /// Nothing will be added any more: gives spare room back, and shares what earlier builds had too.
    pub(super) fn settle(&mut self) {
        thread_local!(static RECENT: Recent<Shared<Instruction>> = Recent::default());
        RECENT.with(|recent| self.steps.iter_mut().for_each(|step| step.what.share(recent)));
        self.steps.shrink_to_fit();
        self.bases.shrink_to_fit();
        self.imports.shrink_to_fit();
        self.exports.shrink_to_fit();
        self.errors.shrink_to_fit();
        self.warnings.shrink_to_fit();
        self.images.shrink_to_fit();
    }

    /// Steps that count in a hit rate and whose outcome is known.
    pub fn decided(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|s| s.kind == StepKind::Counted && matches!(s.outcome, Outcome::Hit | Outcome::Miss))
    }

    /// Steps answered from a cache.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.decided().filter(|s| s.outcome == Outcome::Hit).count()
    }

    /// Steps that were either answered or executed.
    #[must_use]
    pub fn total(&self) -> usize {
        self.decided().count()
    }

    /// Some cache was imported without error.
    #[must_use]
    pub fn imported(&self) -> bool {
        self.imports.iter().any(Transfer::ok)
    }

    /// Seconds of executed steps.
    #[must_use]
    pub fn seconds_executed(&self) -> f64 {
        elapsed(self.decided().filter(|s| s.outcome == Outcome::Miss))
    }

    /// Steps whose results a step takes; none where neither the log nor a Dockerfile names them.
    pub fn inputs<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = &'a Step> {
        let inputs = step.trace.iter().flat_map(|trace| &trace.inputs);
        inputs.filter_map(|at| self.steps.get(*at))
    }

    /// The base image of a stage.
    #[must_use]
    pub fn base_of(&self, stage: &str, platform: &str) -> Option<&Base> {
        self.bases.iter().find(|b| same(&b.stage, stage) && same(&b.platform, platform))
    }
}

/// Seconds that steps took. Those that ran side by side count once where the log tells when they ran;
/// else the sum, which is an upper bound.
pub fn elapsed<'a>(steps: impl IntoIterator<Item = &'a Step>) -> f64 {
    let mut sum = 0.0;
    let mut spans: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for step in steps {
        match step.trace.as_ref().and_then(|trace| trace.ran) {
            Some(span) => spans.push(span),
            None => sum += step.seconds.unwrap_or_default(),
        }
    }
    spans.sort_unstable();
    let mut upto = DateTime::<Utc>::MIN_UTC;
    for (start, end) in spans {
        let new = (end - start.max(upto)).to_std().unwrap_or_default();
        sum += new.as_secs_f64();
        upto = upto.max(end);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(start: i64, end: i64) -> Step {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let trace = Trace { ran: Some((at(start), at(end))), ..Trace::default() };
        Step { seconds: Some(99.0), trace: Some(Box::new(trace)), ..Step::default() }
    }

    #[test]
    fn what_ran_side_by_side_counts_once() {
        let untold = Step { seconds: Some(1.5), ..Step::default() };
        let took = elapsed([&step(10, 20), &step(12, 18), &step(15, 24), &step(30, 31), &untold]);
        assert!((took - 16.5).abs() < 1e-9, "{took}");
    }
}
