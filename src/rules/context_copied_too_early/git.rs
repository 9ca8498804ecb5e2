//! A Dockerfile without a log: the history of the repository is copied with the context.
//!
//! `.git` is another one in each commit, also where no file of the build changed.

use super::META;
use crate::config::dockerignore::ignores;
use crate::config::{Config, Instruction, Stage};
use crate::finding::{Finding, Fix, Severity, not_ruled_out};
use crate::model::Tool;
use crate::rules::Study;
use crate::rules::dockerfile_at::{all, line};
use crate::rules::instruction::{brief, copies_everything};
use crate::rules::planned::{self, Ordered, Words};
use crate::rules::remedy::At;

/// One note for each Dockerfile that is built with the root of the repository as its context.
pub(super) fn findings<'a>(study: &'a Study, seen: &[Ordered]) -> Vec<Ordered<'a>> {
    let new = |config: &&Config| !seen.iter().any(|one| one.config.path == config.path);
    all(study).filter(new).filter_map(|config| finding(study, config)).collect()
}

fn finding<'a>(study: &Study, config: &'a Config) -> Option<Ordered<'a>> {
    // Of a Dockerfile in a folder it is not told which file would leave it out.
    if config.path.contains('/') {
        return None;
    }
    let builds = planned::builds_of(study, config);
    let at = builds.iter().find(|at| has_git(at))?;
    let stages = &config.content.stages;
    let (copy, run) = stages.iter().find_map(copied)?;
    if stages.iter().flat_map(|stage| &stage.instructions).any(reads_git) {
        return None;
    }
    let file = left_in(study, config)?;
    let fix = Fix {
        summary: "leave `.git` out of the build context".to_owned(),
        steps: vec![
            format!("Add `.git` to {file}, and what else the build does not read."),
            format!("No patch for {file}: whether a step needs the history is your decision."),
        ],
        snippet: Some(format!("# {file}\n.git")),
        ..Fix::default()
    };
    let words = Words {
        title: format!("`{}` copies `.git`, which no `.dockerignore` excludes", copy.text),
        cause: format!(
            "`.git` changes with every commit, so `{}` runs again with each, and `{}` with it, \
                also where no file changed that the build reads.",
            copy.text,
            brief(&run.text)
        ),
        fix,
        rules_out: vec![not_ruled_out("a step that reads `.git` without naming git in its text")],
        subject: format!("{}:.git", config.path),
    };
    let copied = line(config, copy.line, "copies the whole context");
    let builds = at.evidence("builds it from the root of the checkout");
    let finding: Finding =
        planned::finding(&META, Severity::Note, copied.into_iter().chain(builds).collect(), words)?;
    Some(Ordered { config, invalidated: run.line, finding })
}

/// The file that could leave it out and does not; `None` where one does.
fn left_in(study: &Study, dockerfile: &Config) -> Option<String> {
    let own = format!("{}.dockerignore", dockerfile.path);
    let named = |name: &str| study.configs.iter().find(|config| config.path == name);
    match named(&own).or_else(|| named(".dockerignore")) {
        Some(there) if ignores(&there.content.ignored, ".git") => None,
        Some(there) => Some(there.path.clone()),
        None => Some(".dockerignore".to_owned()),
    }
}

/// Its context is the checkout. Without a context of its own docker/build-push-action takes the
/// repository from its server, without `.git`
/// (<https://docs.docker.com/build/building/context/#keep-git-directory>).
fn has_git(at: &At) -> bool {
    let written = at.place.context.as_deref();
    let remote = written
        .map_or(at.place.command.tool == Tool::BuildPushAction, |context| context.contains("{{"));
    planned::context(at.place).is_empty() && !remote
}

/// The COPY of everything, and a step behind it.
fn copied(stage: &Stage) -> Option<(&Instruction, &Instruction)> {
    let copy = stage
        .instructions
        .iter()
        .find(|i| copies_everything(&i.text) && !i.text.contains("--exclude="))?;
    let run = stage.instructions.iter().find(|i| i.keyword == "RUN" && i.line > copy.line)?;
    Some((copy, run))
}

/// A version that is made of the history.
fn reads_git(instruction: &Instruction) -> bool {
    let words = [
        "git ",
        ".git",
        "SETUPTOOLS_SCM",
        "setuptools_scm",
        "setuptools-scm",
        "versioneer",
        "gitversion",
    ];
    instruction.keyword == "RUN"
        && words
            .iter()
            .any(|word| instruction.text.contains(word) || instruction.body.contains(word))
}
