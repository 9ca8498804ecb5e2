//! A build option that is part of the cache key is another one than in the run before.

use super::build_args;
use super::command_lines::{self, Given, Rerun};
use super::instruction::brief;
use super::past::{self, Past};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Alternative, Finding, Fix, Severity, not_ruled_out, ruled_out};
use crate::model::Command;
use crate::series::{Because, KeyPart, Miss};

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
        into the key of every RUN. With a different value none of them is found again.",
    fix: "Give the option the same value in every run, or leave it out of builds that do not need \
        it.",
    rules_out: "Options that are not part of the key: the address of an added host, secrets, ssh, \
        labels, provenance, outputs. The classic builder and buildah, whose keys hold no such \
        option. Runs whose command lines are not shown. bake and compose also take options from \
        files; only their command lines are judged.",
    limits: "It needs the command lines of both runs. A single change is a note: it may have been \
        intended.",
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
    let shown = format!("--{name}");
    let given = Given { name, shown: &shown, gives: has };
    let is_for = |miss: &Miss| options(miss.because, miss.differs).any(|known| known == name);
    let reruns = command_lines::reruns(past, is_for);
    let runs = command_lines::runs(&reruns);
    let last = reruns.last()?;
    let plain = |i: usize| !past.commands(i).iter().any(|command| has(command, name));
    if command_lines::is_mended(past, last, plain) {
        return None;
    }
    let text = brief(&last.step.text);
    // A build record or an attestation names the options as well.
    let logged = (0..past.len()).any(|i| !past.commands(i).is_empty());
    let sources = if logged { "command lines" } else { "definitions of the builds" };
    Some(Finding {
        rule: META.id,
        severity: if runs > 1 { META.severity } else { Severity::Note },
        confidence: reruns.iter().map(|rerun| rerun.confidence).max()?,
        title: format!("`{shown}` invalidates `{text}` in {runs} of {} builds", past.len()),
        cause: format!(
            "The {sources} differ in `{shown}`, which is part of the cache key of every RUN. \
                `{text}` has the same text on the same base image, but no result for this key is \
                stored, so it and the steps below it ran."
        ),
        evidence: command_lines::proof(past, &reruns, &given)?,
        fix: fix(name),
        impact: command_lines::impact(past, &reruns),
        rules_out: vec![
            others(past, &reruns, sources),
            ruled_out("a lost cache (this run asked for a different key)"),
        ],
        subject: past.subject(name),
    })
}

/// A build argument, or the Dockerfile, may be another one in the same runs.
fn others(past: &Past, reruns: &[Rerun], sources: &str) -> Alternative {
    let runs: Vec<usize> = reruns.iter().map(|rerun| rerun.at).collect();
    if let Some(argument) = build_args::changing(past, &runs).first() {
        return not_ruled_out(format!(
            "the build argument `{}`, which has another value in these runs as well",
            argument.name
        ));
    }
    if reruns.iter().any(|rerun| command_lines::edited(past, rerun)) {
        return not_ruled_out("an edit of the Dockerfile, whose size is another one as well");
    }
    ruled_out(format!("build arguments and the Dockerfile (the {sources} differ in this option)"))
}

fn has(command: &Command, name: &str) -> bool {
    command.options.iter().any(|option| option.name == name)
}

fn fix(name: &str) -> Fix {
    Fix {
        summary: format!("give `--{name}` the same value in every run"),
        steps: vec![
            format!(
                "Give `--{name}` one fixed value, without the name or number of a job or run in \
                    it."
            ),
            "If only one command needs it, run that command in a step of its own at the end, or \
                outside the build."
                .to_owned(),
        ],
        ..Fix::default()
    }
}
