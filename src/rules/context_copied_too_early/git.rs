//! A Dockerfile without a log: the history of the repository is copied with the context.
//!
//! `.git` is another one in each commit, also where no file of the build changed.

use super::{META, leave_out};
use crate::config::dockerignore::ignores;
use crate::config::{Config, Instruction, Stage};
use crate::finding::{Finding, Fix, Severity, not_ruled_out};
use crate::model::Tool;
use crate::rules::Study;
use crate::rules::dockerfile_at::{all, line};
use crate::rules::instruction::{brief, commands, copies_everything, script};
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
    if is_read(study, config) {
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
    let copy = stage.instructions.iter().find(|i| copies_everything(&i.text))?;
    let run = stage.instructions.iter().find(|i| i.keyword == "RUN" && i.line > copy.line)?;
    Some((copy, run))
}

/// A build from this context may read the history: what is called and not seen may, too.
pub(super) fn may_be_read(study: &Study, dockerfile: &Config) -> bool {
    leave_out::instructions(study).any(|i| reads_git(i) || calls_a_reader(dockerfile, i, true))
}

/// One of its Dockerfiles reads it, or what they call does, as far as that lies there.
fn is_read(study: &Study, dockerfile: &Config) -> bool {
    leave_out::instructions(study).any(|i| reads_git(i) || calls_a_reader(dockerfile, i, false))
}

/// Tools whose files name it: `make` and its Makefile, the build backend of a Python project.
fn calls_a_reader(dockerfile: &Config, instruction: &Instruction, unseen: bool) -> bool {
    const CALLED: [(&[&str], &[&str]); 6] = [
        (&["make"], &["Makefile", "makefile", "GNUmakefile"]),
        (&["pip", "uv", "poetry", "python", "python3", "pdm", "hatch"], PYTHON),
        (&["npm", "yarn", "pnpm", "bun", "npx"], &["package.json"]),
        (&["cargo"], &["build.rs"]),
        (&["gradle", "./gradlew"], &["build.gradle", "build.gradle.kts"]),
        (&["mvn", "./mvnw"], &["pom.xml"]),
    ];
    const PYTHON: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg"];
    if instruction.keyword != "RUN" {
        return false;
    }
    let there = dockerfile.beside.as_deref();
    let body = instruction.body.lines();
    let reads = |command: &str| {
        let mut words = command.split_ascii_whitespace();
        let Some(tool) = words.find(|word| !word.contains('=')) else { return false };
        let script = tool.starts_with("./") || is_shell_script(tool);
        let shell = matches!(tool, "sh" | "bash") && words.any(is_shell_script);
        let called = CALLED.iter().find(|(tools, _)| tools.contains(&tool));
        let (Some((_, files)), Some(there)) = (called, there) else {
            return unseen && (script || shell || tool == "make");
        };
        let told = files.iter().flat_map(|file| there.texts(file));
        let unknown = tool == "make" && !files.iter().any(|file| there.contains(file));
        unseen && unknown || told.into_iter().any(names_git)
    };
    body.chain([script(&instruction.text)]).any(|line| commands(line).any(reads))
}

fn is_shell_script(word: &str) -> bool {
    matches!(word.rsplit_once('.'), Some((_, "sh")))
}

/// A version that is made of the history, or the history itself.
fn reads_git(instruction: &Instruction) -> bool {
    let copies = matches!(instruction.keyword.as_str(), "COPY" | "ADD")
        && instruction.from.is_empty()
        && instruction.text.split_ascii_whitespace().any(is_history);
    let names = |text: &str| names_git(text) || text.contains(".git");
    copies || instruction.keyword == "RUN" && (names(&instruction.text) || names(&instruction.body))
}

/// `.git`, `./.git/`, `.git/HEAD`
fn is_history(word: &str) -> bool {
    let word = word.trim_start_matches("./").trim_start_matches('/');
    word == ".git" || word.starts_with(".git/")
}

fn names_git(text: &str) -> bool {
    const WORDS: [&str; 10] = [
        "git ",
        ".git/",
        "SETUPTOOLS_SCM",
        "setuptools_scm",
        "setuptools-scm",
        "versioneer",
        "hatch-vcs",
        "poetry-dynamic-versioning",
        "gitversion",
        "git-commit-id",
    ];
    WORDS.iter().any(|word| text.contains(word))
}
