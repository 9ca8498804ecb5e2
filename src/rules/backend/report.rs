//! Turns refusals into findings: one per cause and repository, over all runs.
//!
//! Decides what is quoted and what it cost; the words come from the rule.

use foldhash::{HashMap, HashSet};

use super::later::passed;
use super::{Cause, Refusal, Side, refusals_for};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Impact, LogPlace, Proof, Severity,
    not_ruled_out,
};
use crate::model::{Build, CacheKind, Outcome, Step, elapsed, is_gone};
use crate::rules::remedy::reference;
use crate::rules::{RuleMeta, Study};
use crate::series::{Because, BuildRef};

/// What a rule says of a group of refusals.
pub(in crate::rules) struct Draft {
    pub(in crate::rules) severity: Severity,
    pub(in crate::rules) confidence: Confidence,
    pub(in crate::rules) title: String,
    pub(in crate::rules) cause: String,
    pub(in crate::rules) fix: Fix,
    pub(in crate::rules) rules_out: Vec<Alternative>,
}

/// Findings of a rule that is about one cause: `draft` may look at a group and pass.
pub(in crate::rules) fn findings(
    study: &Study,
    meta: &'static RuleMeta,
    cause: Cause,
    draft: impl Fn(&str, &[Refusal]) -> Option<Draft>,
) -> Vec<Finding> {
    let groups = by_repository(refusals_for(study, cause));
    groups
        .iter()
        .filter_map(|(repo, group)| finding(study, meta, repo, group, draft(repo, group)?))
        .collect()
}

/// Who refused, in words.
pub(in crate::rules) fn place(subject: &str) -> &str {
    match subject {
        "s3" => "the S3 bucket",
        "azblob" => "the Azure storage container",
        "gha" => "GitHub's cache service",
        "registry" | "cache" | "unknown" | "local" | "inline" => "the cache's registry",
        repository => reference::host(repository),
    }
}

/// Groups refusals by repository: import and export of one cache name different tags or blobs of
/// it.
pub(in crate::rules) fn by_repository(all: Vec<Refusal<'_>>) -> Vec<(String, Vec<Refusal<'_>>)> {
    let mut groups: Vec<(String, Vec<Refusal<'_>>)> = Vec::new();
    // One repository is written in few ways: each is compared with the groups once.
    let mut places: HashMap<String, usize> = HashMap::default();
    for refusal in all {
        let key = subject(&refusal);
        let place = *places.entry(key).or_insert_with_key(|key| {
            let known = groups.iter().position(|(known, _)| reference::same_repository(known, key));
            known.unwrap_or_else(|| {
                groups.push((key.clone(), Vec::new()));
                groups.len() - 1
            })
        });
        groups.get_mut(place).into_iter().for_each(|(_, group)| group.push(refusal));
    }
    groups
}

/// Lines that show it: the first two of each run, twelve in all.
pub(in crate::rules) fn evidence(group: &[Refusal<'_>], shows: &str) -> Vec<Evidence> {
    let mut lines: Vec<Evidence> = Vec::new();
    for refusal in group {
        let line = Study::quote(refusal.run, refusal.quote, shows);
        let of_run = lines.iter().filter(|l| l.source == line.source).count();
        if of_run < 2 && lines.len() < 12 && !lines.contains(&line) {
            lines.push(line);
            lines.extend(
                refusal
                    .answers()
                    .take(2)
                    .map(|answer| Study::quote(refusal.run, answer, "what it answered")),
            );
            lines.extend(listed(refusal));
        }
    }
    lines
}

/// Where the log shows whose layer it is that could not be fetched.
fn listed(refusal: &Refusal) -> Option<Evidence> {
    if refusal.cause != Cause::LayerUnreadable {
        return None;
    }
    let listed = refusal.build.gone.as_ref()?;
    Some(Study::quote(refusal.run, listed, "the layer is that of a step which came from the cache"))
}

/// What these builds executed.
pub(in crate::rules) fn cost_of<'a>(builds: impl Iterator<Item = &'a Build>) -> Impact {
    builds.fold(Impact::default(), |sum, build| {
        let steps = build.decided().filter(|s| s.outcome == Outcome::Miss).count();
        let runs = sum.runs + usize::from(steps > 0);
        Impact { steps: sum.steps + steps, seconds: sum.seconds + build.seconds_executed(), runs }
    })
}

/// A fault that later runs of the same builds do not have is told as one that was.
fn with_later_runs(study: &Study, group: &[Refusal], draft: Draft) -> Draft {
    let Some(passed) = passed(study, group) else { return draft };
    let doubt = not_ruled_out(
        "a fault that is over (later runs of the build use the same cache without an error)",
    );
    Draft {
        severity: draft.severity.min(if passed.over { Severity::Note } else { Severity::Warning }),
        title: format!(
            "{} (in {} of {} runs; the later ones are fine)",
            draft.title, passed.refused, passed.runs
        ),
        rules_out: draft.rules_out.into_iter().chain([doubt]).collect(),
        ..draft
    }
}

fn finding(
    study: &Study,
    meta: &'static RuleMeta,
    repo: &str,
    group: &[Refusal],
    draft: Draft,
) -> Option<Finding> {
    let draft = with_later_runs(study, group, draft);
    let places = group.iter().map(|refusal| LogPlace::of(refusal.run, refusal.build));
    Some(Finding {
        rule: meta.id,
        severity: draft.severity,
        confidence: draft.confidence,
        title: draft.title,
        cause: draft.cause,
        evidence: Proof::from_lines(evidence(group, ""))?.seen_in(places),
        fix: draft.fix,
        impact: impact(study, repo, group),
        rules_out: draft.rules_out,
        subject: repo.to_owned(),
    })
}

fn subject(refusal: &Refusal) -> String {
    // Whichever way the cache was going, and whether or not the builder names its kind.
    let of_github = matches!(
        refusal.cause,
        Cause::GhaRetired | Cause::GhaTimeout | Cause::GhaService | Cause::GhaSignature
    );
    if of_github || is_gone(refusal.text) {
        return CacheKind::Gha.name().to_owned();
    }
    if refusal.cause == Cause::Crowded {
        return CacheKind::Local.name().to_owned();
    }
    match refusal.reference() {
        Some(name) => reference::repository(&name).to_owned(),
        None if refusal.transfer.is_none() && refusal.kind == CacheKind::Unknown => {
            "cache".to_owned()
        }
        None => refusal.kind.name().to_owned(),
    }
}

/// Steps that ran because the cache was not there: in builds whose import was refused, and in
/// later builds that look for what a refused export did not write. A build that another import
/// served is not counted.
fn impact(study: &Study, repo: &str, group: &[Refusal]) -> Impact {
    let not_read =
        group.iter().filter(|r| r.side == Side::Import).map(|r| r.at).collect::<HashSet<_>>();
    let not_written = group.iter().filter(|r| r.side == Side::Export).map(|r| r.at.run).min();
    let mut hit = Vec::new();
    for (run, log) in study.runs.iter().enumerate() {
        let later = not_written.is_some_and(|first| run > first);
        for (at, build) in log.builds.iter().enumerate().filter(|(_, build)| !build.imported()) {
            if not_read.contains(&BuildRef { run, build: at }) || later && looks_for(build, repo) {
                hit.push((BuildRef { run, build: at }, build));
            }
        }
    }
    cost_on_their_bases(study, &hit)
}

/// What these builds executed, without the stages whose base image is another one than before: no
/// cache has their steps.
fn cost_on_their_bases(study: &Study, hit: &[(BuildRef, &Build)]) -> Impact {
    let asked: HashSet<BuildRef> = hit.iter().map(|(at, _)| *at).collect();
    let mut moved: HashMap<BuildRef, Vec<&Step>> = HashMap::default();
    for (series, misses) in study.series.iter().zip(&study.misses) {
        let own = series.builds.iter().enumerate().filter(|(_, at)| asked.contains(at));
        for (place, at) in own {
            let Some(build) = study.build(*at) else { continue };
            let other = misses.in_build(place, build).filter(|m| m.because == Because::BaseChanged);
            moved.entry(*at).or_default().extend(other.map(|miss| miss.step));
        }
    }
    let mut sum = Impact::default();
    for (at, build) in hit {
        let firsts = moved.get(at).map_or(&[][..], Vec::as_slice);
        let ran = build.decided().filter(|step| step.outcome == Outcome::Miss);
        let ran: Vec<&Step> =
            ran.filter(|step| !firsts.iter().any(|first| is_below(step, first))).collect();
        sum.runs += usize::from(!ran.is_empty());
        sum.steps += ran.len();
        sum.seconds += elapsed(ran);
    }
    sum
}

/// It is the step, or below it in its stage.
fn is_below(step: &Step, first: &Step) -> bool {
    step.is_of(&first.stage, &first.platform) && step.position >= first.position
}

/// The build asked for a cache of this repository, in vain.
fn looks_for(build: &Build, repo: &str) -> bool {
    let mut failed =
        build.imports.iter().filter(|i| i.error.is_some()).filter_map(|i| i.reference.as_deref());
    failed.any(|name| reference::same_repository(name, repo))
}
