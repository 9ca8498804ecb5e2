//! Several builds write one cache reference: the last writer wins, the others start cold.

mod directory;
mod in_turns;
mod name;
mod nodes;
mod one_run;
mod side_by_side;
mod starved;
mod versions;
mod written;

pub(super) use name::{are_apart, scope};
pub(super) use written::{differ, legs_differ};

use std::collections::{BTreeSet, HashMap};

use super::past::{Loss, Past, cost, end, header, verdict};
use super::remedy::{self, Site};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out,
    ruled_out, to_decide,
};
use crate::model::{Build, Command, Dialect, Outcome, Run, Text};

pub(super) struct CacheRefShared;

static META: RuleMeta = RuleMeta {
    id: "cache-ref-shared",
    title: "several builds write their caches to one reference",
    group: "Hits only every second run",
    severity: Severity::Error,
    what: "Two different builds (jobs, bake targets) import one reference and both export a cache, \
        and a build that stored its cache finds none of it in the next run although nothing it \
        depends on changed. Or one job alternates between branches, image tags or platforms, and \
        a step comes from the cache after a run of the same one and runs again after a run of \
        another. Or several builds of one log, or alternating branches, miss in every run at the \
        few files that name their dependencies, or at the very step at which they part. Or a run \
        brings back a step text or base image that an earlier run had stored and a run in \
        between has replaced; or two sizes of the Dockerfile, or few commits, come back in turns. \
        Or builds of one log export to one local directory one after the other. Or targets of one bake export in parallel, and one finds the directory locked or \
        its files moved. Or a builder has a node for each platform, and all of them export to \
        the one reference of the command. It is a warning if the command lines of one log name \
        one reference for builds that have little in common, or if all targets of one bake import \
        one and each exports. Without a log: builds of the configuration that make different \
        things and export to one reference or scope, or to directories that the CI keeps under one \
        key; a matrix whose cache is named after only one of the axes that decide what is built.",
    why: "An export replaces what the reference held. The build that finishes last wins; the other \
        one starts cold, takes longer, finishes last and wins: each of them hits every second run, \
        or never.",
    fix: "Use one reference (or gha scope) for each build, branch and platform.",
    rules_out: "Builds that only read a common reference, changed base images and instructions, \
        failed imports and exports. The reference of an export is not printed; the command line \
        proves it where the log shows it.",
    limits: "Branches and platforms that one job alternates between are recognised only if the log \
        names them: otherwise a job whose files change in some runs looks the same. A job that \
        writes the reference is not seen if its logs are not given.",
    example: include_str!("examples/cache-ref-shared.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/",
        "https://github.com/docker/buildx/discussions/1382",
    ],
    since: "0.1.0",
};

impl Rule for CacheRefShared {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let all: Vec<Past> = Past::all(study).collect();
        // One series shares with nobody.
        let several: &[Past] = if all.len() > 1 { &all } else { &[] };
        let names: BTreeSet<String> = several.iter().flat_map(names).collect();
        let sharers = sharers(several);
        let shown =
            names.iter().filter_map(|name| finding(study, sharers.get(&name::key(name))?, name));
        let mut found: Vec<Finding> =
            shown.chain(all.iter().flat_map(in_turns::findings)).collect();
        let versions: Vec<Finding> = all.iter().flat_map(versions::findings).collect();
        let is_new = |finding: &Finding| found.iter().all(|known| known.subject != finding.subject);
        let versions: Vec<Finding> = versions.into_iter().filter(is_new).collect();
        found.extend(versions);
        found.extend(all.iter().filter_map(nodes::finding));
        let side_by_side = side_by_side::findings(study);
        found.extend(written::findings(study, &all, &found));
        found.into_iter().chain(side_by_side).collect()
    }
}

/// A build that stored its cache and lost it.
struct Victim<'a, 'p> {
    past: &'p Past<'a>,
    at: usize,
    losses: Vec<Loss<'a>>,
}

/// Names of caches that the series reads while it writes one.
fn names(past: &Past) -> BTreeSet<String> {
    (0..past.len()).filter(|&i| writes(past, i)).flat_map(|i| name::read(past, i)).collect()
}

/// It writes a cache that replaces what was there: one of its own, or an inline one. kaniko and
/// buildah add layers to a repository, each under the hash of its key.
fn writes(past: &Past, i: usize) -> bool {
    let Some(build) = past.builds.get(i) else { return false };
    let adds = matches!(build.dialect, Dialect::Kaniko | Dialect::Buildah);
    !adds && (past.exported(i) || build.inline.is_some())
}

/// It may write this name: it writes a cache, and no command line says that it goes elsewhere.
fn may_write(past: &Past, i: usize, name: &str) -> bool {
    let mut writing = past.commands(i).iter().filter(|c| !c.cache_to.is_empty()).peekable();
    let unknown = |c: &Command| c.cache_to.iter().any(|spec| spec.raw.contains('$'));
    let here = |c: &Command| unknown(c) || name::written_by(c, name);
    writes(past, i) && (writing.peek().is_none() || writing.any(here))
}

/// Of each cache the series that write one while they read this, and no other.
fn sharers<'a, 'p>(all: &'p [Past<'a>]) -> HashMap<String, Vec<&'p Past<'a>>> {
    let mut sharers: HashMap<String, Vec<&Past>> = HashMap::new();
    for past in all {
        let alone = (0..past.len()).filter(|&i| writes(past, i) && only(past, i));
        let names: BTreeSet<String> = alone.flat_map(|i| name::read(past, i)).collect();
        let keys: BTreeSet<String> = names.iter().map(|name| name::key(name)).collect();
        for key in keys {
            sharers.entry(key).or_default().push(past);
        }
    }
    sharers
}

fn reads(past: &Past, i: usize, name: &str) -> bool {
    name::read(past, i).iter().any(|read| name::same(read, name))
}

fn finding(study: &Study, sharers: &[&Past], name: &str) -> Option<Finding> {
    let apart = directory::is_one(name) && !directory::is_of_one_machine(sharers);
    if sharers.len() < 2 || apart {
        return None;
    }
    let victims: Vec<Victim> = sharers.iter().flat_map(|past| victims(past, name)).collect();
    if victims.is_empty() {
        let in_one_run = one_run::finding(study, sharers, name);
        return in_one_run.or_else(|| starved::finding(study, sharers, name));
    }
    let site = |(run, build)| Site { cache: name.to_owned(), ..Site::of(study, run, build) };
    let sites: Vec<Site> = sharers.iter().filter_map(|p| p.last()).map(site).collect();
    let proven = rivals_are_known(sharers, name);
    let who = called(&sharers.iter().filter_map(|past| past.last()).collect::<Vec<_>>(), name);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if proven { Confidence::Proven } else { Confidence::Likely },
        title: format!(
            "{} builds write their caches to {name}, and each replaces the other's",
            sharers.len()
        ),
        cause: format!(
            "{} import {name} and export their caches. An export replaces what was there, so only \
                the build that finishes last finds its cache in the next run.",
            who.join(" and ")
        ),
        evidence: Proof::from_lines(
            shown(&victims).into_iter().flat_map(|v| lines(v, name)).collect(),
        )?
        .seen_in(victims.iter().flat_map(|v| v.past.places([v.at]))),
        fix: if name::is_scope(name) {
            own_scopes(name, &who)
        } else {
            remedy::own_refs(&sites, &who)
        },
        impact: impact(&victims),
        rules_out: rules_out(proven),
        subject: name.to_owned(),
    })
}

/// The first of each build; two where they are of one.
fn shown<'v, 'a, 'p>(victims: &'v [Victim<'a, 'p>]) -> Vec<&'v Victim<'a, 'p>> {
    const MOST: usize = 6;
    let mut shown: Vec<&Victim> = Vec::new();
    for victim in victims {
        if shown.len() < MOST && shown.iter().all(|known| known.past.at != victim.past.at) {
            shown.push(victim);
        }
    }
    match (shown.as_slice(), victims) {
        ([_], [_, second, ..]) => shown.into_iter().chain([second]).collect(),
        _ => shown,
    }
}

/// The command lines show that each of them writes it.
fn rivals_are_known(sharers: &[&Past], name: &str) -> bool {
    sharers.iter().all(|past| past.all_commands().any(|c| name::written_by(c, name)))
}

/// What tells the builds apart; legs of one matrix make one image, then their jobs do.
fn called(newest: &[(&Run, &Build)], name: &str) -> Vec<Text> {
    let own: Vec<Text> = newest.iter().map(|(run, build)| own_name(run, build, name)).collect();
    let distinct: BTreeSet<&Text> = own.iter().collect();
    if distinct.len() == own.len() {
        return own;
    }
    newest.iter().map(|(run, _)| run.job.as_ref().unwrap_or(&run.label).clone()).collect()
}

/// Its target, its image, or the Dockerfile that the command line names where all have one image.
fn own_name(run: &Run, build: &Build, name: &str) -> Text {
    let image = build.images.iter().find(|image| !name::same(image, name));
    if let Some(own) = build.target.as_ref().or(image) {
        return own.clone();
    }
    match run.commands_of(build) {
        [command] => command.file.as_deref().unwrap_or("Dockerfile").into(),
        _ => run.label.clone(),
    }
}

/// The build imports nothing else: one with a list of references may write to another of them.
fn only(past: &Past, i: usize) -> bool {
    let names: BTreeSet<&str> =
        past.imports(i).into_iter().filter_map(|t| t.reference.as_deref()).collect();
    names.len() == 1
}

/// Runs that imported the reference, and lost steps that an earlier run of the same build had
/// stored there.
fn victims<'a, 'p>(past: &'p Past<'a>, name: &str) -> Vec<Victim<'a, 'p>> {
    let lost = (1..past.len())
        .filter(|&i| past.imported(i) && reads(past, i, name) && !past.asked_for_no_cache(i));
    let victim = |at| {
        let stages =
            stores_all(past, at) || past.study.reads.holds_stages(past.study, past.at, name);
        let all = if stages { past.losses(at) } else { past.final_losses(at) };
        let losses: Vec<Loss> =
            all.into_iter().filter(|l| (l.seen..at).any(|j| writes(past, j))).collect();
        (!losses.is_empty()).then_some(Victim { past, at, losses })
    };
    lost.filter_map(victim).collect()
}

/// Its command line stores every stage, not the last one alone.
fn stores_all(past: &Past, i: usize) -> bool {
    let mut specs = past.commands(i).iter().flat_map(|command| &command.cache_to).peekable();
    specs.peek().is_some() && specs.all(|spec| spec.get("mode") == Some("max"))
}

fn impact(victims: &[Victim]) -> Impact {
    let steps = victims.iter().filter_map(|v| v.past.builds.get(v.at)).flat_map(|b| &b.steps);
    cost(steps.filter(|s| s.outcome == Outcome::Miss), victims.len())
}

fn lines(victim: &Victim, name: &str) -> Vec<Evidence> {
    let Some(((run, build), loss)) = victim.past.get(victim.at).zip(victim.losses.first()) else {
        return Vec::new();
    };
    let asked = victim.past.commands(victim.at).iter().rfind(|c| name::written_by(c, name));
    let mut lines: Vec<Evidence> =
        asked.map(|c| Study::quote(run, &c.quote, "exports to it")).into_iter().collect();
    if let Some((before, earlier)) = victim.past.get(loss.seen) {
        let export = earlier.exports.iter().find(|e| e.ok());
        lines.push(verdict(before, loss.before, "was built or found here"));
        lines.extend(export.map(|e| Study::quote(before, &e.header, "and stored")));
    }
    let import = name::import(victim.past, victim.at, name);
    lines.extend(import.map(|t| Study::quote(run, &t.header, "the same reference is imported")));
    lines.extend(import.map(|t| end(run, t, "without error")));
    lines.push(header(run, loss.step, "ran again, though nothing it depends on changed"));
    lines.extend(
        build
            .exports
            .iter()
            .find(|e| e.ok())
            .map(|e| Study::quote(run, &e.header, "its cache replaces the other build's")),
    );
    lines
}

/// A backend without references keeps its caches apart by a name in the options.
fn own_scopes(name: &str, who: &[Text]) -> Fix {
    if directory::is_one(name) {
        return directory::fix(name, who);
    }
    let (before, _) = name.rsplit_once('=').unwrap_or((name, ""));
    let each = who.iter().map(|one| {
        let own = format!("{before}={}", remedy::short_name(one));
        format!("# {one}\n--cache-from {own}\n--cache-to {own},mode=max")
    });
    Fix {
        summary: "give each build a scope or name of its own".to_owned(),
        steps: vec![
            "The layers of all scopes are kept once, but each scope has one index, and the last \
                build to end replaces it: write one scope for each image and platform."
                .to_owned(),
            "A build may import several scopes.".to_owned(),
        ],
        snippet: Some(each.collect::<Vec<_>>().join("\n\n")),
        ..Fix::default()
    }
}

fn rules_out(proven: bool) -> Vec<Alternative> {
    let mut said = vec![
        ruled_out(
            "changed source or base image (the steps that were lost read no files, and the digests \
                are the same)",
        ),
        ruled_out("cache not found (the import ended without error)"),
    ];
    if !proven {
        said.extend([
            not_ruled_out("exports to different references (where an export goes is not printed)"),
            to_decide("give the command lines or the bake file"),
        ]);
    }
    said
}
