//! A miss: the step at which the chain of the cache broke in a build, and what is known of why.
//!
//! What rules explain and what the JSON report lists as `breaks` are views of the same misses.

use crate::model::{Build, Few, Step, Text};

use super::{Confidence, Proved};

/// A part of a step's cache key. What is in the key of which instruction was measured with
/// `BuildKit` v0.12.5 and v0.32.2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPart {
    /// The text of the instruction, values filled in.
    Instruction,
    /// The base image: its layers, or what its config says of environment and user.
    Base,
    /// An instruction that is not printed, above the step: ENV, USER, SHELL, the default of an ARG.
    Dockerfile,
    /// Content and modes of files of the build context, or of a file that is fetched.
    Files,
    /// Files of another stage.
    Stage,
    /// The value of this build argument.
    Argument(Text),
    /// Values of ARG and ENV that are not shown.
    Values,
    /// This build option: `add-host`, `network`.
    Option(Text),
    /// Build options that are not shown, `--no-cache` among them.
    Options,
}

/// What is known of the cache that could have answered a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Store {
    /// The build was asked to use no cache, or keeps no layers.
    Disabled,
    /// No cache was imported, and the builder had none of its own.
    #[default]
    NeverAsked,
    /// Asked for, or the log begins too late to show it; it does not say whether anything was
    /// found.
    Asked,
    /// Asked for, and nothing was there or could be read.
    NotFound,
    /// It was read.
    Read,
    /// It was read, and holds the final stage only.
    FinalStageOnly,
}

/// Why a step ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// No earlier build has the stage.
    FirstRun,
    /// Its text is another one than before, or the Dockerfile was edited above it.
    InstructionChanged,
    /// The base image is another one than before.
    BaseChanged,
    /// The files it reads changed.
    InputsChanged,
    /// A build argument has another value than before.
    ArgumentChanged,
    /// A build option that is part of the key is another one than before.
    OptionChanged,
    /// The cache in use does not store this stage.
    NotStored,
    /// It was stored, cannot have changed, and is gone.
    RecordLost,
    /// No cache was looked for, and the builder had none.
    NotImported,
    /// The import failed.
    ImportFailed,
    /// The build was asked to use no cache, or keeps no layers.
    CacheDisabled,
    /// More than one of these remains.
    Unknown,
}

/// The first step of a stage where the chain broke.
#[derive(Clone, Debug)]
pub struct Miss<'a> {
    /// The step.
    pub step: &'a Step,
    /// It is the first one of its stage.
    pub first: bool,
    /// The build of the series that has the same step, nearest before this one, and its index
    /// there.
    pub before: Option<(usize, usize)>,
    /// The build whose result was there to be found, where that is known: several misses of one
    /// step against the same build are one change.
    pub against: Option<usize>,
    /// Parts of the key that are known to differ from `before`.
    pub differs: &'a [KeyPart],
    /// Parts that may differ and are not shown.
    pub hidden: &'a [KeyPart],
    /// What could have answered it.
    pub store: Store,
    /// Why it ran.
    pub because: Because,
    /// How sure that is.
    pub confidence: Confidence,
    /// What files beside the log prove of it.
    pub proved: Option<&'a Proved>,
}

/// The misses of the builds of a series: of thousands of builds, numbers only.
#[derive(Clone, Debug, Default)]
pub struct Misses {
    /// Where those of each build end.
    ends: Vec<u32>,
    found: Vec<IndexedMiss>,
    /// Of each build, whether its builder held something of the builds before, or began without
    /// anything.
    starts: Vec<Start>,
    /// Of each build, the one before it on its machine; of none where all share their caches.
    previous: Vec<Option<u32>>,
}

/// What a builder had when a build began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Start {
    /// The log does not show it.
    #[default]
    Unknown,
    /// Something of the builds before: a step came from its cache, a base image that an earlier
    /// build had to fetch is there, or most of the build context.
    Kept,
    /// Nothing: it was created in the log, or fetched even its base images.
    Empty,
}

/// A [`Miss`] by the index of its step in the build.
#[derive(Clone, Debug)]
pub(super) struct IndexedMiss {
    pub(super) step: u32,
    pub(super) first: bool,
    pub(super) before: Option<(u32, u32)>,
    pub(super) against: Option<u32>,
    pub(super) differs: Few<KeyPart>,
    pub(super) hidden: Few<KeyPart>,
    pub(super) store: Store,
    pub(super) because: Because,
    pub(super) confidence: Confidence,
    pub(super) proved: Option<Box<Proved>>,
}

impl IndexedMiss {
    /// Of builds that are these of the series: says which by their places there. What is the first
    /// run on one machine need not be the first of the build.
    pub(super) fn is_counted_by(&mut self, places: &[usize]) {
        if self.because == Because::FirstRun && places.first() != Some(&0) {
            self.confidence = self.confidence.min(Confidence::Likely);
        }
        let place = |at: u32| {
            let place = usize::try_from(at).ok().and_then(|at| places.get(at)).copied();
            place.and_then(|place| u32::try_from(place).ok())
        };
        self.before = self.before.and_then(|(build, step)| Some((place(build)?, step)));
        self.against = self.against.and_then(place);
    }
}

impl Misses {
    /// Those of the next build.
    pub(super) fn push(&mut self, mut found: Vec<IndexedMiss>, start: Start) {
        found.sort_by_key(|found| found.step);
        self.found.append(&mut found);
        self.starts.push(start);
        self.ends.push(u32::try_from(self.found.len()).unwrap_or(u32::MAX));
    }

    /// What the builder of a build had, which is so many-th of the series.
    #[must_use]
    pub fn start(&self, at: usize) -> Start {
        self.starts.get(at).copied().unwrap_or_default()
    }

    /// The builds of each machine follow each other.
    pub(super) fn are_apart(&mut self, machines: &[Vec<usize>]) {
        self.previous = vec![None; self.ends.len()];
        for pair in machines.iter().flat_map(|own| own.windows(2)) {
            let [before, now] = pair else { continue };
            if let Some(previous) = self.previous.get_mut(*now) {
                *previous = u32::try_from(*before).ok();
            }
        }
    }

    /// The build whose cache a build may find at the latest: the one before it, on its machine
    /// where each machine keeps its cache for itself. Both are places in the series.
    #[must_use]
    pub fn previous(&self, at: usize) -> Option<usize> {
        match self.previous.get(at) {
            Some(previous) => previous.map(|place| place as usize),
            None => at.checked_sub(1),
        }
    }

    /// Those of a build, which is so many-th of the series, in the order of its steps.
    pub fn in_build<'a>(
        &'a self,
        at: usize,
        build: &'a Build,
    ) -> impl Iterator<Item = Miss<'a>> + use<'a> {
        self.found_in(at).iter().filter_map(|found| found.of(build))
    }

    /// Those of one step of the build.
    pub fn of_step<'a>(
        &'a self,
        at: usize,
        build: &'a Build,
        step: &Step,
    ) -> impl Iterator<Item = Miss<'a>> + use<'a> {
        let place = build.steps.element_offset(step).unwrap_or(usize::MAX);
        let found = self.found_in(at);
        let begin = found.partition_point(|found| (found.step as usize) < place);
        let of_step = found.get(begin..).unwrap_or_default().iter();
        of_step
            .take_while(move |found| found.step as usize == place)
            .filter_map(|found| found.of(build))
    }

    fn found_in(&self, at: usize) -> &[IndexedMiss] {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let start = at.checked_sub(1).map_or(0, end);
        self.found.get(start..end(at)).unwrap_or_default()
    }
}

impl IndexedMiss {
    fn of<'a>(&'a self, build: &'a Build) -> Option<Miss<'a>> {
        Some(Miss {
            step: build.steps.get(self.step as usize)?,
            first: self.first,
            before: self.before.map(|(build, step)| (build as usize, step as usize)),
            against: self.against.map(|build| build as usize),
            differs: &self.differs,
            hidden: &self.hidden,
            store: self.store,
            because: self.because,
            confidence: self.confidence,
            proved: self.proved.as_deref(),
        })
    }
}

impl Miss<'_> {
    /// The step is the first of its stage, was there before, and nothing that is shown of it
    /// changed.
    #[must_use]
    pub fn is_unexplained(&self) -> bool {
        self.is_unexplained_on_its_base() && !self.may_stand_on_another_base()
    }

    /// The base image has no digest that would tell it from the one before.
    #[must_use]
    pub fn may_stand_on_another_base(&self) -> bool {
        self.hidden.contains(&KeyPart::Base) && !self.lacks_its_stage()
    }

    /// As [`Miss::is_unexplained`], if the base image is the one from before.
    #[must_use]
    pub fn is_unexplained_on_its_base(&self) -> bool {
        let open = |part: &KeyPart| matches!(part, KeyPart::Files | KeyPart::Stage);
        let shown = self.first && self.before.is_some() && self.differs.is_empty();
        let explained = matches!(
            self.because,
            Because::FirstRun | Because::CacheDisabled | Because::ArgumentChanged
        );
        shown && !explained && (self.lacks_its_stage() || !self.hidden.iter().any(open))
    }

    /// A cache that is known to hold the final stage only has none of it, whatever changed.
    fn lacks_its_stage(&self) -> bool {
        self.because == Because::NotStored
            && self.store == Store::FinalStageOnly
            && self.confidence == Confidence::Likely
    }

    /// A build argument, option or instruction that is not shown can have rerun it as well.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.hidden.is_empty()
    }
}
