//! One build: its steps, base images, cache imports and exports.
//!
//! Plain data, plus the few readings of it that many rules need.

use std::sync::OnceLock;

use super::shared::Recent;
use super::step::same;
use super::{
    CacheKind, EvidenceKind, Few, Found, Instruction, NoCache, Outcome, Part, Quote, Shared, Step,
    StepKind, Text, Transfer, elapsed,
};

/// Form of log the build was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
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

impl Dialect {
    /// Prints instructions that make no layer (ARG, ENV, LABEL).
    #[must_use]
    pub fn prints_metadata(self) -> bool {
        matches!(self, Self::Classic | Self::Kaniko | Self::Buildah)
    }

    /// Does not.
    #[must_use]
    pub fn hides_metadata(self) -> bool {
        !self.prints_metadata()
    }

    /// Counts the FROM of an image as the first step of its stage, the FROM of another stage not.
    #[must_use]
    pub fn counts_from(self) -> bool {
        self.is_buildkit()
    }

    /// It has no store of its own, and looks steps up among the images of the machine.
    #[must_use]
    pub fn keeps_images(self) -> bool {
        matches!(self, Self::Classic | Self::Buildah)
    }

    /// `BuildKit`, however it prints.
    #[must_use]
    pub fn is_buildkit(self) -> bool {
        matches!(self, Self::BuildkitPlain | Self::BuildkitRawjson | Self::BuildkitTty)
    }
}

/// Which image store wrote the image: decides which engine bugs can be at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Engine {
    /// dockerd's classic image store (overlay2, not containerd's): prints `writing image sha256:…`.
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
    /// The log does not show how: it ends before the build does, or nothing in it says that it was
    /// the end.
    #[default]
    Unknown,
}

impl BuildOutcome {
    /// Of a log that may show an error, or that the build came to its end.
    pub(super) fn of(failed: bool, done: bool) -> Self {
        match (failed, done) {
            (true, _) => Self::Failed,
            (false, true) => Self::Succeeded,
            (false, false) => Self::Unknown,
        }
    }
}

/// The index of a step, looked for when it is first asked for. A clone, which may get other steps,
/// looks anew.
#[derive(Debug, Default)]
pub struct FinalStep(OnceLock<Option<usize>>);

impl FinalStep {
    /// What `find` finds the first time.
    pub(crate) fn or_find(&self, find: impl FnOnce() -> Option<usize>) -> Option<usize> {
        *self.0.get_or_init(find)
    }
}

impl Clone for FinalStep {
    fn clone(&self) -> Self {
        Self::default()
    }
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
    /// A step of the final stage, once it was asked for.
    #[doc(hidden)]
    pub final_step: FinalStep,
    /// Base images.
    pub bases: Vec<Base>,
    /// Images that no stage stands on, and that steps take files from: `COPY --from=composer:2`.
    pub sources: Few<Base>,
    /// Contexts with a name of their own that the client sent: `--build-context assets=./assets`.
    pub contexts: Few<Text>,
    /// Cache imports.
    pub imports: Vec<Transfer>,
    /// Cache exports with a vertex of their own.
    pub exports: Vec<Transfer>,
    /// The line that shows inline cache being written into the image.
    pub inline: Option<Quote>,
    /// Final errors.
    pub errors: Few<Quote>,
    /// Lines below an error that go on with it, and have no prefix of their own.
    pub answers: Few<Quote>,
    /// The final error, where no vertex printed it and the last one that ended is a cache export.
    pub behind_export: Option<Quote>,
    /// The line that lists, under a step, the layer that a later error says is not there any more.
    pub gone: Option<Quote>,
    /// Cache entries that were too old to be used.
    pub expired: Few<Quote>,
    /// Images of its own steps that were deleted after it: the first line that says so.
    pub pruned: Option<Box<Quote>>,
    /// Steps whose layer was pushed to a cache, by their index in [`Build::steps`], with the line
    /// that says so.
    pub pushed: Few<(usize, Quote)>,
    /// Steps whose command fetched packages, by the line of their header, with the line of output
    /// that says so. Of output most lines are passed over, so others may have fetched some too.
    pub downloads: Few<(u64, Quote)>,
    /// Client warnings about the cache.
    pub warnings: Few<Quote>,
    /// Image references written or pushed.
    pub images: Few<Text>,
    /// Digest of the image's config. It holds the creation time of every step, so two builds with
    /// one config executed no step of the final stage in between.
    pub config: Option<Text>,
    /// The Dockerfile, as it was sent to the builder.
    pub dockerfile: Option<Amount>,
    /// The files of the build context that were sent to the builder.
    pub context: Option<Amount>,
    /// First line.
    pub line: u64,
    /// Two builds with colliding numbers are interleaved: outcomes are not to be trusted.
    pub tangled: bool,
    /// The log begins inside the build, or leaves out steps: imports and steps of that part are not
    /// known.
    pub headless: bool,
    /// Files beside the log that tell of it, with their names.
    pub told: Few<(EvidenceKind, Text)>,
    /// What the builder's history calls it, where a file tells.
    pub reference: Option<Text>,
    /// What it was told to run without a cache.
    pub no_cache: NoCache,
    /// All build arguments, where files beside the log tell them.
    pub given: Option<Few<Part>>,
    /// Command lines of the run that made it, from and up to an index; none where they cannot be
    /// told from those of other builds. Read through `Run::commands_of`.
    pub commands: (usize, usize),
}

/// How much was sent to the builder: `#1 transferring dockerfile: 156B done`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Amount {
    /// As printed: `156B`, `1.03MB`. Rounded above 1000 bytes, so that equal amounts prove nothing.
    pub size: Text,
    /// The line.
    pub quote: Quote,
}

impl Amount {
    /// Bytes, as far as they are printed.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        let digits = self.size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let factor = match self.size.get(digits.len()..)? {
            "B" => 1.0,
            "kB" => 1e3,
            "MB" => 1e6,
            "GB" => 1e9,
            _ => return None,
        };
        // Sizes are far below what a float counts exactly; a negative or endless one saturates.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
        digits.parse::<f64>().ok().map(|number| (number * factor) as u64)
    }

    /// The same number of bytes was sent; from 1000 on the log rounds, and two may be alike.
    #[must_use]
    pub fn is_as_large_as(&self, other: &Self) -> bool {
        let exact = |size: &str| {
            size.strip_suffix('B').is_some_and(|n| n.bytes().all(|byte| byte.is_ascii_digit()))
        };
        self.size == other.size && exact(&self.size)
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
    /// Its short name in the store, where the builder prints it (the classic one).
    pub id: Option<Text>,
    /// The FROM line.
    pub quote: Quote,
    /// The line that shows it being fetched: the builder did not have it.
    pub pulled: Option<Quote>,
}

impl Base {
    /// The log shows a variable where its name would stand, and no value for it: `FROM $BASE`.
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.image.contains('$')
    }
}

impl Build {
    /// dockerd builds itself: `#0 building with "default" instance using docker driver`.
    #[must_use]
    pub fn is_by_docker_driver(&self) -> bool {
        self.driver.as_deref() == Some("docker")
    }

    /// How many lines below an error may go on with it.
    pub const ANSWERS: u64 = 4;

    /// Nothing will be added any more: gives spare room back, and shares what earlier builds had
    /// too.
    pub(super) fn settle(&mut self) {
        thread_local!(static RECENT: Recent<Shared<Instruction>> = Recent::default());
        RECENT.with(|recent| self.steps.iter_mut().for_each(|step| step.what.share(recent)));
        self.steps.shrink_to_fit();
        self.bases.shrink_to_fit();
        self.sources.shrink_to_fit();
        self.contexts.shrink_to_fit();
        self.imports.shrink_to_fit();
        self.exports.shrink_to_fit();
        self.errors.shrink_to_fit();
        self.answers.shrink_to_fit();
        self.warnings.shrink_to_fit();
        self.images.shrink_to_fit();
    }

    /// Steps that count in a hit rate and whose outcome is known.
    pub fn decided(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|s| {
            s.kind == StepKind::Counted && matches!(s.outcome, Outcome::Hit | Outcome::Miss)
        })
    }

    /// It ended well.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.outcome == BuildOutcome::Succeeded
    }

    /// It ended well, and its lines are its own: the outcomes of its steps can be trusted.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.succeeded() && !self.tangled
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

    /// The log shows it from its beginning to its end: what is not in it did not happen.
    #[must_use]
    pub fn whole(&self) -> bool {
        !self.headless && self.outcome != BuildOutcome::Unknown
    }

    /// The build had to fetch this base image. buildah and the classic builder fetch it for the first
    /// of the stages that stand on it.
    #[must_use]
    pub fn fetched(&self, base: &Base) -> bool {
        base.pulled.is_some()
            || self.bases.iter().any(|other| other.pulled.is_some() && other.image == base.image)
    }

    /// Whether a line was printed before the build. Some logs have their newest line first.
    #[must_use]
    pub fn comes_behind(&self, line: u64) -> bool {
        if self.newest_first() { line > self.line } else { line < self.line }
    }

    /// The log has its newest line first.
    #[must_use]
    pub fn newest_first(&self) -> bool {
        self.steps.last().is_some_and(|last| last.header.line < self.line)
    }

    /// A step failed, so that nothing behind the steps was done: no cache is exported.
    #[must_use]
    pub fn failed_at_a_step(&self) -> bool {
        let exported = self.exports.iter().any(|e| e.kind != CacheKind::Inline);
        !exported && self.steps.iter().any(|s| s.outcome == Outcome::Failed)
    }

    /// Some cache was imported without error.
    #[must_use]
    pub fn imported(&self) -> bool {
        self.imports.iter().any(Transfer::ok)
    }

    /// Whether some import found a cache. A layer that was fetched, or a step from the cache in a
    /// builder that began empty, shows it of back ends that do not say so.
    #[must_use]
    pub fn found(&self) -> Found {
        let found = self.imports.iter().map(Transfer::found).max().unwrap_or(Found::No);
        let empty = self.booted.is_some();
        let served = |s: &Step| s.outcome == Outcome::Hit && (empty || s.fetched.is_some());
        if found == Found::Unknown && self.decided().any(served) { Found::Yes } else { found }
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

    /// The step is printed under the name of the build's own target: `[web 2/6] WORKDIR /app`. What
    /// targets of one bake have in common is printed for one of them.
    #[must_use]
    pub fn prints(&self, step: &Step) -> bool {
        let Some(target) = &self.target else { return true };
        step.header.text.contains(&format!("[{target} "))
    }

    /// The base image of a stage.
    #[must_use]
    pub fn base_of(&self, stage: &str, platform: &str) -> Option<&Base> {
        self.bases.iter().find(|b| same(&b.stage, stage) && same(&b.platform, platform))
    }
}
