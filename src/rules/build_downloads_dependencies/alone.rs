//! One log alone: the order of its instructions is there, and a line that names a download.

use super::{Fetching, META, advice, cause, fetching, title};
use crate::finding::{Confidence, Finding, Impact, Proof, Severity, to_decide};
use crate::model::{Build, Outcome, Run, Step};
use crate::rules::Study;
use crate::rules::context_copied_too_early::alone::{lone, shows_all_before};
use crate::rules::context_copied_too_early::takes_too_much;
use crate::rules::instruction::brief;
use crate::rules::past::{Past, header};
use crate::rules::recurring::same_stage;

/// A note for the RUN that was seen to download behind the COPY of the sources. A Dockerfile that
/// was given is judged itself.
pub(super) fn finding(past: &Past) -> Option<Finding> {
    let (run, build) = lone(past)?;
    build.steps.iter().find_map(|copy| of_copy(past, (run, build), copy))
}

fn of_copy(past: &Past, (run, build): (&Run, &Build), copy: &Step) -> Option<Finding> {
    let ran = copy.outcome == Outcome::Miss && takes_too_much(build, copy);
    if !ran || !shows_all_before(build, copy) {
        return None;
    }
    let behind = same_stage(build, copy).filter(|step| step.position > copy.position).collect();
    let Fetching { run: step, tool } = fetching(build, copy, behind)?;
    let mut lines = build.downloads.iter();
    let (_, line) = lines.find(|(header, _)| *header == step.header.line)?;
    let (text, packages) = (brief(&step.text), tool.packages);
    Some(Finding {
        rule: META.id,
        severity: Severity::Note,
        confidence: Confidence::Likely,
        title: title(&text, &copy.text, packages, false),
        cause: cause(&copy.text, &text, packages),
        evidence: Proof::from_lines(vec![
            Study::quote(run, line, &format!("`{text}` downloads {packages}")),
            header(run, copy, "copies the sources above it"),
        ])?,
        fix: advice(&copy.text, tool),
        impact: Impact::default(),
        rules_out: vec![to_decide("give the Dockerfile (--config DIR), or logs of more runs")],
        subject: past.subject(&format!("{}:{}", copy.stage, step.text)),
    })
}
