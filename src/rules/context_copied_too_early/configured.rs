//! The order of a Dockerfile without a log: what will run again, not what did.

use std::collections::HashSet;

use super::{META, advice, forgotten, inner, leave_out, order};
use crate::config::{Change, Config, Instruction, Stage};
use crate::finding::{Evidence, Fix, to_decide};
use crate::rules::Study;
use crate::rules::dockerfile_at::{all, line, with_changes};
use crate::rules::installation;
use crate::rules::instruction::{
    brief, copies_context, copies_everything, installs, installs_from_mounts,
};
use crate::rules::planned::{self, Ordered, Words};

/// One finding for each Dockerfile.
pub(super) fn findings(study: &Study) -> Vec<Ordered<'_>> {
    let narrow = narrow(study);
    let wide = all(study).filter(|config| !narrow.contains(folder(&config.path)));
    wide.filter_map(|config| finding(study, config)).collect()
}

/// What one stage copies too early, and the order it should have, where that is certain to build.
pub(super) struct EarlyContext<'a> {
    pub(super) copy: &'a Instruction,
    pub(super) run: &'a Instruction,
    pub(super) change: Result<Change, String>,
    /// What the copy takes in, and what of that the installation reads.
    pub(super) takes: String,
    pub(super) reads: &'static str,
    /// What to do.
    pub(super) step: String,
}

const ABOVE: &str = "Install above the COPY: the packages are named in the command itself.";

/// What to do for an installation that reads a few files, which lie in this folder of the context.
pub(super) fn step(run: &str, folder: &str) -> String {
    let inside = |file: &str| match folder {
        "" => file.to_owned(),
        folder => format!("{folder}/{file}"),
    };
    let all = |files: &str| files.split(' ').map(inside).collect::<Vec<_>>().join(" ");
    let files = advice::named_files(run).map(|files| format!("{} first", all(files)));
    format!(
        "Copy {}, install, and copy the rest afterwards. Copy other files that the installation \
            reads (`.npmrc`, manifests of workspaces, scripts it calls) along with them.{}",
        files.unwrap_or_else(|| "the files that name the dependencies".to_owned()),
        advice::without_sources(run)
    )
}

/// It reads no file of the context.
pub(super) fn needs_none(run: &Instruction) -> bool {
    installation::reads(&run.text).is_some_and(|files| files.is_empty())
}

fn finding<'a>(study: &'a Study, config: &'a Config) -> Option<Ordered<'a>> {
    let found: Vec<EarlyContext> =
        (0..config.content.stages.len()).filter_map(|at| too_early(config, at)).collect();
    let first = found.first()?;
    let (copy, run) = (&first.copy.text, brief(&first.run.text));
    let fix = advice::apart(config, first).unwrap_or_else(|| Fix {
        summary: advice::summary(&first.run.text, copy),
        steps: vec![first.step.clone()],
        ..Fix::default()
    });
    let filled = filled(config, &found);
    let fix = with_changes(fix, config, found.iter().map(|early| early.change.clone()).collect());
    let words = Words {
        title: format!("`{copy}` comes before `{run}`: every changed file reruns it"),
        cause: format!(
            "`{copy}` copies {}. As soon as any file in it changes, it runs again, and with it \
                `{run}`, though {} needs {} of them.",
            first.takes,
            advice::needs(&first.run.text),
            first.reads
        ),
        fix: if copies_everything(copy) {
            leave_out::patched(fix, study, config, &filled)
        } else {
            fix
        },
        rules_out: vec![to_decide(planned::COSTS)],
        subject: format!("{}:{copy}", config.path),
    };
    let lines = found.iter().flat_map(|early| lines(config, early)).collect();
    let finding = planned::finding(&META, META.severity, lines, words)?;
    Some(Ordered { config, invalidated: first.run.line, finding })
}

/// Folders that the installations fill which a patch brings above the COPY.
fn filled(config: &Config, found: &[EarlyContext]) -> Vec<&'static str> {
    let all = || config.content.stages.iter();
    let changes = || found.iter().filter_map(|early| early.change.as_ref().ok());
    if found.iter().any(|early| early.change.is_err()) {
        return Vec::new();
    }
    let runs = changes().flat_map(|change| all().map(|stage| order::runs_of(stage, change)));
    leave_out::filled(&runs.collect::<Vec<_>>().join("\n"))
}

fn too_early(config: &Config, at: usize) -> Option<EarlyContext<'_>> {
    early(config, at)
        .or_else(|| inner::of_folder(config.content.stages.get(at)?))
        .or_else(|| inner::of_sources(config.content.stages.get(at)?))
        .or_else(|| inner::of_project(config.content.stages.get(at)?))
        .or_else(|| inner::of_stage(&config.content.stages, at))
}

/// The first COPY of everything that stands above an installation. A stage that installs what files
/// name above it, or stands on one that does, has the order in mind; packages of the system are
/// another matter, and so is what it forgot.
fn early(config: &Config, at: usize) -> Option<EarlyContext<'_>> {
    let stage = config.content.stages.get(at)?;
    if below(&config.content.stages, at).any(installs_what_files_name) {
        return None;
    }
    let copy = stage.instructions.iter().find(|i| copies_everything(&i.text))?;
    let first = stage.instructions.iter().find(|i| copies_context(&i.text))?;
    let between = |i: &&Instruction| (first.line..copy.line).contains(&i.line);
    let mut above = stage.instructions.iter().filter(between);
    let in_mind = above.any(|i| installs_something(i) && !needs_none(i))
        || stage.instructions.iter().any(|i| i.line < copy.line && installs_from_mounts(&i.text));
    let run = if in_mind { forgotten::run(stage, copy)? } else { installation_below(stage, copy)? };
    if !in_mind && may_have_installed(stage, (first, copy), run) {
        return None;
    }
    Some(EarlyContext {
        copy,
        run,
        change: change(config, stage, copy, run),
        takes: "the whole build context".to_owned(),
        reads: if needs_none(run) { "none" } else { "only a few" },
        step: if needs_none(run) {
            ABOVE.to_owned()
        } else {
            step(&run.text, &inner::folder(stage, copy, run))
        },
    })
}

/// What the installation reads is brought above, and a RUN that is not known stands there, too: it
/// may be the same installation (`RUN make deps`).
fn may_have_installed(
    stage: &Stage,
    (first, copy): (&Instruction, &Instruction),
    run: &Instruction,
) -> bool {
    let above = || stage.instructions.iter().filter(|i| (first.line..copy.line).contains(&i.line));
    let known = |i: &Instruction| installs_something(i) || installation::is_plain(&i.text);
    let brought = |file: &String| above().any(|i| inner::brings(i, file));
    above().any(|i| i.keyword == "RUN" && !known(i))
        && inner::named(&run.text).is_some_and(|files| files.iter().all(brought))
}

/// The one that reads files, where there is one: it costs more than the tool that is fetched for it
/// (`gem install bundler`, `bundle install`).
fn installation_below<'a>(stage: &'a Stage, copy: &Instruction) -> Option<&'a Instruction> {
    let below =
        || stage.instructions.iter().filter(|i| i.line > copy.line && installs_something(i));
    below().find(|i| !needs_none(i)).or_else(|| below().next())
}

/// The new order, where it brings this installation above the COPY.
fn change(
    config: &Config,
    stage: &Stage,
    copy: &Instruction,
    run: &Instruction,
) -> Result<Change, String> {
    let change = order::change_in(config, stage, copy)?;
    let moves = matches!(&change, Change::CopyLater { runs, .. } if runs.contains(&run.line));
    match (moves, installation::reads(&run.text)) {
        (true, _) => Ok(change),
        (false, None) => Err(format!("which files `{}` reads is not certain", brief(&run.text))),
        (false, _) => Err(format!("a RUN above `{}` may need the sources", brief(&run.text))),
    }
}

/// In its text, or in the here-document that its shell reads: `RUN <<EOF`.
pub(super) fn installs_something(instruction: &Instruction) -> bool {
    let run = |line: &str| installs(&format!("RUN {line}"));
    let script = || instruction.text.starts_with("RUN ") && instruction.body.lines().any(run);
    installs(&instruction.text) || script()
}

/// The stages of the file that a stage stands on.
fn below(stages: &[Stage], at: usize) -> impl Iterator<Item = &Stage> {
    let base = move |at: &usize| base_of(stages, *at);
    std::iter::successors(base(&at), base).filter_map(|at| stages.get(at))
}

/// The stage of the file that a stage begins with: the last one above it of that name.
fn base_of(stages: &[Stage], at: usize) -> Option<usize> {
    let name = &stages.get(at)?.base;
    let named = |stage: &Stage| !stage.name.is_empty() && stage.name.eq_ignore_ascii_case(name);
    stages.get(..at)?.iter().rposition(named)
}

/// Single files are copied, and something is installed behind them: `COPY pyproject.toml uv.lock ./`,
/// `RUN uv sync --no-install-project`. What is installed above them is the project itself.
fn installs_what_files_name(stage: &Stage) -> bool {
    let few = |i: &Instruction| copies_context(&i.text) && !copies_everything(&i.text);
    let first = stage.instructions.iter().find(|i| few(i)).map(|i| i.line);
    let behind =
        |i: &Instruction| first.is_some_and(|first| i.line > first) && installs_something(i);
    stage.instructions.iter().any(|i| behind(i) || installs_from_mounts(&i.text))
}

fn lines(config: &Config, early: &EarlyContext) -> Vec<Evidence> {
    let copied = line(config, early.copy.line, &format!("copies {}", early.takes));
    let run = line(config, early.run.line, &needs(early));
    copied.into_iter().chain(run).collect()
}

fn needs(early: &EarlyContext) -> String {
    let run = &early.run.text;
    let halves = advice::installs_project(run)
        || installation::split(run).is_some()
        || installation::builds_too(run);
    let needs = if halves { "installs from" } else { "needs" };
    format!("{needs} {} of its files, and runs again with every change", early.reads)
}

/// Folders of contexts that list what is in them (`*`, `!src`): they may hold little but the
/// manifests.
fn narrow(study: &Study) -> HashSet<&str> {
    let all = |pattern: &String| matches!(pattern.as_str(), "*" | "**" | "**/*" | "/*");
    let narrow = study.configs.iter().filter(|config| config.content.ignored.iter().any(all));
    narrow.map(|config| folder(&config.path)).collect()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
