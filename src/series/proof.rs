//! What files beside the logs prove of a miss: digests of what a step depends on, of this build and
//! an earlier one.
//!
//! A log shows neither the files nor all arguments; a cache configuration holds a digest of each.
//! The first step whose own operation, base image or files have another digest is why its stage
//! broke. Where nothing differs, the result was there to be found, and the cache is to blame.

mod age;
mod below;
mod inherited;
mod nearest;
mod nothing;
mod operation;
mod parts;

use std::collections::BTreeSet;

pub(super) use self::parts::other_arguments;
use super::chain::{self, Stage};
use super::miss::IndexedMiss;
use super::{Because, Confidence, KeyPart, Store};
use crate::model::{
    Build, EvidenceKind, Few, KeyInput, NoCache, Outcome, Run, Step, StepKey, Text,
};

/// What is proven of one step that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// What differs.
    pub differs: Difference,
    /// The kinds of files that prove it.
    pub told: Few<EvidenceKind>,
    /// Sources of a copy, or names of arguments, that differ.
    pub inputs: Few<Text>,
}

/// The part of a step's key that differs from an earlier build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The instruction itself.
    Instruction,
    /// An instruction above it that no log prints: ENV, USER, SHELL, the default of an ARG.
    Above,
    /// Arguments or environment of the instruction.
    Arguments,
    /// User, epoch or another option of the build.
    Options,
    /// The base image.
    Base,
    /// Content or modes of files.
    Files,
    /// Nothing; the earlier cache holds the result.
    Nothing,
    /// Nothing; the earlier cache holds no result of the step, only its name.
    NothingStored,
}

impl Difference {
    /// Some part of the key differs.
    fn is_something(self) -> bool {
        !matches!(self, Self::Nothing | Self::NothingStored)
    }
}

/// A step that ran, and why.
pub(super) struct RanStep {
    /// Its index in the build.
    step: usize,
    proved: Proved,
    why: JointReason,
}

/// Why a step ran, as far as files and log tell together.
struct JointReason {
    differs: Difference,
    because: Because,
    confidence: Confidence,
    /// Names of the arguments or options.
    inputs: Few<Text>,
    /// What it may be as well.
    open: Few<KeyPart>,
}

impl JointReason {
    fn of(differs: Difference, because: Because, confidence: Confidence) -> Self {
        Self { differs, because, confidence, inputs: Few::new(), open: Few::new() }
    }
}

/// What is proven of the first step of a stage that ran, and of one below it that would have run
/// all the same. `said` is what the log shows of the first; nothing where it ran because another
/// stage did.
pub(super) fn of_stage<'a, 'b: 'a>(
    before: impl DoubleEndedIterator<Item = (&'b Run, &'b Build)>,
    now: (&'a Run, &'a Build),
    stage: &'a Stage<'a>,
    (ran, said): (&Step, Option<&'a IndexedMiss>),
) -> Vec<RanStep> {
    let Some(pair) = StagePair::of(before, now, stage, said) else { return Vec::new() };
    let first = stage.steps.iter().position(|step| std::ptr::eq(*step, ran));
    let Some(first) = first else { return Vec::new() };
    let mut cases = Vec::new();
    for (at, step) in stage.steps.iter().enumerate().skip(first) {
        let Some(difference) = pair.difference(at, step) else {
            let moved = said.map_or(now.1.headless, |said| said.because == Because::BaseChanged);
            if at == first && moved && pair.has_same_layers(step) {
                cases.extend(pair.case(step, Difference::Base));
            }
            continue;
        };
        let nothing = !difference.is_something();
        if pair.is_of_another_run(step) || (nothing && pair.contradicts_the_log(step)) {
            return Vec::new();
        }
        let lost = at == first && nothing;
        if lost && !pair.may_be_lost(at, step) {
            return Vec::new();
        }
        let inherits = said.is_none() && difference == Difference::Instruction;
        let inherits = inherits && pair.inherits(step);
        if !inherits && ((at == first && said.is_some()) || !nothing) {
            cases.extend(pair.case(step, difference));
        }
        if !nothing {
            break;
        }
    }
    cases
}

/// Which step of a stage is the first that an earlier build cannot have made: of a build without
/// its log, nothing else shows that it ran.
pub(super) fn first_changed<'a, 'b: 'a>(
    before: impl DoubleEndedIterator<Item = (&'b Run, &'b Build)>,
    now: (&'a Run, &'a Build),
    stage: &'a Stage<'a>,
) -> Option<usize> {
    let pair = StagePair::of(before, now, stage, None)?;
    let changed = |(at, step): &(usize, &&Step)| {
        !may_be_reused(step) && pair.difference(*at, step).is_some_and(Difference::is_something)
    };
    stage.steps.iter().enumerate().find(changed).map(|(at, _)| at)
}

/// Nothing shows that the step of a build without its log ran: an earlier one had the same.
fn may_be_reused(step: &Step) -> bool {
    let known = || step.digests.as_ref().is_some_and(|key| key.known);
    step.outcome == Outcome::Hit || (step.outcome == Outcome::Unknown && known())
}

/// Steps of the stage in an earlier build, by their positions, where a file tells of some of them;
/// there it may have had another name.
fn steps_of<'a>(before: &'a Build, now: &Build, stage: &Stage) -> Option<Vec<&'a Step>> {
    if before.tangled {
        return None;
    }
    let own = before.steps.iter().filter(|step| step.is_of(stage.name, stage.platform));
    let mut steps: Vec<&Step> = own.collect();
    if steps.is_empty() {
        steps = chain::called_before(before, now, stage)?.steps;
    }
    steps.sort_by_key(|step| step.position);
    steps.iter().any(|step| step.digests.is_some()).then_some(steps)
}

/// A stage of a build beside the same stage of an earlier one.
struct StagePair<'a> {
    before: &'a Build,
    /// The steps of the stage in it, by their positions.
    then: Vec<&'a Step>,
    /// No log shows a build between the two.
    adjacent: bool,
    /// The logs name two commits.
    other_commit: bool,
    /// A command line of the build is known.
    told_how: bool,
    now: &'a Build,
    stage: &'a Stage<'a>,
    /// What the log shows of the first step that ran.
    said: Option<&'a IndexedMiss>,
}

impl<'a> StagePair<'a> {
    /// A stage, and the same one in an earlier build that files tell of.
    fn of<'b: 'a>(
        before: impl DoubleEndedIterator<Item = (&'b Run, &'b Build)>,
        (run, now): (&'a Run, &'a Build),
        stage: &'a Stage<'a>,
        said: Option<&'a IndexedMiss>,
    ) -> Option<Self> {
        let earlier = nearest::of(before, now, stage)?;
        let commits = earlier.run.commit.as_ref().zip(run.commit.as_ref());
        Some(Self {
            before: earlier.build,
            then: earlier.steps,
            adjacent: earlier.adjacent,
            told_how: !run.commands_of(now).is_empty(),
            other_commit: commits.is_some_and(|(was, is)| was != is),
            now,
            stage,
            said,
        })
    }

    /// The step of the earlier build at the same place.
    fn earlier(&self, step: &Step) -> Option<&'a Step> {
        let start = self.then.partition_point(|other| other.position < step.position);
        let here = self
            .then
            .iter()
            .skip(start)
            .take_while(|other| other.position == step.position)
            .copied();
        let mut here = here.filter(|other| other.instruction == step.instruction);
        here.clone()
            .find(|other| other.text == step.text)
            .or_else(|| here.next())
            .or_else(|| self.shared(step))
    }

    /// Its base image has another digest and the same layers.
    fn has_same_layers(&self, step: &'a Step) -> bool {
        let below =
            |(was, is): (&'a StepKey, &'a StepKey)| was.inputs.first().zip(is.inputs.first());
        self.keys(step).and_then(below).is_some_and(|(was, is)| was.has_layers_of(is))
    }

    fn keys(&self, step: &'a Step) -> Option<(&'a StepKey, &'a StepKey)> {
        Some((self.earlier(step)?.digests.as_deref()?, step.digests.as_deref()?))
    }

    /// The earlier build had another instruction at the same place.
    fn is_in_place_of_another(&self, step: &Step) -> bool {
        let here = |other: &&Step| other.position == step.position;
        step.digests.is_some() && self.earlier(step).is_none() && self.then.iter().any(here)
    }

    /// What of the step itself differs; `None` where that is not told.
    fn difference(&self, at: usize, step: &'a Step) -> Option<Difference> {
        if self.is_in_place_of_another(step) {
            return Some(Difference::Instruction);
        }
        let (before, now) = self.keys(step)?;
        if is_other_operation(before, now)? {
            let moved = self.stands_on_another_image(at, step, (before, now));
            return Some(if moved { Difference::Base } else { Difference::Instruction });
        }
        if before.inputs.len() != now.inputs.len() {
            return None;
        }
        let mut told = true;
        for (n, (was, is)) in before.inputs.iter().zip(&now.inputs).enumerate() {
            match was.is_same(is) {
                Some(false) => return self.of_input(at, n, step, is),
                // Steps below are looked at by themselves.
                None => told &= is.step && was.step,
                Some(true) => {}
            }
        }
        let lacks = before.stored == Some(false);
        told.then_some(if lacks { Difference::NothingStored } else { Difference::Nothing })
    }

    /// What an input is: the first one of the first step of a stage is its base image, unless it is
    /// all there is.
    fn of_input(&self, at: usize, n: usize, step: &Step, input: &KeyInput) -> Option<Difference> {
        let copies = matches!(step.instruction.as_str(), "COPY" | "ADD");
        if n == 0 && at == 0 && (!copies || self.stage.base.is_some() || step.position > 1) {
            return Some(Difference::Base);
        }
        match input.selector {
            // What another stage made is no cause of its own.
            _ if input.step => None,
            None => Some(Difference::Files),
            // Of a path only: of another image, or of what the Dockerfile itself holds.
            Some(_) if step.text.contains("<<") => Some(Difference::Instruction),
            Some(_) => step.text.contains("--from=").then_some(Difference::Files),
        }
    }

    fn case(&self, step: &'a Step, differs: Difference) -> Option<RanStep> {
        let mut why = self.why(step, differs);
        if self.now.headless && differs.is_something() && !self.is_aligned(step) {
            why.confidence = Confidence::Suspected;
        }
        let changed = self.changed_files(step);
        let told = self.before.told.iter().chain(&self.now.told).map(|(told, _)| *told);
        let used = |told: &EvidenceKind| {
            *told != EvidenceKind::Checkout || (differs == Difference::Files && !changed.is_empty())
        };
        let told: BTreeSet<EvidenceKind> = told.filter(used).collect();
        if differs == Difference::Files {
            why.inputs = if changed.is_empty() { files(&step.text) } else { changed };
        }
        let at = self.now.steps.element_offset(step)?;
        let proved = Proved {
            differs: why.differs,
            told: told.into_iter().collect(),
            inputs: why.inputs.clone(),
        };
        Some(RanStep { step: at, proved, why })
    }

    /// Files with another content or mode, where the commits of both builds are known; none where
    /// they are too many to be named.
    fn changed_files(&self, step: &'a Step) -> Few<Text> {
        const MOST: usize = 100;
        let Some((before, now)) =
            self.keys(step).filter(|(before, now)| before.has_files() && now.has_files())
        else {
            return Few::new();
        };
        let (was, is): (BTreeSet<_>, BTreeSet<_>) =
            (before.files.iter().collect(), now.files.iter().collect());
        let names: BTreeSet<Text> =
            was.symmetric_difference(&is).map(|(name, _)| name.clone()).collect();
        if names.len() > MOST { Few::new() } else { names.into_iter().collect() }
    }

    fn why(&self, step: &'a Step, differs: Difference) -> JointReason {
        use Confidence::Proven;
        let why = |because| JointReason::of(differs, because, Proven);
        match differs {
            Difference::Instruction
            | Difference::Above
            | Difference::Arguments
            | Difference::Options => self.operation(step),
            Difference::Base if self.has_same_layers(step) => {
                let files = matches!(step.instruction.as_str(), "COPY" | "ADD");
                let open = if files { Few::from([KeyPart::Files]) } else { Few::new() };
                JointReason {
                    open,
                    ..JointReason::of(differs, Because::BaseChanged, Confidence::Likely)
                }
            }
            Difference::Base => why(Because::BaseChanged),
            Difference::Files => why(Because::InputsChanged),
            Difference::Nothing | Difference::NothingStored => self.of_nothing(step, differs),
        }
    }
}

/// Whether the operations differ: by their digests, else by all of their parts.
fn is_other_operation(before: &StepKey, now: &StepKey) -> Option<bool> {
    if let (Some(was), Some(is)) = (before.operation, now.operation) {
        return Some(was != is);
    }
    if before.fields.is_empty() || now.fields.is_empty() {
        return None;
    }
    let compared = parts::compare(&before.fields, &now.fields);
    (compared.untold.is_empty() || !compared.differ.is_empty()).then(|| !compared.is_same())
}

/// Sources of a copy as its text names them; none where the text is not known.
fn files(text: &str) -> Few<Text> {
    let mounted =
        text.split("--mount=").skip(1).filter_map(|rest| rest.split_ascii_whitespace().next());
    let mounted = mounted.filter(|mount| !mount.contains("from=")).filter_map(|mount| {
        mount
            .split(',')
            .find_map(|part| part.strip_prefix("source=").or_else(|| part.strip_prefix("src=")))
    });
    if text.starts_with("RUN") {
        return mounted.map(Text::new).collect();
    }
    let words: Vec<&str> =
        text.split_ascii_whitespace().skip(1).filter(|word| !word.starts_with("--")).collect();
    match words.split_last() {
        Some((_, sources)) if !sources.iter().any(|source| source.starts_with(['[', '<'])) => {
            sources.iter().copied().map(Text::new).collect()
        }
        _ => Few::new(),
    }
}

/// A file tells of some step of the stage.
pub(super) fn has_digests(stage: &Stage) -> bool {
    stage.steps.iter().any(|step| step.digests.is_some())
}

impl RanStep {
    /// The miss in its build, with what the log said of the first one of the stage.
    pub(super) fn found(self, build: &Build, said: Option<&IndexedMiss>) -> Option<IndexedMiss> {
        build.steps.get(self.step)?;
        let at = u32::try_from(self.step).ok()?;
        let same = said.filter(|said| said.step == at);
        Some(IndexedMiss {
            step: at,
            first: same.is_some_and(|said| said.first),
            before: same.and_then(|said| said.before),
            against: said.and_then(|said| said.against),
            differs: self.proved.parts(),
            hidden: self.why.open,
            store: said.map_or(Store::default(), |said| said.store),
            because: self.why.because,
            confidence: self.why.confidence,
            proved: Some(Box::new(self.proved)),
        })
    }
}

impl Proved {
    /// Parts of the key that differ.
    fn parts(&self) -> Few<KeyPart> {
        let each = |part: fn(Text) -> KeyPart, unnamed: KeyPart| -> Few<KeyPart> {
            if self.inputs.is_empty() {
                Few::from([unnamed])
            } else {
                self.inputs.iter().cloned().map(part).collect()
            }
        };
        match self.differs {
            Difference::Instruction => Few::from([KeyPart::Instruction]),
            Difference::Above => Few::from([KeyPart::Dockerfile]),
            Difference::Arguments => each(KeyPart::Argument, KeyPart::Values),
            Difference::Options => each(KeyPart::Option, KeyPart::Options),
            Difference::Base => Few::from([KeyPart::Base]),
            Difference::Files => Few::from([KeyPart::Files]),
            Difference::Nothing | Difference::NothingStored => Few::new(),
        }
    }
}
