//! `cachediag fix`: the patches of all findings, printed or written.
//!
//! What is printed is what `--write` would write, byte for byte.

use std::path::Path;
use std::process::ExitCode;

use super::args::FixArgs;
use super::replace::{Replacement, replace_all};
use super::settings::{Project, Settings};
use super::{TROUBLE, judge, mistyped, screen};
use crate::pipeline;
use crate::render::{Report, problem_line};
use crate::triage::{self, Patched};

pub(super) fn run(args: &FixArgs) -> anyhow::Result<ExitCode> {
    let project = Project::load(&Settings::of_config(args.config.as_deref()), &args.scope)?;
    mistyped::refuse(&args.paths)?;
    mistyped::missing("--config", args.config.iter().flatten())?;
    let report = pipeline::run(&project.options(&args.paths));
    for problem in project.problems.iter().chain(&report.problems) {
        screen::complain(&format!("warning: {}", problem_line(problem)));
    }
    if judge::nothing_read(&report, args.paths.is_empty()) {
        screen::complain(if args.paths.is_empty() {
            "error: neither a log nor a configuration was read; name them: cachediag fix build.log \
                --config ."
        } else {
            "error: no log could be read; without a log: cachediag fix --config ."
        });
        return Ok(ExitCode::from(TROUBLE));
    }
    let patches = triage::patches(&report.findings, &report.study.configs, args.r#unsafe);
    if args.write {
        write(&report, &patches)?;
    } else {
        for patch in &patches {
            screen::print(&patch.diff, screen::FILE)?;
        }
    }
    said(args, &report, &patches);
    Ok(ExitCode::SUCCESS)
}

/// A file that was not read is made new, and does not take the place of one that is there.
fn write(report: &Report, patches: &[Patched]) -> anyhow::Result<()> {
    let read =
        |patch: &Patched| report.study.configs.iter().find(|config| config.path == patch.path);
    let files: Vec<Replacement> = patches
        .iter()
        .map(|patch| Replacement {
            path: Path::new(&patch.path),
            before: read(patch).map(|config| config.text.as_str()),
            after: &patch.text,
        })
        .collect();
    replace_all(&files)
}

/// What was changed, what it costs, and what is left, on standard error: the patch alone is on the
/// other.
fn said(args: &FixArgs, report: &Report, patches: &[Patched]) {
    let done = if args.write { "changed" } else { "patch for" };
    for patch in patches {
        for (rule, cost) in &patch.fixes {
            let cost = if cost.is_empty() { String::new() } else { format!(" (costs: {cost})") };
            screen::complain(&format!("{done} {}: {rule}{cost}", patch.path));
        }
        for rule in &patch.left {
            screen::complain(&format!(
                "left: {rule} changes the same lines of {}, or makes a builder that an earlier build \
                makes; run again after this patch",
                patch.path
            ));
        }
    }
    let held: Vec<&str> =
        if args.r#unsafe { Vec::new() } else { triage::unsafe_rules(&report.findings) };
    if !held.is_empty() {
        screen::complain(&format!(
            "skipped: {} (may change the image or the builder); add --unsafe to include it",
            held.join(", ")
        ));
    }
    let without = report.findings.iter().filter(|finding| finding.fix.edits.is_empty()).count();
    if without > 0 {
        let findings = if without == 1 { "finding has" } else { "findings have" };
        let why = if report.study.configs.is_empty() {
            ": no configuration was found here (use --config)"
        } else {
            ""
        };
        screen::complain(&format!(
            "{without} {findings} no patch{why}; run `cachediag LOG` for the manual fix"
        ));
    }
    if report.findings.is_empty() {
        screen::complain("nothing to change");
    }
}
