//! What a step is, from the name of its vertex. The same names come with every build of a job, so
//! what was lately made of one is not made again.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use crate::model::{Instruction, Recent, Shared, StepName};

/// The instruction of a step with this name; `targets` stand in front of it.
pub(super) fn of_step(
    name: &str,
    parsed: &StepName,
    targets: &BTreeSet<String>,
) -> Shared<Instruction> {
    thread_local!(static RECENT: Recent<NamedInstruction> = Recent::default());
    let make = || Shared::from(instruction(name, parsed, targets));
    if !targets.is_empty() {
        // The name alone does not tell what it is.
        return make();
    }
    let known = RECENT.with(|recent| recent.get(name, || Some(NamedInstruction(make()))));
    known.map_or_else(make, |NamedInstruction(known)| known)
}

/// The instruction with this name in a stage, where a name does not tell the stage.
pub(super) fn in_stage(
    name: &str,
    stage: &str,
    make: impl Fn() -> Instruction,
) -> Shared<Instruction> {
    thread_local!(static RECENT: Recent<NamedInstruction> = Recent::default());
    let make = || Shared::from(make());
    match RECENT.with(|recent| recent.get(name, || Some(NamedInstruction(make())))) {
        Some(NamedInstruction(known)) if known.stage == stage => known,
        _ => make(),
    }
}

/// The stage and the platform of a step. Of `[web web 2/3]` the first word is the target, the other
/// one a stage that is called as it is.
pub(super) fn place_of<'a>(
    parsed: &StepName<'a>,
    targets: &BTreeSet<String>,
) -> (&'a str, &'a str) {
    let mut words = parsed.before.split_ascii_whitespace().peekable();
    words.next_if(|word| targets.contains(*word));
    let stage = words.clone().rfind(|w| !w.contains('/')).unwrap_or_default();
    (stage, words.find(|w| w.contains('/')).unwrap_or_default())
}

fn instruction(name: &str, parsed: &StepName, targets: &BTreeSet<String>) -> Instruction {
    let (stage, platform) = place_of(parsed, targets);
    let (instruction, _) = parsed.text.split_once(' ').unwrap_or((parsed.text, ""));
    Instruction {
        name: name.into(),
        stage: stage.into(),
        platform: platform.into(),
        position: parsed.position,
        of: parsed.of,
        instruction: instruction.to_ascii_uppercase().into(),
        text: parsed.text.into(),
        ..Instruction::default()
    }
}

/// An instruction, found by its name.
#[derive(Clone)]
struct NamedInstruction(Shared<Instruction>);

impl Borrow<str> for NamedInstruction {
    fn borrow(&self) -> &str {
        &self.0.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse_step_name;

    #[test]
    fn one_name_is_one_instruction_unless_its_first_word_is_a_target() {
        let of = |name: &str, targets: &[&str]| {
            let targets = targets.iter().map(ToString::to_string).collect();
            of_step(name, &parse_step_name(name).unwrap(), &targets)
        };
        let alone = || of("[linux/amd64 web 2/3] run make", &[]);
        assert!(alone().is(&alone()));
        let made = alone();
        assert_eq!(
            (&*made.stage, &*made.platform, &*made.instruction),
            ("web", "linux/amd64", "RUN")
        );
        for (name, stage) in [
            ("[web 2/3] run make", ""),
            ("[web web 2/3] run make", "web"),
            ("[api linux/amd64 web 2/3] run make", "web"),
        ] {
            assert_eq!(&*of(name, &["api", "web"]).stage, stage, "{name}");
        }
    }
}
