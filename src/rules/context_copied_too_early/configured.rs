//! The order of a Dockerfile without a log: what will run again, not what did.

use std::collections::HashSet;

use super::{META, advice, order};
use crate::config::{Change, Config, Instruction, Stage};
use crate::finding::{Evidence, Fix, to_decide};
use crate::rules::Study;
use crate::rules::dockerfile_at::{all, line, with_changes};
use crate::rules::instruction::{brief, copies_context, copies_everything, installs};
use crate::rules::planned::{self, Ordered, Words};

/// One finding for each Dockerfile.
pub(super) fn findings(study: &Study) -> Vec<Ordered<'_>> {
    let narrow = narrow(study);
    let wide = all(study).filter(|config| !narrow.contains(folder(&config.path)));
    wide.filter_map(|config| finding(study, config)).collect()
}

/// What one stage copies too early, and the order it should have, where that is certain to build.
struct Early<'a> {
    copy: &'a Instruction,
    run: &'a Instruction,
    change: Result<Change, String>,
}

fn finding<'a>(study: &'a Study, config: &'a Config) -> Option<Ordered<'a>> {
    let found: Vec<Early> =
        (0..config.content.stages.len()).filter_map(|at| early(config, at)).collect();
    let first = found.first()?;
    let (copy, run) = (&first.copy.text, brief(&first.run.text));
    let fix = Fix {
        summary: format!("run `{run}` before `{copy}`"),
        steps: vec![
            "Copy the files that name the dependencies, install, and copy the rest \
            afterwards. Files that the installation reads beside them (`.npmrc`, scripts it calls) \
            are copied with them."
                .to_owned(),
        ],
        ..Fix::default()
    };
    let fix = with_changes(fix, config, found.iter().map(|early| early.change.clone()).collect());
    let words = Words {
        title: format!("`{copy}` comes before `{run}`: every changed file reruns it"),
        cause: format!(
            "`{copy}` takes in the whole build context. As soon as any file of it changes it runs \
                again, and with it `{run}`, which reads only a few of them."
        ),
        fix: advice::without_git(fix, study, config),
        rules_out: vec![to_decide("give logs: they show what it costs")],
        subject: format!("{}:{copy}", config.path),
    };
    let lines = found.iter().flat_map(|early| lines(config, early)).collect();
    let finding = planned::finding(&META, META.severity, lines, words)?;
    Some(Ordered { config, spoilt: first.run.line, finding })
}

/// The first COPY of everything that stands above an installation. A stage that installs something
/// above it, or stands on one that does, has the order in mind; packages of the system are another
/// matter.
fn early(config: &Config, at: usize) -> Option<Early<'_>> {
    let stage = config.content.stages.get(at)?;
    if below(&config.content.stages, at).any(installs_what_files_name) {
        return None;
    }
    let copy = stage.instructions.iter().find(|i| copies_everything(&i.text))?;
    let first = stage.instructions.iter().find(|i| copies_context(&i.text))?;
    let manifests = first.line < copy.line
        && stage.instructions.iter().any(|i| i.line < copy.line && installs(&i.text));
    let run = stage.instructions.iter().find(|i| i.line > copy.line && installs(&i.text))?;
    (!manifests).then(|| Early { copy, run, change: order::change_in(config, stage, copy) })
}

/// The stages of the file that a stage stands on.
fn below(stages: &[Stage], at: usize) -> impl Iterator<Item = &Stage> {
    let base = move |at: &usize| {
        let name = &stages.get(*at)?.base;
        (0..*at).rev().find(|i| {
            stages.get(*i).is_some_and(|stage| {
                !stage.name.is_empty() && stage.name.eq_ignore_ascii_case(name)
            })
        })
    };
    std::iter::successors(base(&at), base).filter_map(|at| stages.get(at))
}

/// Single files are copied, and something is installed behind them: `COPY pyproject.toml uv.lock ./`,
/// `RUN uv sync --no-install-project`. What is installed above them is the project itself.
fn installs_what_files_name(stage: &Stage) -> bool {
    let few = |i: &Instruction| copies_context(&i.text) && !copies_everything(&i.text);
    let first = stage.instructions.iter().find(|i| few(i)).map(|i| i.line);
    first
        .is_some_and(|first| stage.instructions.iter().any(|i| i.line > first && installs(&i.text)))
}

fn lines(config: &Config, early: &Early) -> Vec<Evidence> {
    let copied = line(config, early.copy.line, "copies the whole context");
    let run =
        line(config, early.run.line, "needs few of its files, and runs again with every change");
    copied.into_iter().chain(run).collect()
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
