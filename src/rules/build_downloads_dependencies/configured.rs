//! A Dockerfile that fetches and builds in one RUN, without a log.

use super::tools::{self, PackageTool};
use super::{META, advice, cause, rules_out, title};
use crate::config::{Change, Config, Instruction, Stage};
use crate::finding::Severity;
use crate::rules::Study;
use crate::rules::context_copied_too_early::{copies_sources, order};
use crate::rules::dockerfile_at::{all, line, with_changes};
use crate::rules::instruction::{brief, copies_everything, installs};
use crate::rules::manifests;
use crate::rules::planned::{self, Ordered, Words};

/// One finding for each Dockerfile.
pub(super) fn findings(study: &Study) -> Vec<Ordered<'_>> {
    all(study).filter_map(finding).collect()
}

/// A COPY of everything or of the sources, and the first RUN behind it that fetches and builds.
struct EarlyCopy<'a> {
    stage: &'a Stage,
    copy: &'a Instruction,
    run: &'a Instruction,
    tool: &'static PackageTool,
}

fn finding(config: &Config) -> Option<Ordered<'_>> {
    let stages = &config.content.stages;
    let early = (0..stages.len()).find_map(|at| early(stages, at))?;
    let EarlyCopy { stage, copy, run, tool } = early;
    if holds_packages(config, tool) || fetches_nothing(config, tool) {
        return None;
    }
    let text = brief(&run.text);
    let words = Words {
        title: title(&text, &copy.text, tool.packages, false),
        cause: cause(&copy.text, &text, tool.packages),
        fix: with_changes(advice(&copy.text, tool), config, change(config, stage, copy, tool)),
        rules_out: rules_out(tool, names_packages(config, tool), planned::COSTS),
        subject: format!("{}:{}", config.path, run.text),
    };
    let all = copies_everything(&copy.text);
    let takes = if all { "copies the whole build context" } else { "copies the sources" };
    let copies = line(config, copy.line, takes);
    let builds = line(config, run.line, "fetches and builds, and runs again with each change");
    let lines = copies.into_iter().chain(builds).collect();
    let finding = planned::finding(&META, Severity::Note, lines, words)?;
    Some(Ordered { config, invalidated: run.line, finding })
}

/// Of a stage that has the packages fetched above its COPY, stands on one that has, or copies them
/// from one, nothing.
fn early(stages: &[Stage], at: usize) -> Option<EarlyCopy<'_>> {
    let stage = stages.get(at)?;
    let takes = |i: &&Instruction| copies_everything(&i.text) || copies_sources(&i.text);
    let copy = stage.instructions.iter().find(takes)?;
    let mut behind = stage.instructions.iter().filter(|i| i.line > copy.line);
    let run = behind.find(|i| installs(&i.text) || tools::of(&i.text).is_some())?;
    let tool = tools::of(&run.text)?;
    let above = stage.instructions.iter().filter(|i| i.line < copy.line);
    let below = planned::below(stages, at).into_iter().filter(|below| *below != at);
    let below = below.filter_map(|at| stages.get(at)).flat_map(|stage| &stage.instructions);
    let fetched = |i: &Instruction| tool.has_run(&i.text) || i.text.contains("-mod=vendor");
    let prepared = above.chain(below).any(fetched) || brought(stages, stage, run.line, tool);
    (!prepared).then_some(EarlyCopy { stage, copy, run, tool })
}

/// The packages come from a stage that has them fetched: `COPY --from=cacher /app/target target`.
fn brought(stages: &[Stage], stage: &Stage, line: u64, tool: &PackageTool) -> bool {
    let above = stage.instructions.iter().filter(|i| i.line < line && i.keyword == "COPY");
    let sources: Vec<&String> = above.flat_map(|copy| &copy.from).collect();
    let named = |other: &&Stage| sources.iter().any(|name| name.eq_ignore_ascii_case(&other.name));
    let fetched = |other: &Stage| other.instructions.iter().any(|i| tool.has_run(&i.text));
    !sources.is_empty() && stages.iter().filter(named).any(fetched)
}

/// The sources hold what the tool would fetch: a folder `vendor`.
pub(super) fn holds_packages(config: &Config, tool: &PackageTool) -> bool {
    let there = config.beside.as_ref();
    there.zip(tool.vendored).is_some_and(|(there, vendored)| there.contains(vendored))
}

/// A module that needs others has a `go.sum`: Go builds nothing without it.
fn fetches_nothing(config: &Config, tool: &PackageTool) -> bool {
    let Some(there) = config.beside.as_ref() else { return false };
    tool.program == "go" && there.contains("go.mod") && !there.contains("go.sum")
}

/// The file that locks the packages lies there, so there are some.
fn names_packages(config: &Config, tool: &PackageTool) -> bool {
    let there = config.beside.as_ref();
    there.zip(tool.files.last()).is_some_and(|(there, lock)| there.contains(lock))
}

/// The instructions that fetch the packages, above the COPY: of Go's, whose two files say all, where
/// both are there.
pub(super) fn change(
    config: &Config,
    stage: &Stage,
    copy: &Instruction,
    tool: &PackageTool,
) -> Result<Vec<Change>, String> {
    if !tool.certain {
        return Err(format!("which files {} reads for them is not certain", tool.program));
    }
    let Some(there) = &config.beside else {
        return Err("whether `go.mod` and `go.sum` are there is not known".to_owned());
    };
    if let Some(missing) = tool.files.iter().find(|name| !there.contains(name)) {
        return Err(format!("`{missing}` is neither next to it nor in the root of the checkout"));
    }
    if let Some(why) = manifests::reads_more(there, tool.files, tool.alone) {
        return Err(why);
    }
    let files: Vec<String> = tool.files.iter().map(|file| (*file).to_owned()).collect();
    let first = order::first_copy(stage, copy, copy.line, &files)?;
    let lines = first.into_iter().chain(["RUN go mod download".to_owned()]).collect();
    Ok(vec![Change::Insert { before: copy.line, lines }])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::*;
    use crate::config::Beside;

    const FILE: &str = "FROM golang\nWORKDIR /src\nCOPY . .\nRUN go build .\n";

    fn config(there: Option<&[&str]>) -> Config {
        let mut config = Config::read("Dockerfile", FILE).unwrap().unwrap();
        config.beside = there.map(|names| {
            let names: HashSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
            Arc::new(Beside::new(names, Vec::new()))
        });
        config
    }

    #[test]
    fn a_patch_needs_both_files_of_the_modules() {
        let refused = |there: Option<&[&str]>| {
            let config = config(there);
            let EarlyCopy { stage, copy, tool, .. } = early(&config.content.stages, 0).unwrap();
            change(&config, stage, copy, tool).err().unwrap_or_default()
        };
        assert_eq!(refused(Some(&["go.mod", "go.sum"])), "");
        assert!(refused(Some(&["go.mod"])).starts_with("`go.sum` is neither"));
        assert!(refused(Some(&["go.mod", "go.sum", "go.work"])).starts_with("`go.work` is there"));
        assert!(refused(None).starts_with("whether"));
    }

    #[test]
    fn packages_that_another_stage_fetched_are_not_fetched_again() {
        let file = "FROM rust AS cacher\nCOPY recipe.json .\nRUN cargo chef cook --release\n\
            FROM rust AS build\nCOPY . .\nCOPY --from=cacher /app/target target\nRUN cargo build\n";
        let told = |text: &str| {
            let config = Config::read("Dockerfile", text).unwrap().unwrap();
            early(&config.content.stages, 1).is_some()
        };
        assert!(!told(file));
        assert!(told(&file.replace("COPY --from=cacher /app/target target\n", "")));
        assert!(told(&file.replace("RUN cargo chef cook --release", "RUN make recipe")));
    }

    #[test]
    fn modules_that_lie_in_the_sources_are_not_downloaded() {
        assert!(finding(&config(Some(&["go.mod", "go.sum", "vendor"]))).is_none());
        assert!(finding(&config(Some(&["go.mod", "go.sum"]))).is_some());
        assert!(finding(&config(Some(&["go.mod"]))).is_none());
    }
}
