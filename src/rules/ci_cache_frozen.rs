//! A CI cache that is restored in every run and never saved again.

use super::ci_caches::{self, Seen, Words, named};
use super::past::{Past, cost, header, verdict};
use super::recurring::same_stage;
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, ruled_out};
use crate::model::{Build, CacheKind, CacheOperation, CacheOutcome, Outcome, Run, Step, StepKind};
use crate::series::chain::{self, Input};
use crate::series::{Because, Miss};

pub(super) struct CiCacheFrozen;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-frozen",
    title: "the CI restores one old cache in every run and never saves a newer one",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "Runs restore a cache by its exact key and do not save it again because the key exists; \
        and a step that one run executed after a change is executed again by the next, though \
        nothing it depends on changed since.",
    why: "The key never changes, so the cache stays what the first run made. What changed since \
        then is rebuilt in every run, and each change adds to it.",
    fix: "Let the key change with the content (a hash of the Dockerfile and lock files) and fall \
        back to the newest older key.",
    rules_out: "A restored cache that still fits (no step is executed twice for one change), \
        builds that read another cache as well, and steps that run in every run because they read \
        changed files or arguments.",
    limits: "A cache that is frozen and still complete costs nothing and is not reported. Steps \
        below changed files are judged only between runs of one commit. Systems that print neither \
        key nor name of a cache are not judged.",
    example: include_str!("examples/ci-cache-frozen.txt"),
    references: &[
        "https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching",
        "https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/",
    ],
    since: "0.1.0",
};

/// A step that one run executed and a later run executed again, both with the same cache restored.
struct Again<'a> {
    before: (&'a Run, &'a Step),
    now: (&'a Run, &'a Build, &'a Step),
    /// The runs are of one commit: no input can have changed.
    one_commit: bool,
}

impl Rule for CiCacheFrozen {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        Past::all(study).flat_map(|past| of_series(&past)).collect()
    }
}

fn of_series(past: &Past) -> Vec<Finding> {
    let kept: Vec<Seen> = past.runs.iter().flat_map(|run| kept(run)).collect();
    if kept.is_empty() {
        return Vec::new();
    }
    let caches = ci_caches::by_cache(kept);
    caches.iter().filter_map(|(cache, kept)| finding(cache, kept, &again(past, kept))).collect()
}

/// Caches that the run restored and did not save again because they exist.
fn kept(run: &Run) -> impl Iterator<Item = Seen<'_>> {
    let restored = move |cache: &str| {
        let name = |s: &Seen| ci_caches::bare(&s.entry.name) == cache;
        ci_caches::of_run(run).any(|s| s.is(CacheOperation::Restore, CacheOutcome::Hit) && name(&s))
    };
    let exists = |s: &Seen| s.is(CacheOperation::Save, CacheOutcome::Exists);
    ci_caches::of_run(run).filter(exists).filter(move |s| restored(ci_caches::bare(&s.entry.name)))
}

fn again<'a>(past: &Past<'a>, kept: &[Seen]) -> Vec<Again<'a>> {
    let frozen = |i: &usize| {
        let run = past.runs.get(*i);
        let other = |kind| !matches!(kind, CacheKind::Local | CacheKind::Unknown);
        let alone = !past.imports(*i).iter().any(|t| t.ok() && other(t.kind))
            && !past.asked_for_no_cache(*i);
        alone && run.is_some_and(|run| kept.iter().any(|s| std::ptr::eq(s.run, *run)))
    };
    let runs: Vec<usize> = (0..past.len()).filter(frozen).collect();
    let pairs = runs.iter().zip(runs.iter().skip(1));
    pairs.flat_map(|(&i, &j)| twice(past, i, j)).collect()
}

/// Steps that run `i` executed for a change, and run `j` without one.
fn twice<'a>(past: &Past<'a>, i: usize, j: usize) -> Vec<Again<'a>> {
    let Some(((a, earlier), (b, later))) = past.get(i).zip(past.get(j)) else { return Vec::new() };
    let one_commit = a.commit.is_some() && a.commit == b.commit;
    let changed = |found: &Miss| {
        matches!(found.because, Because::InstructionChanged | Because::BaseChanged)
            && reads_nothing(found.step)
    };
    let first = past.misses(i).filter(|found| one_commit || changed(found));
    let pair = |found: Miss<'a>| {
        let same = |step: &&Step| {
            step.text == found.step.text && step.is_of(&found.step.stage, &found.step.platform)
        };
        let now = past.misses(j).map(|other| other.step).find(same)?;
        let ran = now.outcome == Outcome::Miss && now.kind == StepKind::Counted;
        let base =
            |build: &Build| build.base_of(&now.stage, &now.platform).and_then(|b| b.digest.clone());
        (ran && base(earlier) == base(later)).then_some(Again {
            before: (a, found.step),
            now: (b, later, now),
            one_commit,
        })
    };
    first.filter_map(pair).collect()
}

/// The step and those of its stage that follow.
fn rerun<'a>(again: &Again<'a>) -> impl Iterator<Item = &'a Step> {
    let (_, build, step) = again.now;
    same_stage(build, step).filter(|s| s.position >= step.position)
}

fn reads_nothing(step: &Step) -> bool {
    matches!(chain::input(step), Input::None | Input::Values)
}

fn finding(cache: &str, kept: &[Seen], again: &[Again]) -> Option<Finding> {
    let last = again.last()?;
    let words = Words {
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "{} is restored in {} runs and never renewed: changes since it was saved are built \
                again in each",
            named(cache),
            kept.len()
        ),
        cause: format!(
            "The key of {} did not change, so the CI keeps what was saved under it first. `{}` was \
                executed in one run and again in the next, though {}.",
            named(cache),
            last.now.2.text,
            if last.one_commit {
                "both build one commit"
            } else {
                "its text and base image are the same"
            }
        ),
        shows: "restored, and not saved again",
        fix: fix(cache),
        rules_out: vec![
            ruled_out(
                "a change of the sources (the step reads none, or the runs are of one commit)",
            ),
            ruled_out(
                "an argument that changes in every run (it did not before the step's text or base \
                    image changed)",
            ),
        ],
        subject: cache.to_owned(),
    };
    let mut found = ci_caches::finding(&META, kept, words)?;
    for one in again.iter().rev().take(3).rev() {
        found.evidence.push(header(one.before.0, one.before.1, "executed, and not stored"));
        found.evidence.push(verdict(one.now.0, one.now.2, "is executed again in the next run"));
    }
    found.impact = cost(again.iter().flat_map(rerun), again.len());
    Some(found)
}

fn fix(cache: &str) -> Fix {
    Fix {
        summary: "let the key change with the content".to_owned(),
        steps: vec![
            "Put a hash of what decides the content into the key (Dockerfile, lock files), and \
                name a prefix to fall back to."
                .to_owned(),
            format!("Delete {} once, so that the next run saves a fresh one.", named(cache)),
            "A registry cache (`type=registry`) is overwritten by every build and cannot freeze."
                .to_owned(),
        ],
        snippet: Some(
            "key: docker-${{ hashFiles('Dockerfile', 'package-lock.json') \
            }}\nrestore-keys: docker-"
                .to_owned(),
        ),
        ..Fix::default()
    }
}
