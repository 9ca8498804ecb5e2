//! The reference is written, by another build of the same job, which does not make these steps:
//! `docker buildx build --target test`, then the whole with `--cache-to`.

use super::super::instruction::brief;
use super::super::past::{Past, header};
use super::super::recurring::Spot;
use super::super::remedy::{self, Site, reference};
use super::{META, writes};
use crate::finding::{Confidence, Finding, Fix, Impact, Proof, ruled_out};
use crate::model::{Build, Command, Run};
use crate::rules::Study;
use crate::series::chain;

/// The build of the job that writes it, and its command line.
pub(super) fn writer<'a>(
    past: &Past<'a>,
    i: usize,
    name: &str,
) -> Option<(&'a Build, &'a Command)> {
    let (run, own) = past.get(i)?;
    let others = run.builds.iter().filter(|build| !std::ptr::eq(*build, own));
    others.into_iter().find_map(|other| {
        let commands = run.commands_of(other);
        let all: Vec<&Command> = commands.iter().collect();
        let command = commands.iter().find(|command| !command.cache_to.is_empty())?;
        writes(&all, run, other, name).then_some((other, command))
    })
}

/// What that build does not make is stored nowhere.
pub(super) fn finding(
    past: &Past,
    i: usize,
    name: &str,
    early: Option<&Spot>,
    impact: Impact,
) -> Option<Finding> {
    let ((run, build), (other, command)) = past.get(i).zip(writer(past, i, name))?;
    let spot = early?;
    let step = spot.step(i).filter(|step| !chain::has_step(other, step))?;
    let text = brief(&step.text);
    let mut evidence = vec![Study::quote(run, &command.quote, "another build writes it")];
    evidence.extend(spot.broken.iter().rev().take(2).rev().filter_map(|&at| {
        Some(header(past.get(at)?.0, spot.step(at)?, "ran again: nothing stored it"))
    }));
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "`{text}` is stored nowhere: {name} is written by another build of the job, which does \
                not make it"
        ),
        cause: format!(
            "The build imports {name} and writes no cache. Another build of the job writes it, and \
                an export holds what its own build made or found: `{text}` is not among that, so \
                it runs again in every run."
        ),
        evidence: Proof::from_lines(evidence)?.seen_in(past.places(spot.broken.iter().copied())),
        fix: fix(past, run, build, name),
        impact,
        rules_out: vec![ruled_out("a cache that is not found (the import ended without error)")],
        subject: name.to_owned(),
    })
}

fn fix(past: &Past, run: &Run, build: &Build, name: &str) -> Fix {
    let target = build.target.as_deref();
    let asked = || run.commands_of(build).iter().find_map(|command| command.target.as_deref());
    let called = target.or_else(asked).unwrap_or("own");
    let tag = reference::tag(name).unwrap_or("buildcache");
    let own = reference::with_tag(name, &format!("{tag}-{called}"));
    let site = Site { cache: own.clone(), ..Site::of(past.study, run, build) };
    Fix {
        summary: format!("store the cache of this build too, in {own}"),
        steps: vec![
            format!("Export to {own}: with {name} each build would replace the other's cache."),
            format!("Import both {own} and {name}."),
        ],
        ..remedy::registry_max(&site)
    }
}
