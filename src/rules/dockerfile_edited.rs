//! An instruction was edited between two runs.

mod resized;

use super::dockerfile_at;
use super::instruction::{brief, brief_difference};
use super::past::{self, Past, cost, header};
use super::recurring::{Spot, same_stage, spots};
use super::volatile_build_arg::{Culprit, culprits, explains};
use super::{Cause, Rule, RuleMeta, Study};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::Step;
use crate::series::{Because, KeyPart, Miss};

pub(super) struct DockerfileEdited;

static META: RuleMeta = RuleMeta {
    id: "dockerfile-edited",
    title: "an instruction of the Dockerfile changed between runs",
    group: "The Dockerfile and its inputs",
    severity: Severity::Note,
    what: "The cache broke at a step whose text differs from the run before; or at a RUN or \
        WORKDIR with the same text on the same base image, and the size of the Dockerfile that was \
        sent to the builder changed.",
    why: "A step with a different text is a new step: it runs, and everything after it. That is \
        expected; it explains the run.",
    fix: "No action needed. What is edited often belongs near the end of its stage.",
    rules_out: "A text that differs in a value in nearly every run (volatile-build-arg), steps \
        that ran because one before them did.",
    limits: "Only the text that the builder prints is compared, and the size of the Dockerfile: \
        ENV, USER, SHELL and the default of an ARG have no line of their own. It is a fact worth \
        knowing, not a fault.",
    example: include_str!("examples/dockerfile-edited.txt"),
    references: &["https://docs.docker.com/build/cache/invalidation/"],
    since: "0.1.0",
};

impl Rule for DockerfileEdited {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Rule("cache-ref-shared")]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, finding)
    }
}

/// A step with another text than before: the run, the step, and the one it replaced, with its run.
type Edit<'a> = (usize, &'a Step, Option<(usize, &'a Step)>);

/// An edit that is printed, else one that only the size of the Dockerfile shows.
fn finding(past: &Past) -> Option<Finding> {
    printed(past).or_else(|| resized::finding(past, &META))
}

fn printed(past: &Past) -> Option<Finding> {
    let known = culprits(past);
    let all = spots(past);
    let edits: Vec<(Edit, &Spot)> = all.iter().flat_map(|spot| edits(past, &known, spot)).collect();
    let ((_, step, before), spot) = edits.last()?;
    let mut evidence: Vec<Evidence> =
        edits.iter().rev().take(3).flat_map(|(edit, _)| lines(past, edit)).collect();
    evidence.extend(dockerfile_at::line_of(past, spot, "where it is now"));
    let change = before.map_or_else(
        || format!("`{}` is new", brief(&step.text)),
        |(_, old)| {
            let (old, new) = brief_difference(&old.text, &step.text);
            format!("`{old}` became `{new}`")
        },
    );
    let rerun = edits.iter().flat_map(|((i, ..), spot)| spot.rerun(past, *i));
    let is_as_large = edits.last().is_some_and(|(edit, _)| is_as_large(past, edit));
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: if is_as_large {
            format!("the text of a step changed: {change}")
        } else {
            format!("the Dockerfile was edited: {change}")
        },
        cause: cause(is_as_large),
        evidence: Proof::from_lines(evidence)?,
        fix: fix("step"),
        impact: cost(rerun, edits.len()),
        rules_out: vec![
            not_ruled_out("a build argument that the step prints"),
            to_decide(
                "look at \
            the commit",
            ),
        ],
        subject: past.subject("Dockerfile"),
    })
}

fn cause(is_as_large: bool) -> String {
    if is_as_large {
        return "A step is looked up by its text, so one with a new text is not in any cache, and \
            what follows it runs again. The Dockerfile that was sent is as large as before: either \
            an edit kept its size, or the text shows the value of a build argument."
            .to_owned();
    }
    "A step is looked up by its text, so an edited one is not in any cache, and what follows it \
        runs again."
        .to_owned()
}

/// The Dockerfile that was sent has the same size as when the step had its old text.
fn is_as_large(past: &Past, (i, _, before): &Edit) -> bool {
    let sent = |at: usize| past.builds.get(at)?.dockerfile.as_ref();
    let then = before.and_then(|(at, _)| sent(at));
    then.zip(sent(*i)).is_some_and(|(then, now)| then.is_as_large_as(now))
}

/// The text is another one, and not by the value of an argument that stands in it.
fn is_edit(miss: &Miss) -> bool {
    let by_argument = miss.differs.iter().any(|part| matches!(part, KeyPart::Argument(_)));
    miss.because == Because::InstructionChanged && !by_argument
}

fn edits<'p, 'a>(
    past: &'p Past<'a>,
    known: &'p [Culprit],
    spot: &'p Spot<'a>,
) -> Vec<(Edit<'a>, &'p Spot<'a>)> {
    if explains(known, spot) {
        return Vec::new();
    }
    spot.broken.iter().filter_map(|i| Some((edit(past, spot, *i)?, spot))).collect()
}

fn edit<'a>(past: &Past<'a>, spot: &Spot<'a>, i: usize) -> Option<Edit<'a>> {
    let step = spot.step(i)?;
    if !past.misses_of(i, step).any(|miss| is_edit(&miss)) {
        return None;
    }
    let aligned = spot.before(past, i);
    if aligned.is_some_and(|(j, old)| is_another(past, spot, (j, old), i)) {
        return None;
    }
    let is_new = || !appears_before(past, i, step) && !was_shared(past, i, step);
    let new = aligned.map_or_else(is_new, |(_, old)| old.text != step.text);
    new.then(|| (i, step, aligned.or_else(|| replaced(past, i, step))))
}

/// The text is of another Dockerfile, or of another branch: the command lines name other files, or
/// the old text comes back in a later run.
fn is_another(past: &Past, spot: &Spot, (j, old): (usize, &Step), i: usize) -> bool {
    let files = |at: usize| past.commands(at).iter().map(|command| command.file.as_deref());
    let comes_back = |k: usize| spot.step(k).is_some_and(|step| step.text == old.text);
    !files(j).eq(files(i)) || (i + 1..past.len()).any(comes_back)
}

/// Another build of the stage has the very text, in another place.
fn appears_before(past: &Past, i: usize, step: &Step) -> bool {
    past.misses_of(i, step)
        .filter_map(|miss| miss.before)
        .any(|(place, _)| past.index_of(place).is_some())
}

/// The run before printed it as the step of another stage, which began alike.
fn was_shared(past: &Past, i: usize, step: &Step) -> bool {
    let before = past.previous(i).and_then(|previous| past.builds.get(previous));
    let same = |other: &Step| {
        other.position == step.position
            && other.platform == step.platform
            && other.text == step.text
    };
    before.is_some_and(|before| before.steps.iter().any(same))
}

/// The step that stood in its place in the run before, and is gone.
fn replaced<'a>(past: &Past<'a>, i: usize, step: &Step) -> Option<(usize, &'a Step)> {
    let previous = past.previous(i)?;
    let (before, now) = (past.builds.get(previous)?, past.builds.get(i)?);
    let mut there = same_stage(before, step).filter(|s| s.position == step.position);
    let old = there.find(|s| {
        s.instruction == step.instruction && !same_stage(now, step).any(|n| n.text == s.text)
    });
    Some((previous, old?))
}

fn lines(past: &Past, (i, step, before): &Edit) -> Vec<Evidence> {
    let mut lines = Vec::new();
    let old = before.and_then(|(at, old)| Some((old, past.get(at)?)));
    lines.extend(old.map(|(old, (run, _))| header(run, old, "as it was")));
    lines.extend(
        past.get(*i).map(|(run, _)| header(run, step, "as it is now: it ran, and what follows")),
    );
    lines
}

fn fix(edited: &str) -> Fix {
    Fix {
        summary: "no action needed".to_owned(),
        steps: vec![format!(
            "If this {edited} is edited often, move it below the steps that do not depend on it."
        )],
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;

    fn run() -> Made {
        made().import("r.example.com/a:c", None).from("node:20", "aa").hit("WORKDIR /app")
    }

    #[test]
    fn notes_an_edit() {
        let found = DockerfileEdited
            .check(&of(vec![run().hit("RUN npm ci"), run().miss("RUN npm ci --omit=dev")]));
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
        assert!(found[0].title.contains("became `RUN npm ci --omit=dev`"), "{}", found[0].title);
    }

    #[test]
    fn leaves_values_and_changed_files() {
        let value = |v: u32| run().miss(&format!("RUN echo building 1.{v} && make"));
        assert!(DockerfileEdited.check(&of(vec![value(1), value(2), value(3)])).is_empty());
        let copied = || run().miss("COPY . .").miss("RUN make");
        assert!(DockerfileEdited.check(&of(vec![copied(), copied()])).is_empty());
    }
}
