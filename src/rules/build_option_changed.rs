//! A build option that is part of the cache key is another one than in the run before.

use super::instruction::brief;
use super::past::{self, Past, cost, header};
use super::recurring::same_stage;
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, Severity, ruled_out};
use crate::model::{Command, Step};
use crate::series::{Because, KeyPart};

pub(super) struct BuildOptionChanged;

static META: RuleMeta = RuleMeta {
    id: "build-option-changed",
    title: "a build option that is part of the cache key changes between runs",
    group: "The Dockerfile and its inputs",
    severity: Severity::Warning,
    what: "The command lines of two runs differ in an option that is part of the cache key of \
        every RUN (`--add-host`, `--network`, `--shm-size`, `--ulimit`, `--cgroup-parent`, the \
        variant of `--platform`), and the first step that ran is a RUN with the same text on the \
        same base image.",
    why: "Such an option is part of the environment that a RUN is executed in, so BuildKit puts it \
        into the key of every RUN. With another value none of them is found again.",
    fix: "Give the option the same value in every run, or leave it out of builds that do not need \
        it.",
    rules_out: "Options that are no part of the key: the address of an added host, secrets, ssh, \
        labels, provenance, outputs. Runs whose command lines are not shown, and tools that take \
        options from files.",
    limits: "It needs the command lines of both runs. One changed run is a note: the option may \
        have been meant to change once.",
    example: include_str!("examples/build-option-changed.txt"),
    references: &[
        "https://docs.docker.com/reference/cli/docker/buildx/build/",
        "https://github.com/moby/buildkit/blob/v0.32.2/solver/pb/ops.proto",
    ],
    since: "0.2.0",
};

impl Rule for BuildOptionChanged {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, findings)
    }
}

/// A step that an option reran, in one run.
struct Rerun<'a> {
    at: usize,
    before: Option<usize>,
    step: &'a Step,
}

fn findings(past: &Past) -> Vec<Finding> {
    let mut names: Vec<String> = Vec::new();
    for miss in (0..past.len()).flat_map(|i| past.misses(i)) {
        names.extend(options(miss.because, miss.differs).map(str::to_owned));
    }
    names.sort_unstable();
    names.dedup();
    names.iter().filter_map(|name| finding(past, name)).collect()
}

fn options(because: Because, differs: &[KeyPart]) -> impl Iterator<Item = &str> {
    differs.iter().filter_map(move |part| match part {
        KeyPart::Option(name) if because == Because::OptionChanged => Some(name.as_str()),
        _ => None,
    })
}

fn finding(past: &Past, name: &str) -> Option<Finding> {
    let reruns: Vec<Rerun> = (0..past.len()).flat_map(|at| reruns(past, at, name)).collect();
    let last = reruns.last()?;
    let mut runs: Vec<usize> = reruns.iter().map(|rerun| rerun.at).collect();
    runs.dedup();
    let evidence = reruns.iter().rev().take(3).rev().flat_map(|rerun| lines(past, rerun, name));
    let text = brief(&last.step.text);
    Some(Finding {
        rule: META.id,
        severity: if runs.len() > 1 { META.severity } else { Severity::Note },
        confidence: Confidence::Proven,
        title: format!(
            "`--{name}` invalidates `{text}` in {} of {} builds",
            runs.len(),
            past.len()
        ),
        cause: format!(
            "The command lines differ in `--{name}`, which is part of the cache key of every RUN. \
                `{text}` has the same text on the same base image, but no result for this key is \
                stored, so it and the steps below it ran."
        ),
        evidence: Proof::from_lines(evidence.collect())?
            .seen_in(past.places(reruns.iter().map(|rerun| rerun.at))),
        fix: fix(name),
        impact: impact(past, &reruns, runs.len()),
        rules_out: vec![
            ruled_out(
                "build arguments and the Dockerfile (the command lines differ in this option)",
            ),
            ruled_out("a lost cache (this run asked for another key)"),
        ],
        subject: past.subject(name),
    })
}

fn reruns<'a>(past: &Past<'a>, at: usize, name: &str) -> Vec<Rerun<'a>> {
    let mut reruns = Vec::new();
    for miss in past.misses(at) {
        if options(miss.because, miss.differs).any(|known| known == name) {
            let before = miss.before.and_then(|(place, _)| past.index_of(place));
            reruns.push(Rerun { at, before, step: miss.step });
        }
    }
    reruns
}

fn impact(past: &Past, reruns: &[Rerun], runs: usize) -> crate::finding::Impact {
    let steps = reruns.iter().filter_map(|rerun| {
        let (_, build) = past.get(rerun.at)?;
        Some(same_stage(build, rerun.step).filter(|step| step.position >= rerun.step.position))
    });
    cost(steps.flatten(), runs)
}

/// Both command lines, and the step.
fn lines(past: &Past, rerun: &Rerun, name: &str) -> Vec<Evidence> {
    let mut lines = Vec::new();
    let with = |command: &&Command| command.options.iter().any(|option| option.name == name);
    for (at, shows) in [(rerun.before, "the run before"), (Some(rerun.at), "this run")] {
        let Some(at) = at else { continue };
        let Some((run, _)) = past.get(at) else { continue };
        let commands = past.commands(at);
        let Some(command) = commands.iter().find(with).or_else(|| commands.last()) else {
            continue;
        };
        let has = if with(&command) { "has" } else { "has no" };
        let line = command.line_with(name);
        lines.push(Study::quote(run, line, &format!("{shows} {has} `--{name}`")));
    }
    let run = past.get(rerun.at).map(|(run, _)| run);
    lines.extend(run.map(|run| header(run, rerun.step, "ran, with the same text as before")));
    lines
}

fn fix(name: &str) -> Fix {
    Fix {
        summary: format!("give `--{name}` the same value in every run"),
        steps: vec![
            format!("Write one fixed value of `--{name}` into the command, without a job's or a \
                run's name or number in it."),
            "Where only one command of the build needs it, do that command in a step of its own at \
                the end, or outside of the build.".to_owned(),
        ],
        ..Fix::default()
    }
}
