//! Why a step is another operation than before: its text, a build argument, an option of the build,
//! or something in the Dockerfile that no log prints.
//!
//! A cache configuration holds one digest of the whole operation. Every ENV and ARG in scope, USER
//! and SHELL are in that of a RUN, so a step with the same text says little by itself: a file that
//! names the parts of the operation decides, else what the log shows beside it. What stays open is
//! said.

use super::super::chain;
use super::parts::{Compared, compare};
use super::{
    Because, Confidence, Difference, Few, JointReason, KeyPart, StagePair, is_other_operation,
};
use crate::model::{Amount, Base, Step, Text};

use Confidence::{Likely, Proven, Suspected};

impl<'a> StagePair<'a> {
    /// Why the step is another operation.
    pub(super) fn operation(&self, step: &'a Step) -> JointReason {
        if let Some(why) = self.by_parts(step) {
            return why;
        }
        if let Some(why) = self.by_log(step) {
            return why;
        }
        if self.earlier(step).is_none() {
            return instruction(Proven);
        }
        if self.has_other_text(step) {
            return self.of_text(step);
        }
        match step.instruction.as_str() {
            // Without a log its path may be another one.
            "WORKDIR" if !self.are_printed(step) => {
                JointReason { open: Few::from([KeyPart::Options]), ..instruction(Suspected) }
            }
            "WORKDIR" => self.of_workdir(),
            "RUN" => self.of_run(step),
            // Values are filled in where they are printed; a here-document is printed in part.
            _ if step.has_text() => instruction(Likely),
            _ => JointReason { open: Few::from([KeyPart::Values]), ..instruction(Proven) },
        }
    }

    /// The text was edited, or a value that is filled in is another one: that would be in every RUN
    /// below, too.
    fn of_text(&self, step: &'a Step) -> JointReason {
        let no_argument = || self.given().is_some_and(|given| given.is_same());
        let sure = self.keeps_a_command_below(step) || no_argument();
        let open = if sure { Few::new() } else { Few::from([KeyPart::Values]) };
        JointReason { open, ..instruction(Proven) }
    }

    /// Both texts are known, and differ.
    pub(super) fn has_other_text(&self, step: &Step) -> bool {
        self.are_printed(step) && self.earlier(step).is_some_and(|other| other.text != step.text)
    }

    /// Both texts are known.
    fn are_printed(&self, step: &Step) -> bool {
        step.has_text() && self.earlier(step).is_some_and(Step::has_text)
    }

    /// A file names the parts of both operations: those that differ say it all.
    fn by_parts(&self, step: &'a Step) -> Option<JointReason> {
        let (before, now) = self.keys(step)?;
        if before.fields.is_empty() || now.fields.is_empty() {
            return None;
        }
        let Compared { differ, untold } = compare(&before.fields, &now.fields);
        let parts = match (differ.as_slice(), untold.as_slice()) {
            // What a here-document holds is a file of its own.
            ([], []) if step.text.contains("<<") => return Some(instruction(Proven)),
            // The `id` of a cache mount is in no definition.
            ([], []) if self.has_other_text(step) => return None,
            ([], []) => return Some(unnamed()),
            // All others are the same.
            ([], [_]) => untold,
            ([], _) => {
                return Some(JointReason {
                    open: in_scope().into(),
                    ..argument(Few::new(), Likely)
                });
            }
            _ => differ,
        };
        let named = |kind: &str| -> Few<Text> {
            let own = |part: &Text| part.strip_prefix(kind)?.strip_prefix(' ').map(Text::new);
            parts.iter().filter_map(own).collect()
        };
        let (arguments, options) = (named("argument"), named("option"));
        // The rest is written in the Dockerfile: the text, USER, SHELL.
        if parts.len() > arguments.len() + options.len() {
            let of_image = |part: &Text| matches!(part.as_str(), "user" | "owner" | "cwd");
            let written = parts.iter().filter(|part| !part.contains(' '));
            return Some(if self.has_other_text(step) {
                instruction(Proven)
            } else if self.base_moved() && written.into_iter().all(of_image) {
                JointReason { open: Few::from([KeyPart::Dockerfile]), ..base() }
            } else {
                above(Proven)
            });
        }
        if !options.is_empty() {
            return Some(self.by_options(options, step));
        }
        Some(self.by_arguments(arguments))
    }

    /// Options of the build differ; those of a mount, the network and the rights may be flags of
    /// the RUN as well, which a definition does not tell apart.
    fn by_options(&self, names: Few<Text>, step: &'a Step) -> JointReason {
        let is_flag = |name: &Text| matches!(name.as_str(), "network" | "security" | "shm-size");
        let option = |sure| JointReason::of(Difference::Options, Because::OptionChanged, sure);
        if !names.iter().any(is_flag) {
            return JointReason { inputs: names, ..option(Proven) };
        }
        if self.now.headless || self.before.headless {
            let open = Few::from([KeyPart::Instruction]);
            return JointReason { inputs: names, open, ..option(Likely) };
        }
        match self.earlier(step) {
            Some(earlier) if !flags(&step.text).eq(flags(&earlier.text)) => instruction(Proven),
            _ => JointReason { inputs: names, ..option(Proven) },
        }
    }

    /// Variables of the command differ, and nothing else does: arguments, unless none of that name
    /// was given another value.
    fn by_arguments(&self, names: Few<Text>) -> JointReason {
        let Some(Compared { differ, untold }) = self.given() else {
            let known = self.is_same_dockerfile();
            let sure = if known { Proven } else { Likely };
            return JointReason { open: open_if(!known), ..argument(names, sure) };
        };
        let is_given = |name: &&Text| differ.contains(name) || untold.contains(name);
        let given: Few<Text> = names.iter().filter(is_given).cloned().collect();
        match (given.is_empty(), self.base_moved()) {
            (false, _) => argument(given, Proven),
            // The environment of the image is in every RUN on it.
            (true, true) => JointReason { open: Few::from([KeyPart::Dockerfile]), ..base() },
            (true, false) => above(Proven),
        }
    }

    /// The command lines say what differs.
    fn by_log(&self, step: &Step) -> Option<JointReason> {
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
        let known = said.confidence == Proven || self.is_same_dockerfile();
        let sure = if known { Proven } else { Likely };
        Some(JointReason {
            inputs,
            open: open_if(!known),
            ..JointReason::of(differs, said.because, sure)
        })
    }

    fn is_said_of(&self, at: u32, step: &Step) -> bool {
        self.now.steps.get(at as usize).is_some_and(|other| std::ptr::eq(other, step))
    }

    /// The path is printed: what is left is the owner, by a USER above, and the time that the build
    /// sets.
    fn of_workdir(&self) -> JointReason {
        if self.is_edited() {
            return JointReason { open: Few::from([KeyPart::Options]), ..above(Likely) };
        }
        let option = JointReason::of(Difference::Options, Because::OptionChanged, Likely);
        JointReason { open: Few::from([KeyPart::Dockerfile]), ..option }
    }

    fn of_run(&self, step: &'a Step) -> JointReason {
        if self.keeps_a_command_below(step) {
            if self.are_printed(step) && !step.text.contains("<<") {
                return self.of_what_ends_above_another(step);
            }
            // Without texts stages that stand on each other are one, and each declares its own.
            // An ENV, USER or SHELL in between ends the scope of what is above it.
            let one = step.has_text() || self.has_no_other_stage();
            let open = if one {
                vec![KeyPart::Dockerfile]
            } else {
                vec![KeyPart::Values, KeyPart::Dockerfile]
            };
            return JointReason { open: open.into(), ..instruction(Proven) };
        }
        if !step.has_text() {
            return if self.commands_below(step).next().is_none() {
                let open = Few::from([KeyPart::Values, KeyPart::Options]);
                let sure = if self.keeps_a_command_above(step) { Likely } else { Suspected };
                JointReason { open, ..instruction(sure) }
            } else {
                let open = [KeyPart::Instruction, KeyPart::Base].into_iter().chain(in_scope());
                JointReason { open: open.collect(), ..argument(Few::new(), Proven) }
            };
        }
        // Of a here-document one line is printed.
        let heredoc = step.text.contains("<<");
        if self.base_moved() {
            let mut open = Few::from([KeyPart::Values, KeyPart::Dockerfile]);
            open.extend(heredoc.then_some(KeyPart::Instruction));
            return JointReason { open, ..base() };
        }
        if heredoc {
            let open = Few::from([KeyPart::Values, KeyPart::Options]);
            return JointReason { open, ..instruction(Likely) };
        }
        self.of_scope(step)
    }

    /// The command is printed, and the same, and so is the key of one below it: an option of the
    /// build is none of it, and what changed is hidden by an ENV, USER or SHELL between the two.
    fn of_what_ends_above_another(&self, step: &Step) -> JointReason {
        let why = self.of_scope(step);
        let sure = why.confidence.min(Likely);
        if why.because == Because::OptionChanged {
            return above(sure);
        }
        let open: Few<KeyPart> =
            why.open.iter().filter(|part| **part != KeyPart::Options).cloned().collect();
        JointReason { open, confidence: sure, ..why }
    }

    /// For each RUN below in the stage whether it is another operation.
    fn commands_below(&self, step: &'a Step) -> impl Iterator<Item = Option<bool>> {
        let place = step.position;
        self.commands().filter(move |(at, _)| *at > place).map(|(_, other)| other)
    }

    /// A RUN above in the stage is the same operation: what is in the scope of all is the same.
    fn keeps_a_command_above(&self, step: &'a Step) -> bool {
        let place = step.position;
        self.commands().any(|(at, other)| at < place && other == Some(false))
    }

    /// The place of each RUN of the stage, and whether it is another operation. One that has a
    /// network of its own does not depend on that of the build.
    fn commands(&self) -> impl Iterator<Item = (u32, Option<bool>)> {
        let steps = self.stage.steps.iter().copied();
        let commands =
            steps.filter(|other| other.instruction == "RUN" && !other.text.contains("--network="));
        commands.filter_map(|other| {
            let (before, now) = self.keys(other)?;
            Some((other.position, is_other_operation(before, now)))
        })
    }

    fn has_no_other_stage(&self) -> bool {
        let (name, platform) = (self.stage.name, self.stage.platform);
        self.now.steps.iter().all(|step| step.is_of(name, platform))
    }

    fn keeps_a_command_below(&self, step: &'a Step) -> bool {
        self.commands_below(step).any(|other| other == Some(false))
    }

    /// The command is the same, and stands on the same: what is left is an argument, what the
    /// Dockerfile says above it, and options of the build.
    fn of_scope(&self, step: &Step) -> JointReason {
        let Some(Compared { differ, untold }) = self.given() else {
            return self.of_unknown_arguments();
        };
        let declared = step.trace.as_ref().and_then(|trace| trace.declared.as_ref());
        let may_count = |name: &&Text| declared.is_none_or(|names| names.contains(name));
        let names: Few<Text> = differ.iter().filter(may_count).cloned().collect();
        if !names.is_empty() {
            return match declared {
                Some(_) => argument(names, Proven),
                None => JointReason { open: in_scope().into(), ..argument(names, Likely) },
            };
        }
        if untold.iter().any(|name| may_count(&name)) {
            return JointReason { open: in_scope().into(), ..argument(Few::new(), Likely) };
        }
        if self.is_edited() {
            return above(Likely);
        }
        let sure = if self.is_same_dockerfile() { Likely } else { Suspected };
        let option = JointReason::of(Difference::Options, Because::OptionChanged, sure);
        JointReason { open: Few::from([KeyPart::Dockerfile]), ..option }
    }

    /// That the operation is another one is proven; which of these it is, is not.
    fn of_unknown_arguments(&self) -> JointReason {
        if self.is_edited() {
            return JointReason {
                open: Few::from([KeyPart::Values, KeyPart::Options]),
                ..above(Likely)
            };
        }
        let sure = if self.is_same_dockerfile() { Proven } else { Likely };
        JointReason { open: in_scope().into(), ..argument(Few::new(), sure) }
    }

    fn is_same_dockerfile(&self) -> bool {
        !self.other_commit
            && is_same_file(self.before.dockerfile.as_ref(), self.now.dockerfile.as_ref())
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
        before.zip(below(step)).is_some_and(|(was, is)| match was.is_same(is) {
            Some(same) => !same,
            None => was.has_layers_of(is),
        })
    }

    /// Build arguments of both builds, where files tell all of them.
    fn given(&self) -> Option<Compared> {
        Some(compare(self.before.given.as_ref()?, self.now.given.as_ref()?))
    }
}

/// `--network=none` and the like, as a RUN has them.
fn flags(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split_ascii_whitespace().skip(1);
    words.take_while(|word| word.starts_with("--"))
}

fn instruction(sure: Confidence) -> JointReason {
    JointReason::of(Difference::Instruction, Because::InstructionChanged, sure)
}

fn above(sure: Confidence) -> JointReason {
    JointReason::of(Difference::Above, Because::InstructionChanged, sure)
}

fn base() -> JointReason {
    JointReason::of(Difference::Base, Because::BaseChanged, Likely)
}

fn argument(names: Few<Text>, sure: Confidence) -> JointReason {
    JointReason {
        inputs: names,
        ..JointReason::of(Difference::Arguments, Because::ArgumentChanged, sure)
    }
}

/// No part that has a name differs: the platform, or what a newer builder writes.
fn unnamed() -> JointReason {
    let open = Few::from([KeyPart::Options]);
    JointReason { open, ..JointReason::of(Difference::Options, Because::OptionChanged, Suspected) }
}

fn open_if(open: bool) -> Few<KeyPart> {
    if open { in_scope().into() } else { Few::new() }
}

/// What else is in every RUN: ENV, USER and SHELL, and options of the build.
fn in_scope() -> [KeyPart; 2] {
    [KeyPart::Dockerfile, KeyPart::Options]
}

/// As many bytes of the Dockerfile were sent. An edit may keep the size, as that of a version does:
/// it needs another commit.
fn is_same_file(a: Option<&Amount>, b: Option<&Amount>) -> bool {
    a.zip(b).is_some_and(|(a, b)| a.is_as_large_as(b))
}
