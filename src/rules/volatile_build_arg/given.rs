//! An argument whose value is another one on the command lines of two runs, and the step that ran
//! because of it: in its text, in the environment of a RUN, or, for `SOURCE_DATE_EPOCH`, in the
//! time of a WORKDIR.

use crate::finding::{Alternative, Confidence, Finding, Fix, Severity, not_ruled_out, ruled_out};
use crate::model::{Step, Text};
use crate::rules::build_args;
use crate::rules::command_lines::{self, Given, Rerun};
use crate::rules::instruction::brief;
use crate::rules::past::Past;
use crate::rules::{RuleMeta, dockerfile_at};
use crate::series::{Because, EPOCH, KeyPart, Miss, chain};

/// The argument that reran steps in most runs.
pub(super) fn finding(past: &Past, meta: &RuleMeta) -> Option<Finding> {
    let mut names: Vec<Text> = Vec::new();
    for i in 0..past.len() {
        names.extend(past.misses(i).flat_map(|miss| arguments(&miss)));
    }
    names.sort_unstable();
    let mut best: Option<(usize, &str)> = None;
    for same in names.chunk_by(|a, b| a == b) {
        let Some(name) = same.first() else { continue };
        if best.is_none_or(|(most, _)| same.len() > most) {
            best = Some((same.len(), name));
        }
    }
    of(past, best?.1, meta)
}

fn of_the_dockerfile(edited: bool) -> Alternative {
    if edited {
        not_ruled_out("an edit of the Dockerfile, whose size is another one as well")
    } else {
        ruled_out("the Dockerfile (nothing in the logs shows that it was edited)")
    }
}

fn arguments(miss: &Miss) -> Vec<Text> {
    let name = |part: &KeyPart| match part {
        KeyPart::Argument(name) => Some(name.clone()),
        _ => None,
    };
    miss.differs.iter().filter_map(name).collect()
}

fn of(past: &Past, name: &str, meta: &RuleMeta) -> Option<Finding> {
    let given = Given { name, shown: name, gives: build_args::gives };
    let is_for = |miss: &Miss| arguments(miss).iter().any(|known| known == name);
    let mut reruns = command_lines::reruns(past, is_for);
    reruns.retain(|rerun| is_declared(past, rerun, name));
    let last = reruns.last()?;
    if is_mended(past, last, name) {
        return None;
    }
    let runs = command_lines::runs(&reruns);
    let text = brief(&last.step.text);
    Some(Finding {
        rule: meta.id,
        severity: if runs > 1 { meta.severity } else { Severity::Note },
        confidence: reruns.iter().map(|rerun| rerun.confidence).max()?,
        title: format!("`{name}` invalidates `{text}` in {runs} of {} builds", past.len()),
        cause: cause(past, name, last),
        evidence: command_lines::proof(past, &reruns, &given)?,
        fix: fix(past, name, last),
        impact: command_lines::impact(past, &reruns),
        rules_out: vec![
            ruled_out("a lost cache (this run asked for a different key)"),
            of_the_dockerfile(reruns.iter().any(|rerun| command_lines::edited(past, rerun))),
        ],
        subject: past.subject(name),
    })
}

/// The newest runs do not give the argument any more, or give it other values each, and the step
/// came from the cache all the same.
fn is_mended(past: &Past, last: &Rerun, name: &str) -> bool {
    let value = |i: usize| build_args::value(past, i, name);
    let spared = |i: usize| {
        let commands = past.commands(i);
        let without = !commands.iter().any(|c| build_args::gives(c, name));
        let other = || past.previous(i).is_none_or(|before| value(before) != value(i));
        !commands.is_empty() && (without || other())
    };
    command_lines::is_mended(past, last, spared)
}

/// The Dockerfile, where it is given, declares the argument above the step; what is in the text is.
fn is_declared(past: &Past, rerun: &Rerun, name: &str) -> bool {
    if name == EPOCH || rerun.confidence == Confidence::Proven {
        return true;
    }
    let Some((run, build)) = past.get(rerun.at) else { return false };
    if chain::keys_hold_all_arguments(build) {
        return true;
    }
    let Some(file) = dockerfile_at::of(past.study, run, build) else { return true };
    let Some(place) = file.of_step(build, rerun.step) else { return true };
    let values = file.values_above(place);
    let mut names =
        values.iter().flat_map(|value| crate::config::dockerfile::declared(&value.text));
    names.any(|known| known == name)
}

/// The step is above the ARG, and this buildah has the argument in its key all the same.
fn is_below(past: &Past, rerun: &Rerun, name: &str) -> bool {
    let step = rerun.step;
    let declares = |other: &&Step| {
        let mut words = other.text.split_ascii_whitespace().skip(1);
        other.instruction == "ARG"
            && other.is_of(&step.stage, &step.platform)
            && words.any(|word| word.split('=').next() == Some(name))
    };
    let Some((_, build)) = past.get(rerun.at) else { return false };
    let argument = build.steps.iter().find(declares);
    chain::keys_hold_all_arguments(build)
        && argument.is_some_and(|argument| argument.position > step.position)
}

fn cause(past: &Past, name: &str, last: &Rerun) -> String {
    let step = last.step;
    let text = brief(&step.text);
    if name == EPOCH {
        return format!(
            "The command lines give `{EPOCH}` a different value than before. Since BuildKit 0.22 \
                it is the time of the directory that a WORKDIR makes, and so part of its cache \
                key: `{text}` and every step below it ran."
        );
    }
    if is_below(past, last, name) {
        return format!(
            "The command lines give the build argument `{name}` a different value than before. \
                This buildah keeps all arguments that the Dockerfile declares in the cache key of \
                every RUN, also of a RUN above the ARG: `{text}` and the steps below it ran."
        );
    }
    if !prints_the_value(last) {
        return format!(
            "The command lines give the build argument `{name}` a different value than before. A \
                declared argument is part of the cache key of every RUN below it, used or not: \
                `{text}` and the steps below it ran."
        );
    }
    format!(
        "The command lines give the build argument `{name}` a different value than before, and \
            `{text}` is printed with the value filled in. With a different text it is a new step: \
            it and those below it ran."
    )
}

/// A RUN with another text shows it there.
fn prints_the_value(rerun: &Rerun) -> bool {
    rerun.step.instruction != "RUN" || rerun.because == Because::InstructionChanged
}

fn fix(past: &Past, name: &str, last: &Rerun) -> Fix {
    if name == EPOCH {
        return fix_of_epoch();
    }
    if is_below(past, last, name) {
        return newer_builder(name);
    }
    if prints_the_value(last) {
        return fix_of_use(name, &brief(&last.step.text));
    }
    Fix {
        summary: format!("declare `ARG {name}` below the steps that do not need it"),
        steps: vec![
            format!("Move `ARG {name}` to right above the first instruction that needs its value."),
            format!(
                "Where `{name}` only tells one build from another, set it as a LABEL at the end of \
                    the last stage."
            ),
        ],
        ..Fix::default()
    }
}

fn newer_builder(name: &str) -> Fix {
    Fix {
        summary: "update buildah or podman".to_owned(),
        steps: vec![
            "Since buildah 1.20 (podman 3.1) an argument is part of the key of those RUN only that \
                are below its ARG."
                .to_owned(),
            format!(
                "With this version the cache is used only while `{name}` has the same value as \
                    before."
            ),
        ],
        ..Fix::default()
    }
}

pub(super) fn fix_of_epoch() -> Fix {
    Fix {
        summary: format!("give `{EPOCH}` a value that does not change with every commit"),
        steps: vec![
            format!(
                "Use a fixed value of `{EPOCH}` for builds whose cache matters, and the commit's \
                    time for releases alone."
            ),
            "A `COPY --link` does not depend on it: copies above the first WORKDIR keep their \
                cache."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

/// A step that uses the value has to run with each new one; those below it need not.
fn fix_of_use(name: &str, text: &str) -> Fix {
    Fix {
        summary: format!("put the steps that do not need `{name}` above `{text}`"),
        steps: vec![
            format!("`{text}` uses `{name}`: each new value rebuilds it and the steps below it."),
            format!("Where the builds can share one value of `{name}`, give it in every run."),
        ],
        ..Fix::default()
    }
}
