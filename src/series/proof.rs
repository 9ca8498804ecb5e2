//! What files beside the logs prove of a miss: digests of what a step depends on, of this build and an earlier one.
//!
//! A log shows neither the files nor all arguments; a cache configuration holds a digest of each. The first step
//! whose own operation, base image or files have another digest is why its stage broke. Where nothing differs, the
//! result was there to be found, and the cache is to blame.

use std::collections::BTreeSet;

use super::chain::Stage;
use super::miss::Found;
use super::{Because, Confidence, KeyPart, Store};
use crate::model::{Build, Digest, Few, KeyInput, Outcome, Step, StepKey, Text, Told};

/// What is proven of one step that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// What differs.
    pub differs: Difference,
    /// The kinds of files that prove it.
    pub told: Few<Told>,
    /// Sources of a copy, or names of arguments, that differ.
    pub inputs: Few<Text>,
}

/// The part of a step's key that differs from an earlier build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The instruction itself.
    Instruction,
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
pub(super) struct Case {
    /// Its index in the build.
    pub(super) step: usize,
    pub(super) proved: Proved,
    pub(super) because: Because,
    pub(super) confidence: Confidence,
}

/// What is proven of the first step of a stage that ran, and of one below it that would have run all the same.
/// `said` is what the log shows of the first; nothing where it ran because another stage did.
pub(super) fn of_stage<'a>(
    before: impl DoubleEndedIterator<Item = &'a Build>,
    now: &Build,
    stage: &Stage,
    said: Option<Because>,
) -> Vec<Case> {
    let Some(earlier) = before.rev().find(|build| has_stage(build, stage)) else { return Vec::new() };
    let pair = Pair { before: earlier, now, stage };
    let ran = stage.steps.iter().position(|step| step.outcome == Outcome::Miss);
    let Some(first) = ran else { return Vec::new() };
    let mut cases = Vec::new();
    for (at, step) in stage.steps.iter().enumerate().skip(first) {
        let Some(difference) = pair.difference(at, step) else { break };
        let nothing = !difference.is_something();
        if at == first && nothing && !pair.is_same_above(first) {
            return Vec::new();
        }
        if (at == first && said.is_some()) || !nothing {
            cases.extend(pair.case(step, difference, said.unwrap_or(Because::Unknown)));
        }
        if !nothing {
            break;
        }
    }
    cases
}

/// The stage is in the build, and a file tells of its steps.
fn has_stage(build: &Build, stage: &Stage) -> bool {
    let of_stage = |step: &&Step| step.is_of(stage.name, stage.platform) && step.digests.is_some();
    !build.tangled && build.steps.iter().filter(of_stage).count() > 0
}

/// A stage of a build beside the same stage of an earlier one.
struct Pair<'a> {
    before: &'a Build,
    now: &'a Build,
    stage: &'a Stage<'a>,
}

impl<'a> Pair<'a> {
    /// The step of the earlier build at the same place.
    fn earlier(&self, step: &Step) -> Option<&'a Step> {
        let mut steps = self
            .before
            .steps
            .iter()
            .filter(|other| other.is_of(&step.stage, &step.platform) && other.instruction == step.instruction);
        let same_text = steps.clone().find(|other| other.text == step.text && other.position == step.position);
        same_text.or_else(|| steps.find(|other| other.position == step.position))
    }

    fn keys(&self, step: &'a Step) -> Option<(&'a StepKey, &'a StepKey)> {
        Some((self.earlier(step)?.digests.as_deref()?, step.digests.as_deref()?))
    }

    /// What of the step itself differs; `None` where that is not told.
    fn difference(&self, at: usize, step: &'a Step) -> Option<Difference> {
        let (before, now) = self.keys(step)?;
        if is_other_operation(before, now)? {
            return Some(self.of_operation(step));
        }
        if before.inputs.len() != now.inputs.len() {
            return None;
        }
        let mut told = true;
        for (n, (was, is)) in before.inputs.iter().zip(&now.inputs).enumerate() {
            match was.is_same(is) {
                Some(false) => return self.of_input(at, n, step, is),
                // The step below is looked at by itself.
                None => told &= is.step && was.step,
                Some(true) => {}
            }
        }
        let lacks = before.stored == Some(false);
        told.then_some(if lacks { Difference::NothingStored } else { Difference::Nothing })
    }

    /// What an input is: the first one of the first step of a stage is its base image, unless it is all there is.
    fn of_input(&self, at: usize, n: usize, step: &Step, input: &KeyInput) -> Option<Difference> {
        let copies = matches!(step.instruction.as_str(), "COPY" | "ADD");
        if n == 0 && at == 0 && (!copies || self.stage.base.is_some() || step.position > 1) {
            return Some(Difference::Base);
        }
        // What another stage made is no cause of its own.
        (!input.step && input.selector.is_none()).then_some(Difference::Files)
    }

    /// The same text makes another operation by what stands above it, or by what the build was asked for.
    fn of_operation(&self, step: &'a Step) -> Difference {
        if self.earlier(step).is_some_and(|other| other.text != step.text) {
            return Difference::Instruction;
        }
        if step.instruction == "WORKDIR" {
            return Difference::Options;
        }
        let parts = self.parts(step);
        if let Some(part) = parts.first() {
            return match part.split(' ').next() {
                Some("argument") => Difference::Arguments,
                Some("option") => Difference::Options,
                _ => Difference::Instruction,
            };
        }
        let below = self.stage.steps.iter().filter(|other| other.position > step.position);
        let runs = below.filter(|other| other.instruction == "RUN").filter_map(|other| self.keys(other));
        let mut told = 0;
        for (before, now) in runs {
            told += 1;
            if is_other_operation(before, now) == Some(false) {
                // An argument or a variable is in all that follow; a here-document is not.
                return Difference::Instruction;
            }
        }
        let silent = step.text == step.instruction;
        if step.instruction != "RUN" || (silent && told == 0) { Difference::Instruction } else { Difference::Arguments }
    }

    /// All steps above have the same keys in both builds.
    fn is_same_above(&self, at: usize) -> bool {
        self.stage.steps.iter().take(at).enumerate().all(|(n, step)| {
            let difference = self.difference(n, step);
            difference.is_some_and(|difference| !difference.is_something())
        })
    }

    fn case(&self, step: &'a Step, differs: Difference, said: Because) -> Option<Case> {
        let (because, confidence) = self.because(step, differs, said);
        let inputs = match differs {
            Difference::Files => files(&step.text),
            Difference::Arguments => self.arguments(step),
            Difference::Options => self.parts(step).iter().map(option).collect(),
            _ => Few::new(),
        };
        let told: BTreeSet<Told> = self.before.told.iter().chain(&self.now.told).map(|(told, _)| *told).collect();
        let at = self.now.steps.element_offset(step)?;
        let proved = Proved { differs, told: told.into_iter().collect(), inputs };
        Some(Case { step: at, proved, because, confidence })
    }

    fn because(&self, step: &'a Step, differs: Difference, said: Because) -> (Because, Confidence) {
        use Confidence::{Likely, Proven, Suspected};
        let text = self.earlier(step).is_some_and(|other| other.text != step.text);
        match differs {
            Difference::Instruction if text || step.instruction == "RUN" && step.text != "RUN" => {
                (Because::InstructionChanged, Proven)
            }
            Difference::Instruction if self.has_other_runs(step) => (Because::InstructionChanged, Proven),
            Difference::Instruction => (Because::InstructionChanged, Suspected),
            Difference::Arguments => (Because::ArgumentChanged, Proven),
            Difference::Options if !self.parts(step).is_empty() => (Because::OptionChanged, Proven),
            Difference::Options => (Because::OptionChanged, Likely),
            Difference::Base => (Because::BaseChanged, Proven),
            Difference::Files => (Because::InputsChanged, Proven),
            Difference::NothingStored => (Because::NotStored, Proven),
            Difference::Nothing => match said {
                Because::NotImported | Because::ImportFailed if !self.now.headless => (said, Proven),
                Because::CacheDisabled => (said, Proven),
                _ => (Because::RecordLost, Proven),
            },
        }
    }

    fn has_other_runs(&self, step: &Step) -> bool {
        self.stage.steps.iter().any(|other| other.instruction == "RUN" && other.position > step.position)
    }

    /// Parts of the operation that both builds tell, with other values: `argument V`.
    fn parts(&self, step: &'a Step) -> Vec<Text> {
        self.keys(step).map_or_else(Vec::new, |(before, now)| differing(&before.fields, &now.fields))
    }

    /// Names of arguments with other values: those of the step, else those of the whole build.
    fn arguments(&self, step: &'a Step) -> Few<Text> {
        let parts = self.parts(step);
        if !parts.is_empty() {
            let names = parts.iter().filter_map(|part| part.split_once(' ')).map(|(_, name)| Text::new(name));
            return names.collect();
        }
        let told = |build: &Build| build.told.iter().any(|(told, _)| tells_arguments(*told));
        if told(self.before) && told(self.now) {
            return differing(&self.before.given, &self.now.given).into_iter().collect();
        }
        Few::new()
    }
}

/// `add-host` of `option add-host`.
fn option(part: &Text) -> Text {
    part.split_once(' ').map_or_else(|| part.clone(), |(_, name)| Text::new(name))
}

/// The file names all build arguments.
fn tells_arguments(told: Told) -> bool {
    matches!(told, Told::DockerBuild | Told::Provenance | Told::Metadata | Told::Inspect)
}

/// Names that stand for other values on the two sides, or are on one side only.
fn differing(before: &[(Text, Digest)], now: &[(Text, Digest)]) -> Vec<Text> {
    if before.is_empty() && now.is_empty() {
        return Vec::new();
    }
    let only = |of: &[(Text, Digest)], not: &[(Text, Digest)]| -> BTreeSet<Text> {
        of.iter().filter(|part| !not.contains(part)).map(|(name, _)| name.clone()).collect()
    };
    let mut names = only(now, before);
    names.extend(only(before, now));
    names.into_iter().collect()
}

/// Whether the operations differ: by their digests, else by all of their parts.
fn is_other_operation(before: &StepKey, now: &StepKey) -> Option<bool> {
    if let (Some(was), Some(is)) = (before.operation, now.operation) {
        return Some(was != is);
    }
    let told = !before.fields.is_empty() && !now.fields.is_empty();
    told.then(|| before.fields != now.fields)
}

/// Sources of a copy as its text names them; none where the text is not known.
fn files(text: &str) -> Few<Text> {
    let mounted = text.split("--mount=").skip(1).filter_map(|rest| rest.split_ascii_whitespace().next());
    let mounted = mounted.filter(|mount| !mount.contains("from=")).filter_map(|mount| {
        mount.split(',').find_map(|part| part.strip_prefix("source=").or_else(|| part.strip_prefix("src=")))
    });
    if text.starts_with("RUN") {
        return mounted.map(Text::new).collect();
    }
    let words: Vec<&str> = text.split_ascii_whitespace().skip(1).filter(|word| !word.starts_with("--")).collect();
    match words.split_last() {
        Some((_, sources)) if !sources.iter().any(|source| source.starts_with(['[', '<'])) => {
            sources.iter().copied().map(Text::new).collect()
        }
        _ => Few::new(),
    }
}

/// A file tells of some step of the stage.
pub(super) fn is_told(stage: &Stage) -> bool {
    stage.steps.iter().any(|step| step.digests.is_some())
}

impl Case {
    /// The miss in its build, with what the log said of the first one of the stage.
    pub(super) fn found(self, build: &Build, said: Option<&Found>) -> Option<Found> {
        build.steps.get(self.step)?;
        let at = u32::try_from(self.step).ok()?;
        let same = said.filter(|said| said.step == at);
        Some(Found {
            step: at,
            first: same.is_some_and(|said| said.first),
            before: same.and_then(|said| said.before),
            against: said.and_then(|said| said.against),
            differs: self.proved.parts(),
            hidden: Few::new(),
            store: said.map_or(Store::default(), |said| said.store),
            because: self.because,
            confidence: self.confidence,
            proved: Some(Box::new(self.proved)),
        })
    }
}

impl Proved {
    /// Parts of the key that differ.
    fn parts(&self) -> Few<KeyPart> {
        let each = |part: fn(Text) -> KeyPart, unnamed: KeyPart| -> Few<KeyPart> {
            if self.inputs.is_empty() { Few::from([unnamed]) } else { self.inputs.iter().cloned().map(part).collect() }
        };
        match self.differs {
            Difference::Instruction => Few::from([KeyPart::Instruction]),
            Difference::Arguments => each(KeyPart::Argument, KeyPart::Values),
            Difference::Options => each(KeyPart::Option, KeyPart::Options),
            Difference::Base => Few::from([KeyPart::Base]),
            Difference::Files => Few::from([KeyPart::Files]),
            Difference::Nothing | Difference::NothingStored => Few::new(),
        }
    }
}
