//! Why a step is another operation than before: its text, a build argument, an option of the build,
//! or something in the Dockerfile that no log prints.
//!
//! A cache configuration holds one digest of the whole operation. Every ENV and ARG in scope, USER
//! and SHELL are in that of a RUN, so a step with the same text says little by itself: a file that
//! names the parts of the operation decides, else what the log shows beside it. What stays open is
//! said.

use std::collections::BTreeSet;

use super::super::chain;
use super::{Because, Confidence, Difference, Few, KeyPart, Pair, Why, is_other_operation};
use crate::model::{Amount, Base, Build, Digest, EvidenceKind, Step, Text};

use Confidence::{Likely, Proven, Suspected};

impl<'a> Pair<'a> {
    /// Why the step is another operation.
    pub(super) fn operation(&self, step: &'a Step) -> Why {
        if let Some(why) = self.by_parts(step) {
            return why;
        }
        if let Some(why) = self.by_log(step) {
            return why;
        }
        if self.has_other_text(step) {
            return instruction(Proven);
        }
        match step.instruction.as_str() {
            // Without a log its path may be another one.
            "WORKDIR" if !self.are_printed(step) => {
                Why { open: Few::from([KeyPart::Options]), ..instruction(Suspected) }
            }
            "WORKDIR" => self.of_workdir(),
            "RUN" => self.of_run(step),
            // Values are filled in where they are printed; a here-document is printed in part.
            _ => instruction(if is_printed(step) { Likely } else { Proven }),
        }
    }

    /// Both texts are known, and differ.
    fn has_other_text(&self, step: &Step) -> bool {
        self.are_printed(step) && self.earlier(step).is_some_and(|other| other.text != step.text)
    }

    /// Both texts are known.
    fn are_printed(&self, step: &Step) -> bool {
        is_printed(step) && self.earlier(step).is_some_and(is_printed)
    }

    /// A file names the parts of both operations: those that differ say it all.
    fn by_parts(&self, step: &'a Step) -> Option<Why> {
        let (before, now) = self.keys(step)?;
        let parts = differing(&before.fields, &now.fields);
        let named = |kind: &str| -> Few<Text> {
            parts
                .iter()
                .filter_map(|part| part.strip_prefix(kind)?.strip_prefix(' '))
                .map(Text::new)
                .collect()
        };
        if before.fields.is_empty() || now.fields.is_empty() || parts.is_empty() {
            return None;
        }
        let (arguments, options) = (named("argument"), named("option"));
        // The rest is written in the Dockerfile: the text, USER, SHELL.
        if parts.len() > arguments.len() + options.len() {
            return Some(if self.has_other_text(step) {
                instruction(Proven)
            } else {
                above(Proven)
            });
        }
        if !options.is_empty() {
            return Some(Why {
                inputs: options,
                ..Why::of(Difference::Options, Because::OptionChanged, Proven)
            });
        }
        let Some(given) = self.given() else {
            let edited = self.is_edited();
            let sure = if edited { Likely } else { Proven };
            return Some(Why { open: open_if(edited), ..argument(arguments, sure) });
        };
        let given: Few<Text> =
            arguments.iter().filter(|name| given.contains(*name)).cloned().collect();
        match (given.is_empty(), self.base_moved()) {
            (false, _) => Some(argument(given, Proven)),
            // The environment of the image is in every RUN on it.
            (true, true) => Some(base()),
            (true, false) => Some(above(Proven)),
        }
    }

    /// The command lines say what differs.
    fn by_log(&self, step: &Step) -> Option<Why> {
        let said = self.said.filter(|said| self.is_said_of(said.step, step))?;
        let name = |part: &KeyPart| match part {
            KeyPart::Argument(name) | KeyPart::Option(name) => Some(name.clone()),
            _ => None,
        };
        let inputs: Few<Text> = said.differs.iter().filter_map(name).collect();
        let differs = match said.because {
            Because::ArgumentChanged => Difference::Arguments,
            Because::OptionChanged => Difference::Options,
            _ => return None,
        };
        let edited = self.is_edited() && said.confidence != Proven;
        let sure = if edited { Likely } else { Proven };
        Some(Why { inputs, open: open_if(edited), ..Why::of(differs, said.because, sure) })
    }

    fn is_said_of(&self, at: u32, step: &Step) -> bool {
        self.now.steps.get(at as usize).is_some_and(|other| std::ptr::eq(other, step))
    }

    /// The path is printed: what is left is the owner, by a USER above, and the time that the build
    /// sets.
    fn of_workdir(&self) -> Why {
        if self.is_edited() {
            return Why { open: Few::from([KeyPart::Options]), ..above(Likely) };
        }
        let option = Why::of(Difference::Options, Because::OptionChanged, Likely);
        Why { open: Few::from([KeyPart::Dockerfile]), ..option }
    }

    fn of_run(&self, step: &'a Step) -> Why {
        let below = self.stage.steps.iter().filter(|other| other.position > step.position);
        let runs =
            below.filter(|other| other.instruction == "RUN").filter_map(|other| self.keys(other));
        let others: Vec<Option<bool>> =
            runs.map(|(before, now)| is_other_operation(before, now)).collect();
        // An argument or a variable is in all that follow.
        if others.contains(&Some(false)) {
            return instruction(Proven);
        }
        if !is_printed(step) {
            return if others.is_empty() {
                let open = Few::from([KeyPart::Values, KeyPart::Options]);
                Why { open, ..instruction(Suspected) }
            } else {
                argument(self.names(step), Proven)
            };
        }
        if step.text.contains("<<") {
            return Why {
                open: Few::from([KeyPart::Values, KeyPart::Options]),
                ..instruction(Likely)
            };
        }
        if self.base_moved() {
            return Why { open: Few::from([KeyPart::Values, KeyPart::Dockerfile]), ..base() };
        }
        let names = self.names(step);
        let none = self.given().is_some() && names.is_empty();
        if self.is_edited() && names.is_empty() {
            let open =
                if none { Few::new() } else { Few::from([KeyPart::Values, KeyPart::Options]) };
            return Why { open, ..above(Likely) };
        }
        let same = !self.other_commit
            && is_same_file(self.before.dockerfile.as_ref(), self.now.dockerfile.as_ref());
        if none {
            let option = Why::of(
                Difference::Options,
                Because::OptionChanged,
                if same { Likely } else { Suspected },
            );
            return Why { open: Few::from([KeyPart::Dockerfile]), ..option };
        }
        let sure = if same { Proven } else { Likely };
        Why { open: open_if(!same), ..argument(names, sure) }
    }

    /// Another Dockerfile was sent.
    fn is_edited(&self) -> bool {
        chain::is_other_size(&self.before.dockerfile, &self.now.dockerfile)
    }

    /// The base image of the stage is another one: the logs print its digest, if only under the
    /// name of another stage on it, or the records of first steps name it.
    fn base_moved(&self) -> bool {
        let before = |base: &Base| self.before.base_of(&base.stage, &base.platform);
        let moved = |base: &Base| before(base).is_some_and(|old| chain::is_other_base(old, base));
        if let Some(base) = self.stage.base.filter(|base| before(base).is_some()) {
            return moved(base);
        }
        self.now.bases.iter().any(moved)
            || self.now.steps.iter().any(|step| self.stands_on_another(step))
    }

    /// Nothing but an image lies below the step, and it has no record in common with the one that
    /// lay below it before.
    fn stands_on_another(&self, step: &'a Step) -> bool {
        let below =
            |step: &'a Step| step.digests.as_ref()?.inputs.first().filter(|input| !input.step);
        let here = |other: &&Step| {
            other.position == step.position && other.is_of(&step.stage, &step.platform)
        };
        let before = self.before.steps.iter().find(here).and_then(below);
        before.zip(below(step)).is_some_and(|(was, is)| was.is_same(is) == Some(false))
    }

    /// Build arguments with other values, where files tell all of them. A history remembers the
    /// files, not what they say of arguments.
    fn given(&self) -> Option<Vec<Text>> {
        let tells =
            |(told, source): &(EvidenceKind, Text)| tells_arguments(*told) && !source.is_empty();
        let told = |build: &Build| build.told.iter().any(tells);
        let both = told(self.before) && told(self.now);
        both.then(|| differing(&self.before.given, &self.now.given))
    }

    /// Those of them that the Dockerfile, where it is known, declares above the step.
    fn names(&self, step: &Step) -> Few<Text> {
        let declared = step.trace.as_ref().and_then(|trace| trace.declared.as_ref());
        let given = self.given().unwrap_or_default().into_iter();
        given.filter(|name| declared.is_none_or(|names| names.contains(name))).collect()
    }
}

fn instruction(sure: Confidence) -> Why {
    Why::of(Difference::Instruction, Because::InstructionChanged, sure)
}

fn above(sure: Confidence) -> Why {
    Why::of(Difference::Above, Because::InstructionChanged, sure)
}

fn base() -> Why {
    Why::of(Difference::Base, Because::BaseChanged, Likely)
}

fn argument(names: Few<Text>, sure: Confidence) -> Why {
    Why { inputs: names, ..Why::of(Difference::Arguments, Because::ArgumentChanged, sure) }
}

fn open_if(open: bool) -> Few<KeyPart> {
    if open { Few::from([KeyPart::Dockerfile, KeyPart::Options]) } else { Few::new() }
}

/// The text is more than a kind.
fn is_printed(step: &Step) -> bool {
    step.text != step.instruction
}

/// As many bytes of the Dockerfile were sent; from 1000 on the log rounds. An edit may keep the
/// size, as that of a version does: it needs another commit.
fn is_same_file(a: Option<&Amount>, b: Option<&Amount>) -> bool {
    let exact = |size: &str| {
        size.strip_suffix('B').is_some_and(|n| n.bytes().all(|byte| byte.is_ascii_digit()))
    };
    a.zip(b).is_some_and(|(a, b)| a.size == b.size && exact(&a.size))
}

/// The file names all build arguments.
fn tells_arguments(told: EvidenceKind) -> bool {
    matches!(
        told,
        EvidenceKind::DockerBuild
            | EvidenceKind::Provenance
            | EvidenceKind::Metadata
            | EvidenceKind::Inspect
    )
}

/// Names that stand for other values on the two sides, or are on one side only.
fn differing(before: &[(Text, Digest)], now: &[(Text, Digest)]) -> Vec<Text> {
    let only = |of: &[(Text, Digest)], not: &[(Text, Digest)]| -> BTreeSet<Text> {
        of.iter().filter(|part| !not.contains(part)).map(|(name, _)| name.clone()).collect()
    };
    let mut names = only(now, before);
    names.extend(only(before, now));
    names.into_iter().collect()
}
