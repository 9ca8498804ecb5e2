//! A stored step is gone although nothing it depends on can have changed.

mod gone;
mod key;
mod pruned;
mod written;

use super::past::{self, Loss, Past, cost, end, header, verdict};
use super::{Cause, Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out,
    to_decide,
};
use crate::model::{Found, Outcome, StepKind};
use crate::series::chain;

pub(super) struct CacheLost;

static META: RuleMeta = RuleMeta {
    id: "cache-lost",
    title: "a stored cache is gone though nothing changed",
    group: "The Dockerfile and its inputs",
    severity: Severity::Warning,
    what: "The final stage ran from its first step on, though that step reads no files and its \
        text and base image are the same as in an earlier successful run that stored it: in the \
        cache that this run imports, or in a builder that answered other runs. Or a stage ran \
        from its first step on, and between it and the run that stored it the job pruned the \
        builder's cache (`docker builder prune`, `docker system prune`), which deleted something; \
        for the classic builder, podman and buildah: deleted images (`docker rmi`, `podman image \
        prune`, `podman system reset`). \
        Or a reference is not found that an earlier run had imported, or had written by its command \
        line. Without a log, as a note: a job of a self-hosted machine builds without a cache of \
        another place, and prunes the builder's cache without a limit in each run.",
    why: "The record was removed or replaced between the runs: pruned by the builder's garbage \
        collection, deleted in the registry, overwritten by another build, or the job ran on \
        another agent.",
    fix: "Find out what removes it; then give the builder more space, prune by age, exempt the \
        cache tag from the registry's retention, or use a registry cache if agents change.",
    rules_out: "Everything with a rule of its own: the engine's inline cache bugs, shared \
        references, stages that are not stored, failed imports and exports, changed base images \
        and instructions, changing arguments, `--no-cache`, first runs, failed and cancelled runs. \
        If one of those is found, this rule reports nothing.",
    limits: "A log does not say who deleted it (the builder's garbage collection, a clean-up rule \
        of the registry, a person). A step below a COPY is not judged: its files may have changed.",
    example: include_str!("examples/cache-lost.txt"),
    references: &[
        "https://docs.docker.com/build/cache/garbage-collection/",
        "https://docs.docker.com/build/cache/backends/registry/",
    ],
    since: "0.1.0",
};

impl Rule for CacheLost {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[
            Cause::Of(Effect::LostCiCache),
            Cause::Rule("ci-cache-frozen"),
            Cause::Rule("ci-cache-never-restored"),
            Cause::Rule("ci-docker-cache-unused-by-buildkit"),
            Cause::Of(Effect::ColdRun),
        ]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let of = |past: &Past| past.by_machine().iter().filter_map(finding).collect::<Vec<_>>();
        let seen = past::judge(study, of);
        [seen, written::findings(study, &META)].concat()
    }
}

/// A prune that the logs show, else what they leave open.
fn finding(past: &Past) -> Option<Finding> {
    pruned::finding(past, &META)
        .or_else(|| gone::finding(past, &META))
        .or_else(|| key::finding(past, &META))
        .or_else(|| unseen(past))
}

/// Where the lost record was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LostFrom {
    Imported,
    Builder,
}

struct Lost<'a> {
    at: usize,
    loss: Loss<'a>,
    store: LostFrom,
}

fn unseen(past: &Past) -> Option<Finding> {
    let keeps = past.never_imports() && answers_another_run(past) && !any_booted(past);
    let warm = past.builds.iter().position(|build| build.hits() > 0);
    let known = CacheFacts { keeps, warm };
    let lost: Vec<Lost> = (1..past.len()).filter_map(|i| lost(past, i, known)).collect();
    let newest = lost.last()?;
    // A builder that lost nothing since it first had something kept nothing before.
    if newest.store == LostFrom::Builder && warm.is_none_or(|warm| newest.at < warm) {
        return None;
    }
    let at: Vec<usize> = lost.iter().map(|one| one.at).collect();
    if past.is_over(&at) {
        return None;
    }
    let (run, build) = past.get(newest.at)?;
    let told = lost.len() > 1 || newest.store == LostFrom::Imported;
    Some(Finding {
        rule: META.id,
        severity: if told { META.severity } else { Severity::Note },
        confidence: Confidence::Suspected,
        title: format!(
            "{} of {} runs start cold, though an earlier run had stored what they need",
            lost.len(),
            past.len()
        ),
        cause: cause(newest),
        evidence: Proof::from_lines(
            lost.iter().rev().take(3).rev().flat_map(|l| lines(past, l)).collect(),
        )?
        .seen_in(past.places(lost.iter().map(|one| one.at))),
        fix: fix(newest.store),
        impact: cost(
            lost.iter().filter_map(|l| past.builds.get(l.at)).flat_map(|b| &b.steps),
            lost.len(),
        ),
        rules_out: rules_out(past, newest),
        subject: build
            .imports
            .first()
            .and_then(|i| i.reference.as_deref())
            .or(build.builder.as_deref())
            .unwrap_or(&run.label)
            .to_owned(),
    })
}

/// What the series tells of its caches.
#[derive(Clone, Copy)]
struct CacheFacts {
    /// The builder is seen to keep its own.
    keeps: bool,
    /// The first run that found something.
    warm: Option<usize>,
}

fn lost<'a>(past: &Past<'a>, i: usize, known: CacheFacts) -> Option<Lost<'a>> {
    let (_, build) = past.get(i)?;
    let (hits, total) = past.counts(i)?;
    if hits > 0 || total < 2 || past.asked_for_no_cache(i) {
        return None;
    }
    let last = chain::final_stage(build);
    // Every kind of cache stores the final stage; another one was stored where it came from the
    // cache before.
    let held = |loss: &Loss| {
        loss.before.outcome == Outcome::Hit
            && !(loss.seen..i).any(|j| stores_the_last_stage(past, j))
    };
    let stored = |loss: &Loss| Some(loss.stage.name) == last || held(loss);
    let losses = past.losses(i).into_iter().filter(stored);
    let loss = losses.into_iter().find(|loss| !argument_above(past, i, loss))?;
    let store = store(past, i, loss.seen, known)?;
    Some(Lost { at: i, loss, store })
}

/// In the cache that this run reads and one since wrote; or in a builder that is seen to keep its
/// own.
fn store(past: &Past, i: usize, seen: usize, known: CacheFacts) -> Option<LostFrom> {
    let all_well = past.imports(i).iter().all(|t| t.ok());
    let written = (seen..i)
        .any(|j| past.exported(j) || past.builds.get(j).is_some_and(|b| b.inline.is_some()));
    // An import from a bucket or a scope ends well where nothing is there.
    let found = past.imports(i).iter().any(|t| t.found() == Found::Yes)
        || known.warm.is_some_and(|warm| warm < i);
    let whole = past.previous(i).is_some_and(|before| whole(past, before));
    if past.imported(i) && all_well && written && whole && found {
        return Some(LostFrom::Imported);
    }
    let booted = past.builds.get(i).is_some_and(|build| build.booted.is_some());
    (known.keeps && !booted && whole).then_some(LostFrom::Builder)
}

/// Its command line exports the final stage alone: `mode=max` is not among the options.
fn stores_the_last_stage(past: &Past, i: usize) -> bool {
    let mut specs = past.commands(i).iter().flat_map(|command| &command.cache_to);
    specs.any(|spec| spec.get("mode") != Some("max"))
}

/// Some run began with hits: of a second build in one run they say nothing. Those of the first run
/// that is given are of one before it.
fn answers_another_run(past: &Past) -> bool {
    let run = |i: usize| past.refs.get(i).map(|at| at.run);
    let first = |i: usize| match i.checked_sub(1) {
        Some(before) => run(i) != run(before),
        None => past.refs.first().is_some_and(|at| at.build == 0),
    };
    (0..past.len()).any(|i| first(i) && past.builds.get(i).is_some_and(|b| b.hits() > 0))
}

/// A run that failed or was cancelled stores nothing.
fn whole(past: &Past, i: usize) -> bool {
    past.builds.get(i).is_some_and(|b| b.succeeded())
}

/// A builder that is made anew now and then has its reason there.
fn any_booted(past: &Past) -> bool {
    past.builds.iter().skip(1).any(|b| b.booted.is_some())
}

/// The classic builder prints ENV and LABEL: where one above the step was not found, a value
/// changed.
fn argument_above(past: &Past, i: usize, loss: &Loss) -> bool {
    let steps = past.builds.get(i).map(|b| &b.steps).into_iter().flatten();
    let mut above = steps.filter(|s| s.stage == loss.step.stage && s.position < loss.step.position);
    above.any(|s| s.kind == StepKind::Metadata && s.outcome == Outcome::Miss)
}

fn cause(lost: &Lost) -> String {
    let place = match lost.store {
        LostFrom::Imported => {
            "The cache was imported without an error, and an earlier run had written one"
        }
        LostFrom::Builder => "The builder answers other runs of this series from its own cache",
    };
    let same = format!(
        "{place}; `{}` reads no files, and its text and base image are the same.",
        lost.loss.step.text
    );
    if lost.loss.open {
        return format!(
            "{same} Either its record was removed or replaced between the runs, or this run asked \
                for a different key: `--no-cache`, an argument, a build option or an instruction \
                that is not printed."
        );
    }
    if reads_the_epoch(lost) {
        return format!(
            "{same} Either its record was removed or replaced between the runs, or \
                SOURCE_DATE_EPOCH had a different value: since BuildKit 0.22 a WORKDIR depends on \
                it, and buildx takes it from its environment, and the log does not show it."
        );
    }
    format!("{same} Its record must have been removed or replaced between the runs.")
}

/// A WORKDIR of a cache that is imported. A builder that lost it and keeps its context is told
/// apart by that.
fn reads_the_epoch(lost: &Lost) -> bool {
    lost.loss.step.instruction == "WORKDIR" && lost.store == LostFrom::Imported
}

fn lines(past: &Past, lost: &Lost) -> Vec<Evidence> {
    let Some(((run, _), (before, earlier))) = past.get(lost.at).zip(past.get(lost.loss.seen))
    else {
        return Vec::new();
    };
    let mut lines = vec![verdict(before, lost.loss.before, "was built or found here")];
    let export = earlier.exports.iter().find(|e| e.ok());
    lines.extend(export.map(|e| Study::quote(before, &e.header, "and stored")));
    lines.extend(
        past.imports(lost.at)
            .into_iter()
            .find(|t| t.ok())
            .map(|t| end(run, t, "imported without error")),
    );
    lines.push(header(run, lost.loss.step, "ran again, though nothing it depends on changed"));
    lines
}

fn fix(store: LostFrom) -> Fix {
    let (summary, steps, snippet) = match store {
        LostFrom::Imported => (
            "find out who replaces or deletes the cache between the runs",
            [
                "Give the logs of all jobs that write this reference together with these: builds \
                    that share it are then named.",
                "Check whether the registry's retention deletes the tag, or manifests without a \
                    tag; exempt the cache.",
            ],
            None,
        ),
        LostFrom::Builder => (
            "keep the builder's cache, or put it where every agent finds it",
            [
                "Check on the agent whether the cache is pruned (a cron job, `docker system \
                    prune`, a full disk, the builder's own limit) or whether the job runs on \
                    several agents.",
                "Allow the builder more space, or use a registry cache, which survives both.",
            ],
            Some(
                "docker buildx du\ndocker buildx ls\n\n# buildkitd.toml of the \
                    builder\n[worker.oci]\n  gc = true\n  maxUsedSpace = \"50GB\"",
            ),
        ),
    };
    Fix {
        summary: summary.to_owned(),
        steps: steps.into_iter().map(str::to_owned).collect(),
        snippet: snippet.map(str::to_owned),
        ..Fix::default()
    }
}

fn rules_out(past: &Past, lost: &Lost) -> Vec<Alternative> {
    let mut said = vec![
        ruled_out(
            "changed sources, base image or instruction (the first step reads no files and has the \
                same text and digest)",
        ),
        no_cache(past, lost),
    ];
    // A cache that is imported is the same for all.
    if lost.store == LostFrom::Builder {
        said.extend(another_agent(past));
    }
    if reads_the_epoch(lost) {
        said.push(not_ruled_out("SOURCE_DATE_EPOCH (see whether the job sets it)"));
    }
    if lost.loss.step.instruction == "RUN" {
        said.push(not_ruled_out(
            "an ARG or ENV with a different value (it can rerun a RUN that does not show it)",
        ));
    }
    said
}

fn another_agent(past: &Past) -> Vec<Alternative> {
    match past.machine() {
        Some(name) => vec![ruled_out(format!("another agent (these runs are all on {name})"))],
        None => vec![
            not_ruled_out("another agent (the log does not name the machine)"),
            to_decide("look at the agent's name"),
        ],
    }
}

/// `BuildKit` answers a WORKDIR from its cache also where `--no-cache` is given.
fn no_cache(past: &Past, lost: &Lost) -> Alternative {
    let buildkit = past.builds.get(lost.at).is_some_and(|build| build.dialect.is_buildkit());
    if buildkit && lost.loss.step.instruction == "WORKDIR" {
        return ruled_out("`--no-cache` (it leaves a WORKDIR in the cache)");
    }
    if !past.commands(lost.at).is_empty() {
        return ruled_out("`--no-cache` (the command line does not give it)");
    }
    not_ruled_out("`--no-cache` (only the command line would show it)")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::CacheKind;

    fn cold() -> Made {
        made().from("node:20", "aa").miss("WORKDIR /app").miss("COPY . .").miss("RUN a")
    }

    fn warm() -> Made {
        made().from("node:20", "aa").hit("WORKDIR /app").hit("COPY . .").hit("RUN a")
    }

    #[test]
    fn fires_on_a_pruned_builder_and_an_emptied_reference() {
        let found = CacheLost.check(&of(vec![cold(), warm(), cold(), warm(), cold()]));
        assert_eq!(
            (found.len(), found[0].severity, found[0].confidence),
            (1, Severity::Warning, Confidence::Suspected)
        );
        let stored =
            |made: Made| made.import("r.example.com/a:c", None).export(CacheKind::Registry, None);
        let found = CacheLost.check(&of(vec![stored(cold()), stored(warm()), stored(cold())]));
        assert_eq!((found.len(), found[0].impact.steps), (1, 3));
    }

    #[test]
    fn once_on_a_kept_builder_is_a_note() {
        assert_eq!(
            CacheLost.check(&of(vec![cold(), warm(), warm(), cold()]))[0].severity,
            Severity::Note
        );
    }

    #[test]
    fn leaves_what_has_a_reason() {
        let failed = || warm().error("ERROR: failed to solve: x");
        assert!(CacheLost.check(&of(vec![cold(), warm(), failed(), cold()])).is_empty());
        let drift = || made().from("node:20", "bb").miss("WORKDIR /app").miss("COPY . .");
        assert!(CacheLost.check(&of(vec![cold(), warm(), drift()])).is_empty());
        let unstored = || cold().import("r.example.com/a:c", None);
        assert!(CacheLost.check(&of(vec![unstored(), unstored()])).is_empty());
        let booted = || cold().with(|b| b.booted = Some(crate::model::Quote::default()));
        assert!(CacheLost.check(&of(vec![cold(), warm(), booted()])).is_empty());
        assert!(CacheLost.check(&of(vec![cold(), cold()])).is_empty());
    }

    /// An agent that is new each time builds the image twice: the second build finds the first
    /// one's steps.
    #[test]
    fn leaves_two_builds_in_one_run() {
        let twice = || {
            let mut run = cold().run();
            run.builds.extend(warm().run().builds);
            run
        };
        let mut study = super::super::testing::study(vec![twice(), twice(), twice()]);
        let both = |run| [0, 1].map(|build| crate::series::BuildRef { run, build });
        study.series[0].builds = (0..3).flat_map(both).collect();
        assert!(CacheLost.check(&study).is_empty());
    }
}
