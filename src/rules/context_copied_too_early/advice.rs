//! The fix for a context that is copied too early, written with the steps that were seen.

use super::configured::{EarlyContext, installs_something};
use super::{leave_out, nixpacks, order};
use crate::config::{Config, Instruction, Stage};
use crate::finding::Fix;
use crate::model::{Build, Step};
use crate::rules::Study;
use crate::rules::dockerfile_at::with_changes;
use crate::rules::installation;
use crate::rules::instruction::brief;

/// What of an installation needs few files: all of it, or what it installs before it builds or
/// installs the project.
pub(super) fn needs(run: &str) -> &'static str {
    if installs_project(run) {
        return "what it downloads";
    }
    let halves = installation::split(run).is_some() || installation::builds_too(run);
    if halves { "what it installs" } else { "it" }
}

/// What to do in one sentence.
pub(super) fn summary(run: &str, copy: &str) -> String {
    if installs_project(run) {
        return format!("install the dependencies before `{copy}`, and the project after it");
    }
    match installation::split(run) {
        Some((installs, _)) => {
            format!("split `{}`, and put `{}` before `{copy}`", brief(run), brief(&installs))
        }
        None if installation::builds_too(run) => {
            format!("split `{}`, and put what installs before `{copy}`", brief(run))
        }
        None => format!("run `{}` before `{copy}`", brief(run)),
    }
}

/// Packages for production that are installed again behind a build, in the place of all: above it
/// they would take away what the build needs.
pub(super) fn apart(config: &Config, early: &EarlyContext) -> Option<Fix> {
    const OPTIONS: [&str; 9] = [
        "--only=production",
        "--only=prod",
        "--omit=dev",
        "--production",
        "--prod",
        "--no-dev",
        "--only main",
        "--without dev",
        "--without=dev",
    ];
    let run = &early.run.text;
    let stages = config.content.stages.iter();
    let all = stages.flat_map(|stage| &stage.instructions);
    let mut between = all.filter(|i| (early.copy.line..early.run.line).contains(&i.line));
    let builds = |i: &Instruction| {
        i.keyword == "RUN" && !installs_something(i) && !installation::is_plain(&i.text)
    };
    if !OPTIONS.iter().any(|option| run.contains(option)) || !between.any(builds) {
        return None;
    }
    let run = brief(run);
    Some(Fix {
        summary: format!("put `{run}` into a stage of its own, and copy the packages from there"),
        steps: vec![
            format!(
                "In a stage of its own copy only the files that name the dependencies, and run \
                    `{run}`; copy the packages from that stage (`COPY --from=`)."
            ),
            format!(
                "Not above the build in this stage: `{run}` would take away what the build needs."
            ),
        ],
        ..Fix::default()
    })
}

pub(super) fn fix(build: &Build, copy: &Step, shown: &Step, after: &[&Step]) -> Fix {
    if nixpacks::wrote(build) {
        return nixpacks::fix(shown);
    }
    let last = after
        .last()
        .filter(|s| s.text != shown.text)
        .map(|s| format!("\n{}", s.text))
        .unwrap_or_default();
    let target = copy.text.rsplit(' ').next().unwrap_or(".");
    let folder = if target.ends_with('/') || target == "." { "./" } else { target };
    let named = requirements(&shown.text);
    let manifests = named.or_else(|| manifests(&shown.text));
    let first = manifests.map(|files| format!("COPY {files} {folder}\n")).unwrap_or_default();
    let reads = manifests
        .map_or_else(|| "no file of the context".to_owned(), |files| format!("only {files}"));
    let (installs, builds) = installation::split(&shown.text)
        .map_or_else(|| (shown.text.to_string(), String::new()), |(a, b)| (a, format!("\n{b}")));
    Fix {
        summary: summary(&shown.text, &copy.text),
        steps: vec![
            format!(
                "`{}` has to read {reads}: copy that first, run it, and copy the rest \
                afterwards.",
                brief(&installs)
            ),
            "List `.git`, build results and whatever the build does not read in `.dockerignore`: \
                `.git` changes with every commit."
                .to_owned(),
        ],
        snippet: Some(format!(
            "# before\n{copy}\n{run}{last}\n# after\n{first}{installs}\n{copy}{builds}{last}\n# \
                .dockerignore\n.git",
            copy = copy.text,
            run = shown.text
        )),
        cost: String::new(),
        ..Fix::default()
    }
}

/// The files to copy before an installation, where its words tell them.
pub(super) fn named_files(run: &str) -> Option<&str> {
    let known = requirements(run).or_else(|| manifests(run));
    known.filter(|files| !files.starts_with("THE") && !files.contains(['$', '"', '\'']))
}

/// It installs or loads the project itself, too: without its sources that fails.
pub(super) fn installs_project(run: &str) -> bool {
    !without_sources(run).is_empty()
}

/// How to install while the sources are not there, for tools that install or load the project too;
/// empty where that is no matter.
pub(super) fn without_sources(run: &str) -> &'static str {
    const TOOLS: [(&str, &str, &str); 3] = [
        (
            "uv sync",
            "--no-install-project",
            " Add `--no-install-project` above the COPY, and run it without that below: the \
                project itself needs its sources.",
        ),
        (
            "poetry install",
            "--no-root",
            " Add `--no-root` above the COPY, and run it without that below: the project itself \
                needs its sources.",
        ),
        (
            "composer install",
            "--no-autoloader",
            " Add `--no-scripts --no-autoloader` above the COPY, and run `composer dump-autoload` \
                below: scripts and the autoloader need the sources.",
        ),
    ];
    let found = TOOLS.iter().find(|(tool, option, _)| run.contains(tool) && !run.contains(option));
    found.map_or("", |(.., told)| told)
}

/// The file behind `-r` of pip, as it is written.
fn requirements(run: &str) -> Option<&str> {
    let mut words = run.split_ascii_whitespace();
    words.find(|word| matches!(*word, "-r" | "--requirement"))?;
    words.next()
}

/// The files that name the dependencies, by the tool that installs them; none for the system's
/// packages.
pub(super) fn manifests(run: &str) -> Option<&'static str> {
    const FILES: [(&str, &str); 17] = [
        ("pnpm", "package.json pnpm-lock.yaml"),
        ("npm", "package.json package-lock.json"),
        ("yarn", "package.json yarn.lock"),
        ("bun ", "package.json bun.lock"),
        ("poetry", "pyproject.toml poetry.lock"),
        ("uv ", "pyproject.toml uv.lock"),
        ("pipenv", "Pipfile Pipfile.lock"),
        ("pip", "requirements.txt"),
        ("bundle", "Gemfile Gemfile.lock"),
        ("go mod", "go.mod go.sum"),
        ("cargo", "Cargo.toml Cargo.lock"),
        ("composer", "composer.json composer.lock"),
        ("dotnet", "*.sln */*.csproj"),
        ("mvn", "pom.xml"),
        ("mix", "mix.exs mix.lock"),
        ("gradle", "settings.gradle build.gradle"),
        ("", "THE-FILES-IT-READS"),
    ];
    let system = ["apt-get ", "apt ", "apk ", "yum ", "dnf "].iter().any(|tool| run.contains(tool));
    let found = FILES.iter().find(|(tool, _)| run.contains(tool)).map(|(_, files)| *files)?;
    (!system || !found.starts_with("THE")).then_some(found)
}

/// With the patches: of the Dockerfile, and of the `.dockerignore` beside it.
pub(super) fn patched(
    fix: Fix,
    study: &Study,
    config: &Config,
    (stage, copy): (&Stage, &Instruction),
) -> Fix {
    let change = order::change_in(config, stage, copy);
    let filled = match &change {
        Ok(change) => leave_out::filled(&order::runs_of(stage, change)),
        Err(_) => Vec::new(),
    };
    let fix = with_changes(fix, config, change.map(|change| vec![change]));
    leave_out::patched(fix, study, config, &filled)
}
