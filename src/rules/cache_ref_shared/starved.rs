//! Builds that write one reference run after run, and break in each at the few files that name
//! their dependencies: what another build replaced looks in a log as files that changed. Or they
//! break at the very step at which the builds part: what they have in common is in either cache.

use std::collections::HashSet;

use super::{META, called, name, own_scopes, rivals_are_known, writes};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Impact, Proof, not_ruled_out, ruled_out, to_decide,
};
use crate::model::{Build, Step};
use crate::rules::Study;
use crate::rules::instruction::mounts_files;
use crate::rules::past::{Past, end, header};
use crate::rules::recurring::{Spot, spots};
use crate::rules::remedy::{self, Site};

/// A build that never finds what it stored, and where it breaks.
struct Starved<'a, 'p> {
    past: &'p Past<'a>,
    spot: Spot<'a>,
    /// The rival's steps are the same up to this one, and there it goes on otherwise.
    parts: bool,
}

pub(super) fn finding(study: &Study, sharers: &[&Past], cache: &str) -> Option<Finding> {
    let starved: Vec<Starved> =
        sharers.iter().filter_map(|past| starved(past, sharers, cache)).collect();
    let shown = rivals_are_known(sharers, cache);
    let elsewhere = |past: &&Past| past.all_commands().any(|c| !c.cache_to.is_empty());
    let runs: usize = starved.iter().map(|one| one.spot.broken.len()).sum();
    if runs < 2 || (!shown && sharers.iter().any(elsewhere)) {
        return None;
    }
    let parts = starved.iter().any(|one| one.parts);
    let newest = || sharers.iter().filter_map(|past| past.last());
    let site = |(run, build)| Site { cache: cache.to_owned(), ..Site::of(study, run, build) };
    let sites: Vec<Site> = newest().map(site).collect();
    let who = called(&newest().collect::<Vec<_>>(), cache);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if shown { Confidence::Likely } else { Confidence::Suspected },
        title: format!(
            "{} builds write their caches to {cache}, and each replaces the other's",
            sharers.len()
        ),
        cause: format!(
            "{} import {cache} and export their caches{}. An export replaces what was there, so \
                the next build finds that instead of its own: {}.",
            who.join(", "),
            if shown { "" } else { ", apparently to it" },
            if parts {
                "what all have in common comes from the cache, and where they part they run again"
            } else {
                "dependencies are installed again in every run"
            }
        ),
        evidence: Proof::from_lines(starved.iter().take(2).flat_map(|s| s.lines(cache)).collect())?
            .seen_in(starved.iter().flat_map(|s| s.past.places(s.spot.broken.iter().copied()))),
        fix: if name::is_scope(cache) {
            own_scopes(cache, &who)
        } else {
            remedy::own_refs(&sites, &who)
        },
        impact: starved.iter().map(Starved::impact).fold(Impact::default(), sum),
        rules_out: rules_out(shown, parts),
        subject: cache.to_owned(),
    })
}

/// It breaks at the files that name its dependencies in nearly every run that came after another
/// build's export.
fn starved<'a, 'p>(past: &'p Past<'a>, sharers: &[&Past], cache: &str) -> Option<Starved<'a, 'p>> {
    let own =
        |i: &usize| writes(past, *i) && super::reads(past, *i, cache) && super::only(past, *i);
    let rivals: Vec<&&Past> = sharers.iter().filter(|o| o.at != past.at).collect();
    let replaced = |i: &usize| own(i) && rivals.iter().any(|r| wrote_before(past, *i, r));
    let lost = |spot: &Spot| {
        spot.nearly_always()
            && spot.installs_what_it_copies(past).is_some()
            && rivals.iter().any(|rival| builds_something_else(past, rival, spot))
            && spot.broken.iter().all(replaced)
    };
    let parted = |spot: &Spot| {
        is_of_values_alone(past, spot)
            && rivals.iter().any(|rival| parts_at(past, rival, spot))
            && spot.broken.iter().all(replaced)
    };
    let all = spots(past);
    let starved = |spot: &Spot<'a>, parts| Some(Starved { past, spot: spot.clone(), parts });
    match all.iter().find(|spot| lost(spot)) {
        Some(spot) => starved(spot, false),
        None => all.iter().find(|spot| parted(spot)).and_then(|spot| starved(spot, true)),
    }
}

/// A RUN with the text of the run before, behind steps that came from the cache: no files reach it.
fn is_of_values_alone(past: &Past, spot: &Spot) -> bool {
    let runs = spot.last().is_some_and(|s| s.instruction == "RUN" && !mounts_files(&s.text));
    runs && spot.behind_hits(past) && spot.broken.iter().all(|&i| spot.has_kept_its_text(past, i))
}

/// The two have the stage in common up to this step, and there the rival has another one.
fn parts_at(past: &Past, rival: &Past, spot: &Spot) -> bool {
    let (Some(step), Some((_, own)), Some((_, other))) = (spot.last(), past.last(), rival.last())
    else {
        return false;
    };
    let of_stage = |s: &&Step| s.is_of(&step.stage, &step.platform);
    let text = |position: u32| {
        other.steps.iter().filter(of_stage).find(|s| s.position == position).map(|s| &s.text)
    };
    let mut above = own.steps.iter().filter(of_stage).filter(|s| s.position < step.position);
    let common = above.clone().next().is_some() && above.all(|s| text(s.position) == Some(&s.text));
    common && text(step.position).is_some_and(|text| *text != step.text)
}

/// The rival has no such step, or has it of other files: its cache holds no answer. Of one
/// Dockerfile and directory it would hold one.
fn builds_something_else(past: &Past, rival: &Past, spot: &Spot) -> bool {
    let Some(((_, build), (_, other))) = past.last().zip(rival.last()) else { return false };
    let has = |build: &Build| build.decided().any(|step| step.text == spot.text);
    let source = |past: &Past| {
        let commands = past.commands(past.len().saturating_sub(1));
        let file = commands.iter().find_map(|command| command.file.clone());
        (file, commands.iter().find_map(|command| command.context.clone()))
    };
    let texts = |build: &Build| build.decided().map(|s| s.text.clone()).collect::<HashSet<_>>();
    !has(other) || (source(past) != source(rival) && texts(build) != texts(other))
}

/// The rival exported since the run before.
fn wrote_before(past: &Past, i: usize, rival: &Past) -> bool {
    let run = |i: usize| past.refs.get(i).map(|at| at.run);
    let Some((before, now)) = i.checked_sub(1).and_then(run).zip(run(i)) else { return false };
    let between = |at: usize| rival.refs.get(at).is_some_and(|r| (before..=now).contains(&r.run));
    (0..rival.len()).any(|at| between(at) && writes(rival, at))
}

fn sum(sum: Impact, one: Impact) -> Impact {
    Impact {
        steps: sum.steps + one.steps,
        seconds: sum.seconds + one.seconds,
        runs: sum.runs.max(one.runs),
    }
}

impl Starved<'_, '_> {
    fn impact(&self) -> Impact {
        self.spot.impact(self.past)
    }

    /// In the newest run that broke: that it exports there, what it imports, and what ran.
    fn lines(&self, cache: &str) -> Vec<Evidence> {
        let Some(&i) = self.spot.broken.last() else { return Vec::new() };
        let Some(((run, _), step)) = self.past.get(i).zip(self.spot.step(i)) else {
            return Vec::new();
        };
        let asked = self.past.commands(i).iter().rfind(|c| name::written_by(c, cache));
        let import = name::import(self.past, i, cache);
        let asked = asked.map(|c| Study::quote(run, &c.quote, "exports to it"));
        let import = import.map(|t| end(run, t, "the same reference is imported without error"));
        let ran = header(run, step, "ran: what this build stored in the run before is not there");
        asked.into_iter().chain(import).chain([ran]).collect()
    }
}

fn rules_out(shown: bool, parts: bool) -> Vec<Alternative> {
    let mut said = vec![ruled_out("cache not found (the import ended without error)")];
    if parts {
        said.push(ruled_out(
            "changed files (the step reads none, and those above it came from the cache)",
        ));
        said.push(not_ruled_out("a build argument in scope of just this step that changes"));
    } else {
        said.push(not_ruled_out("dependencies that really change in each of these commits"));
    }
    if !shown {
        said.push(not_ruled_out("exports to references of their own (none is printed)"));
        said.push(to_decide("give the command lines or the bake file"));
    }
    said
}
