//! One step of a build: what it is, and what became of it.

use std::ops::{Deref, DerefMut};

use chrono::{DateTime, Utc};

use super::operation::{Lazy, Operation};
use super::{Digest, Few, Quote, Shared, StepKey, Text};

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
    /// The builder has no cache for it: kaniko's WORKDIR, and its COPY without
    /// `--cache-copy-layers`.
    Uncached,
}

impl StepKind {
    /// The kind of a line by its instruction, in capitals, in builders that store all they do.
    #[must_use]
    pub fn of(instruction: &str) -> Self {
        if matches!(instruction, "RUN" | "COPY" | "ADD" | "WORKDIR") {
            Self::Counted
        } else {
            Self::Metadata
        }
    }
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
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
    /// What it does, once it was asked for.
    pub parsed: Lazy,
}

impl Instruction {
    /// What it does.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        self.parsed.of(&self.text)
    }
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
    /// The line that shows its result being stored under a key (kaniko).
    pub stored: Option<Quote>,
    /// The line that shows its result being fetched from elsewhere: the builder did not have it.
    pub fetched: Option<Quote>,
    /// What only the JSON status tells of a step, or the Dockerfile where one was given.
    pub trace: Option<Box<Trace>>,
    /// What it depends on, where a file beside the log tells.
    pub digests: Option<Box<StepKey>>,
}

/// Where a step stands in the graph of its build, and in time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Steps whose results it takes, by their index in [`Build::steps`]: the one before it in its
    /// stage, and those it copies or mounts from.
    pub inputs: Vec<usize>,
    /// From when to when it was executed, where the log says so.
    pub ran: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Digest of its vertex, by which an attestation of the same build calls it. None where several
    /// vertices are shown as one.
    pub vertex: Option<Digest>,
    /// Names of the arguments and variables that are declared above it, where its Dockerfile tells.
    pub declared: Option<Few<Text>>,
}

impl Step {
    /// The name under which kaniko stores its result, `REPO:KEY` of `Pushing layer REPO:KEY to cache
    /// now`: the time may stand before or behind.
    #[must_use]
    pub fn stored_as(&self) -> Option<&str> {
        let (_, rest) = self.stored.as_ref()?.text.split_once("Pushing layer ")?;
        rest.split(' ').next()
    }

    /// The key of that name.
    #[must_use]
    pub fn stored_key(&self) -> Option<&str> {
        self.stored_as()?.rsplit(':').next()
    }
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

impl Step {
    /// Its text is known: of a build without its log it may be called by its kind alone.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.text != self.instruction
    }

    /// Whether it is of this stage, built for this platform.
    #[must_use]
    pub fn is_of(&self, stage: &str, platform: &str) -> bool {
        same(&self.stage, stage) && same(&self.platform, platform)
    }
}

/// Seconds that steps took. Those that ran side by side count once where the log tells when they
/// ran; else the sum, which is an upper bound.
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

/// Most platforms and many stages are empty, and comparing two empty strings is slow: `memcmp` of
/// no bytes at a dangling address takes a fault on processors that mask the load.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
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
