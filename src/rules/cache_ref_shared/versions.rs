//! Versions of one Dockerfile, as of two branches, that are built in turns and write one reference:
//! a step that an earlier run stored is gone when its text comes back.

use std::collections::BTreeSet;

use super::super::build_args;
use super::super::past::{Past, end, header, verdict};
use super::in_turns::{Kind, fix};
use super::{META, directory, name as names, only, reads, writes};
use crate::finding::{Confidence, Evidence, Finding, Impact, Proof, not_ruled_out, ruled_out};
use crate::model::{Base, Step};
use crate::rules::Study;
use crate::rules::instruction::brief;
use crate::rules::past::cost;
use crate::rules::recurring::same_stage;
use crate::rules::remedy::reference;
use crate::series::{Because, KeyPart, chain};

/// A step that came back in a run.
struct Back<'a> {
    at: usize,
    step: &'a Step,
    /// The run that stored it, and the last one that wrote the reference, without it.
    stored: usize,
    replaced: usize,
    by: By,
}

/// What tells the versions apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The base image, or the text of a step.
    Text,
    /// The size of the Dockerfile that was sent: they differ in an ENV, USER or default that is not
    /// printed.
    Size,
}

/// One finding for each reference that is written in turns.
pub(super) fn findings(past: &Past) -> Vec<Finding> {
    let all: Vec<Back> = (2..past.len()).filter_map(|i| back(past, i)).collect();
    if all.len() < 2 {
        return Vec::new();
    }
    let elsewhere = super::names(past).into_iter().filter(|name| !directory::is_one(name));
    elsewhere.filter_map(|name| finding(past, &all, &name)).collect()
}

/// The first step of the run that was stored and is not in what was written since.
fn back<'a>(past: &Past<'a>, i: usize) -> Option<Back<'a>> {
    on_its_base(past, i).or_else(|| with_its_text(past, i)).or_else(|| with_its_size(past, i))
}

/// A stage on an image that an earlier run had, and the runs since did not: `FROM node:20`, `FROM
/// node:22`, `FROM node:20`.
fn on_its_base<'a>(past: &Past<'a>, i: usize) -> Option<Back<'a>> {
    let moved = past.misses(i).find(|miss| miss.because == Because::BaseChanged)?;
    let step = moved.step;
    let base = |k: usize| past.builds.get(k)?.base_of(&step.stage, &step.platform);
    let now = base(i)?;
    let other = |k: usize| base(k).is_some_and(|base| base.image != now.image);
    let same = |k: usize| base(k).is_some_and(|base| !chain::is_other_base(base, now));
    let stored = (0..i.checked_sub(1)?).rev().find(|&k| same(k) && writes(past, k))?;
    let replaced = (stored + 1..i).rev().find(|&k| writes(past, k) && other(k))?;
    Some(Back { at: i, step, stored, replaced, by: By::Text })
}

fn with_its_text<'a>(past: &Past<'a>, i: usize) -> Option<Back<'a>> {
    let mut lost = past.misses(i).filter(|miss| miss.because == Because::RecordLost);
    lost.find_map(|miss| {
        let stored = past.index_of(miss.before?.0)?;
        let replaced = (stored + 1..i).rev().find(|&k| writes(past, k))?;
        let build = past.builds.get(replaced)?;
        let without = !build.headless && !chain::has_step(build, miss.step);
        without.then_some(Back { at: i, step: miss.step, stored, replaced, by: By::Text })
    })
}

/// A Dockerfile of a size that an earlier run had sent, and the run before had not, with all texts
/// alike. Sizes are rounded and may be equal by chance: see [`two_sizes`].
fn with_its_size<'a>(past: &Past<'a>, i: usize) -> Option<Back<'a>> {
    let edited = past.misses(i).find(|miss| miss.differs.contains(&KeyPart::Dockerfile))?;
    let now = size(past, i)?;
    let same = |k: &usize| size(past, *k) == Some(now);
    let stored = (0..i.checked_sub(1)?).rev().take(FAR).find(same)?;
    let writer = past.builds.get(stored)?;
    let replaced = (stored + 1..i).rev().find(|&k| writes(past, k) && !same(&k))?;
    let had = writes(past, stored) && chain::has_step(writer, edited.step);
    had.then_some(Back { at: i, step: edited.step, stored, replaced, by: By::Size })
}

/// How many runs may lie between two of one version.
const FAR: usize = 16;

fn size<'a>(past: &Past<'a>, i: usize) -> Option<&'a str> {
    past.builds.get(i)?.dockerfile.as_ref().map(|amount| amount.size.as_str())
}

/// Versions that are told by their sizes are two, in all runs since the first, and change every third
/// run at least: a Dockerfile that is edited again and again has a size by chance once more, and an
/// edit that is taken back stays so for a while.
fn two_sizes(past: &Past, backs: &[&Back]) -> bool {
    const OFTEN: usize = 3;
    let first = backs.iter().map(|back| back.stored).min().unwrap_or(0);
    let sizes: Vec<&str> = (first..past.len()).filter_map(|i| size(past, i)).collect();
    let switches = sizes.windows(2).filter(|pair| matches!(pair, [a, b] if a != b)).count();
    let distinct: BTreeSet<&&str> = sizes.iter().collect();
    distinct.len() == 2 && switches * OFTEN >= sizes.len()
}

/// The step ran as well where the run before had sent a Dockerfile of the same size: something else
/// reruns it.
fn breaks_in_between(past: &Past, back: &Back) -> bool {
    let same =
        |i: usize| past.previous(i).is_some_and(|before| size(past, before) == size(past, i));
    let broke = |i: usize| past.misses(i).any(|miss| chain::is_same_step(miss.step, back.step));
    (1..past.len()).any(|i| same(i) && broke(i))
}

fn finding(past: &Past, all: &[Back], name: &str) -> Option<Finding> {
    let own = |i: usize| reads(past, i, name) && writes(past, i) && only(past, i);
    let backs: Vec<&Back> = all.iter().filter(|back| own(back.at) && own(back.replaced)).collect();
    // GitHub keeps the entries of branches apart by itself.
    if backs.len() < 2 || names::is_isolated(name) {
        return None;
    }
    let by_size = backs.iter().all(|back| back.by == By::Size);
    let some_by_size = backs.iter().any(|back| back.by == By::Size);
    let newest = backs.last()?;
    if some_by_size && (!two_sizes(past, &backs) || breaks_in_between(past, newest)) {
        return None;
    }
    let texts: BTreeSet<String> = backs.iter().map(|back| returned(past, back)).collect();
    let mut texts: Vec<String> = texts.into_iter().collect();
    // A text that another one begins with comes first.
    texts.sort_by(|a, b| a.trim_matches('`').cmp(b.trim_matches('`')));
    let kind = kind(past);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        // An edit that was taken back and made again comes back twice.
        confidence: if backs.len() > 2 && !by_size {
            Confidence::Likely
        } else {
            Confidence::Suspected
        },
        title: format!(
            "alternating versions of one Dockerfile replace each other's cache in {name}"
        ),
        cause: format!(
            "Runs with {} alternate, {}, and export to one reference. An export replaces what was \
                there: in {} runs a step ran again that an earlier run had stored.",
            texts.join(" and "),
            match &kind {
                Kind::Value(name) => format!("as their `{name}` says"),
                _ => "as of two branches".to_owned(),
            },
            backs.len()
        ),
        evidence: Proof::from_lines(lines(past, newest, name))?
            .seen_in(past.places(backs.iter().map(|back| back.at))),
        fix: fix(name, &kind),
        impact: impact(past, &backs),
        rules_out: vec![
            ruled_out(if by_size {
                "a value that is new in each run (two sizes of the Dockerfile come back)"
            } else {
                "a value that is new in each run (the texts come back)"
            }),
            not_ruled_out("arguments or files that change together with the Dockerfile"),
            not_ruled_out("one branch, on which an edit was reverted and made again"),
        ],
        subject: name.to_owned(),
    })
}

/// What comes back: the image of the stage, else the step.
fn returned(past: &Past, back: &Back) -> String {
    match (moved_base(past, back), back.by) {
        (Some((base, _)), _) => format!("`FROM {}`", reference::without_hub(&base.image)),
        (None, By::Text) => format!("`{}`", brief(&back.step.text)),
        (None, By::Size) => {
            let here = size(past, back.at).unwrap_or_default();
            let there = size(past, back.replaced).unwrap_or_default();
            let (one, other) = if here < there { (here, there) } else { (there, here) };
            format!("a Dockerfile of {one} and one of {other}")
        }
    }
}

/// The image of the stage, and the one of the run that replaced what was stored, if it is another.
fn moved_base<'a>(past: &Past<'a>, back: &Back) -> Option<(&'a Base, &'a Base)> {
    let base = |i: usize| past.builds.get(i)?.base_of(&back.step.stage, &back.step.platform);
    let (now, other) = (base(back.at)?, base(back.replaced)?);
    (now.image != other.image).then_some((now, other))
}

/// An argument whose values come back tells the versions apart, as in the legs of a matrix.
fn kind(past: &Past) -> Kind {
    let at: Vec<usize> = (0..past.len()).filter(|&i| writes(past, i)).collect();
    build_args::recurring(past, &at).into_iter().next().map_or(Kind::Branch, Kind::Value)
}

fn impact(past: &Past, backs: &[&Back]) -> Impact {
    let mut rerun = Vec::new();
    for back in backs {
        let Some((_, build)) = past.get(back.at) else { continue };
        rerun.extend(same_stage(build, back.step).filter(|s| s.position >= back.step.position));
    }
    cost(rerun, backs.len())
}

/// The run that stored the step, the one that wrote the reference since, and the step.
fn lines(past: &Past, back: &Back, name: &str) -> Vec<Evidence> {
    let mut lines = Vec::new();
    let same = |i: usize| {
        let build = past.builds.get(i)?;
        build.steps.iter().find(|step| chain::is_same_step(step, back.step))
    };
    if let Some(((run, _), step)) = past.get(back.stored).zip(same(back.stored)) {
        lines.push(verdict(run, step, "was built or found here, and stored"));
    }
    if let Some((run, build)) = past.get(back.replaced) {
        let other = build.steps.iter().find(|step| {
            step.is_of(&back.step.stage, &back.step.platform) && step.position == back.step.position
        });
        let other = match back.by {
            By::Text => other.map(|step| header(run, step, "is in its place here")),
            By::Size => sent(past, back.replaced, "the other Dockerfile was sent here"),
        };
        let base = moved_base(past, back)
            .map(|(_, base)| Study::quote(run, &base.quote, "has a different base image here"));
        lines.extend(base.or(other));
        let asked = past.commands(back.replaced).iter().rfind(|c| names::written_by(c, name));
        lines.extend(asked.map(|c| Study::quote(run, &c.quote, "exports to the same reference")));
    }
    if let Some((run, _)) = past.get(back.at) {
        let import = names::import(past, back.at, name);
        lines.extend(import.map(|t| end(run, t, "the reference is imported without error")));
        if back.by == By::Size {
            lines.extend(sent(past, back.at, "the Dockerfile is as large as in the earlier run"));
        }
        lines.push(header(run, back.step, "ran: what was stored of it is replaced"));
    }
    lines
}

/// The line that shows the size of the Dockerfile.
fn sent(past: &Past, i: usize, shows: &str) -> Option<Evidence> {
    let (run, build) = past.get(i)?;
    Some(Study::quote(run, &build.dockerfile.as_ref()?.quote, shows))
}
