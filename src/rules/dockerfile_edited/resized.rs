//! An edit that the builder does not print: a Dockerfile that is sent is sent whole, so another size
//! is another Dockerfile. Older builders that still have the file are not sent it, and say nothing.

use crate::finding::{Confidence, Evidence, Finding, Proof, not_ruled_out, ruled_out, to_decide};
use crate::model::Step;
use crate::rules::instruction::brief;
use crate::rules::past::{Past, cost, header};
use crate::rules::recurring::same_stage;
use crate::rules::{RuleMeta, Study};
use crate::series::KeyPart;

pub(super) fn finding(past: &Past, meta: &RuleMeta) -> Option<Finding> {
    let edited: Vec<(usize, &Step)> =
        (1..past.len()).filter_map(|i| Some((i, step(past, i)?))).collect();
    let (_, last) = edited.last()?;
    let evidence = edited.iter().rev().take(3).rev().flat_map(|(i, step)| lines(past, *i, step));
    let rerun = edited.iter().filter_map(|(i, step)| {
        let (_, build) = past.get(*i)?;
        Some(same_stage(build, step).filter(|other| other.position >= step.position))
    });
    let text = brief(&last.text);
    // The lines of a here-document are not printed either.
    let (place, such) = if last.text.contains("<<") {
        ("in or above", "a line of a here-document, ")
    } else {
        ("above", "")
    };
    Some(Finding {
        rule: meta.id,
        severity: meta.severity,
        confidence: Confidence::Likely,
        title: format!("the Dockerfile was edited {place} `{text}`"),
        cause: format!(
            "The size of the Dockerfile that was sent changed, and no step's text did: what was \
                edited is something that the builder does not print, such as {such}ENV, USER, \
                SHELL or the default of an ARG. These are part of the cache key of `{text}`, so it \
                and the steps below it ran."
        ),
        evidence: Proof::from_lines(evidence.collect())?,
        fix: super::fix("line"),
        impact: cost(rerun.flatten(), edited.len()),
        rules_out: vec![
            ruled_out("a lost cache (this run asked for a different key)"),
            not_ruled_out("a comment or a LABEL (it changes the size too and invalidates nothing)"),
            to_decide("run `git diff` on the Dockerfile"),
        ],
        subject: past.subject("Dockerfile"),
    })
}

fn step<'a>(past: &Past<'a>, i: usize) -> Option<&'a Step> {
    let edited = past.misses(i).find(|miss| miss.differs.contains(&KeyPart::Dockerfile));
    edited.map(|miss| miss.step)
}

fn lines(past: &Past, i: usize, step: &Step) -> Vec<Evidence> {
    let size = |i: usize, shows: &str| {
        let (run, build) = past.get(i)?;
        Some(Study::quote(run, &build.dockerfile.as_ref()?.quote, shows))
    };
    let before = past.previous(i).and_then(|before| size(before, "the Dockerfile as it was"));
    let mut lines: Vec<Evidence> = before.into_iter().collect();
    lines.extend(size(i, "a different size: it was edited"));
    lines
        .extend(past.get(i).map(|(run, _)| header(run, step, "ran, with the same text as before")));
    lines
}
