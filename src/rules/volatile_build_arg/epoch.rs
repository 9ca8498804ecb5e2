//! `SOURCE_DATE_EPOCH` in the environment of the job: buildx hands it to the builder, no line shows
//! it, and every step from the first WORKDIR on depends on it.

use crate::finding::{Confidence, Evidence, Finding, Proof, not_ruled_out, ruled_out, to_decide};
use crate::model::Step;
use crate::rules::RuleMeta;
use crate::rules::Study;
use crate::rules::instruction::brief;
use crate::rules::past::{Past, cost, header};
use crate::rules::recurring::same_stage;
use crate::series::{Because, EPOCH, KeyPart, Miss};

/// A kept builder that has lost nothing else runs a WORKDIR again, more than once.
pub(super) fn finding(past: &Past, meta: &RuleMeta) -> Option<Finding> {
    let reruns: Vec<(usize, &Step)> =
        (1..past.len()).filter_map(|i| Some((i, past.misses(i).find(hides_it)?.step))).collect();
    let [_, .., (_, step)] = reruns.as_slice() else { return None };
    let text = brief(&step.text);
    let below = reruns.iter().filter_map(|&(i, step)| {
        let (_, build) = past.get(i)?;
        Some(same_stage(build, step).filter(|s| s.position >= step.position))
    });
    Some(Finding {
        rule: meta.id,
        severity: meta.severity,
        confidence: Confidence::Suspected,
        title: format!(
            "`{text}` runs again in {} of {} runs: probably `{EPOCH}` has a different value each \
                time",
            reruns.len(),
            past.len()
        ),
        cause: format!(
            "The builder has kept the build context, and the base image, the text of `{text}` and \
                the size of the Dockerfile are the same. Since BuildKit 0.22 a WORKDIR depends on \
                `{EPOCH}` as well, and all steps below it with it. buildx takes it from its \
                environment, and the log does not show it."
        ),
        evidence: Proof::from_lines(lines(past, &reruns))?
            .seen_in(past.places(reruns.iter().map(|(i, _)| *i))),
        fix: super::given::fix_of_epoch(),
        impact: cost(below.flatten(), reruns.len()),
        rules_out: vec![
            ruled_out("changed files, arguments of the build (a WORKDIR depends on none)"),
            ruled_out("a pruned builder (it was sent a part of the build context only)"),
            not_ruled_out("steps that the builder's own garbage collection removed"),
            to_decide(format!("print `${EPOCH}` in the job, right before the build")),
        ],
        subject: past.subject(EPOCH),
    })
}

fn hides_it(miss: &Miss) -> bool {
    let epoch = |part: &KeyPart| matches!(part, KeyPart::Argument(name) if *name == EPOCH);
    miss.because == Because::ArgumentChanged && miss.hidden.iter().any(epoch)
}

fn lines(past: &Past, reruns: &[(usize, &Step)]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for &(i, step) in reruns.iter().rev().take(3).rev() {
        let Some((run, build)) = past.get(i) else { continue };
        let context = build.context.as_ref();
        lines.extend(context.map(|amount| {
            Study::quote(run, &amount.quote, "the builder has the rest of the context")
        }));
        lines.push(header(run, step, "ran again, though nothing that is shown of it changed"));
    }
    lines
}
