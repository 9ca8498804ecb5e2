//! A CI cache that is restored in every run and never saved again.

mod written;

use super::ci_caches::{self, CiOperation, CiWords, named};
use super::instruction::{copies_a_folder, copies_everything};
use super::past::{Past, cost, header, verdict};
use super::planned;
use super::recurring::same_stage;
use super::{Cause, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Finding, Fix, Severity, not_ruled_out, ruled_out, to_decide,
};
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
        nothing it depends on changed since; or steps that copy single files came from the cache \
        in several runs, and in none since one of them, or in none of three runs or more that \
        restored it. Without a log: the directory of a local cache is kept under a key in which \
        nothing changes.",
    why: "The key never changes, so the cache stays what the first run made. What changed since \
        then is rebuilt in every run, and each change adds to it.",
    fix: "Let the key change with the content (a hash of the Dockerfile and lock files) and fall \
        back to the newest older key.",
    rules_out: "A restored cache that still fits (no step is executed twice for one change), \
        builds that read another cache as well, and steps that run in every run because they read \
        changed files or arguments.",
    limits: "A cache that is frozen and still complete costs nothing, and no log shows it. Copies \
        of whole folders are judged only between runs of one commit; where single files are \
        copied, they may have changed again in each run, and the finding is suspected. Systems \
        that print neither key nor name of a cache are not judged.",
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
    why: FrozenBy,
}

/// Why nothing can have changed between the two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FrozenBy {
    /// The runs are of one commit.
    OneCommit,
    /// The step reads nothing, and its text and base are the same.
    NoInput,
    /// It reads single files, which had not changed in several runs before; they may have now.
    Settled,
    /// It reads single files, and ran in the run before as well.
    Repeated,
}

impl Rule for CiCacheFrozen {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Rule("ci-docker-cache-unused-by-buildkit")]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let seen: Vec<Finding> = Past::all(study).flat_map(|past| of_series(&past)).collect();
        if !seen.is_empty() {
            return seen;
        }
        let saved = |past: &Past| {
            let saves = |s: CiOperation| s.is(CacheOperation::Save, CacheOutcome::Saved);
            past.runs.iter().any(|run| ci_caches::of_run(run).any(saves))
        };
        planned::with_undecided(study, seen, saved, written::finding)
    }
}

fn of_series(past: &Past) -> Vec<Finding> {
    let kept: Vec<CiOperation> = past.runs.iter().flat_map(|run| kept(run)).collect();
    if kept.is_empty() {
        return Vec::new();
    }
    let caches = ci_caches::by_cache(kept);
    caches.iter().filter_map(|(cache, kept)| finding(cache, kept, &again(past, kept))).collect()
}

/// Caches that the run restored and did not save again because they exist.
fn kept(run: &Run) -> impl Iterator<Item = CiOperation<'_>> {
    let restored = move |cache: &str| {
        let name = |s: &CiOperation| ci_caches::bare(&s.entry.name) == cache;
        ci_caches::of_run(run).any(|s| s.is(CacheOperation::Restore, CacheOutcome::Hit) && name(&s))
    };
    let exists = |s: &CiOperation| s.is(CacheOperation::Save, CacheOutcome::Exists);
    ci_caches::of_run(run).filter(exists).filter(move |s| restored(ci_caches::bare(&s.entry.name)))
}

fn again<'a>(past: &Past<'a>, kept: &[CiOperation]) -> Vec<Again<'a>> {
    let frozen = |i: &usize| {
        let run = past.runs.get(*i);
        let other = |kind| !matches!(kind, CacheKind::Local | CacheKind::Unknown);
        let alone = !past.imports(*i).iter().any(|t| t.ok() && other(t.kind))
            && !past.asked_for_no_cache(*i);
        alone && run.is_some_and(|run| kept.iter().any(|s| std::ptr::eq(s.run, *run)))
    };
    let runs: Vec<usize> = (0..past.len()).filter(frozen).collect();
    let pairs = runs.iter().zip(runs.iter().skip(1)).enumerate();
    pairs.flat_map(|(n, (&i, &j))| twice(past, runs.get(..n).unwrap_or_default(), i, j)).collect()
}

/// Steps that run `i` executed for a change, and run `j` without one. `before` are the runs that
/// restored the cache before them.
fn twice<'a>(past: &Past<'a>, before: &[usize], i: usize, j: usize) -> Vec<Again<'a>> {
    let Some(((a, earlier), (b, later))) = past.get(i).zip(past.get(j)) else { return Vec::new() };
    let one_commit = a.commit.is_some() && a.commit == b.commit;
    let changed = |found: &Miss| {
        matches!(found.because, Because::InstructionChanged | Because::BaseChanged)
            && reads_nothing(found.step)
    };
    let why = |found: &Miss| match found {
        _ if one_commit => Some(FrozenBy::OneCommit),
        found if changed(found) => Some(FrozenBy::NoInput),
        found if reads_few(found.step) => of_files(past, before, found.step),
        _ => None,
    };
    let first = past.misses(i).filter_map(|found| Some((why(&found)?, found)));
    let again = |(why, found): (FrozenBy, Miss<'a>)| {
        let now = executed_again(past, (earlier, later), j, found.step)?;
        Some(Again { before: (a, found.step), now: (b, later, now), why })
    };
    first.filter_map(again).collect()
}

/// The step as it ran in run `j`, on the base image that it had in the build before.
fn executed_again<'a>(
    past: &Past<'a>,
    (earlier, later): (&Build, &Build),
    j: usize,
    step: &Step,
) -> Option<&'a Step> {
    let same = |other: &&Step| other.text == step.text && other.is_of(&step.stage, &step.platform);
    let now = past.misses(j).map(|other| other.step).find(same)?;
    let base = |build: &Build| build.base_of(&now.stage, &now.platform)?.digest.clone();
    let ran = now.outcome == Outcome::Miss && now.kind == StepKind::Counted;
    (ran && base(earlier) == base(later)).then_some(now)
}

/// What the runs before tell of a step that reads single files: it came from the cache in several
/// of them and then no more, or it ran in the last of them as well.
fn of_files(past: &Past, before: &[usize], step: &Step) -> Option<FrozenBy> {
    let came = |run: &&usize| came_from_it(past, **run, step);
    let hits = before.iter().take_while(came).count();
    if before.iter().skip(hits).any(|run| came(&run)) {
        return None;
    }
    match hits {
        0 => (!before.is_empty()).then_some(FrozenBy::Repeated),
        1 => None,
        _ => Some(FrozenBy::Settled),
    }
}

fn reads_few(step: &Step) -> bool {
    let text = &step.text;
    chain::input(step) == Input::Files && !copies_everything(text) && !copies_a_folder(text)
}

/// The step came from the cache there.
fn came_from_it(past: &Past, run: usize, step: &Step) -> bool {
    let same = |other: &&Step| {
        other.text == step.text
            && other.is_of(&step.stage, &step.platform)
            && other.outcome == Outcome::Hit
    };
    past.get(run).is_some_and(|(_, build)| build.decided().any(|other| same(&other)))
}

/// The step and those of its stage that follow.
fn rerun<'a>(again: &Again<'a>) -> impl Iterator<Item = &'a Step> {
    let (_, build, step) = again.now;
    same_stage(build, step).filter(|s| s.position >= step.position)
}

fn reads_nothing(step: &Step) -> bool {
    matches!(chain::input(step), Input::None | Input::Values)
}

fn finding(cache: &str, kept: &[CiOperation], again: &[Again]) -> Option<Finding> {
    let last = again.last()?;
    let settled = again.iter().all(|one| matches!(one.why, FrozenBy::Settled | FrozenBy::Repeated));
    let words = CiWords {
        severity: META.severity,
        confidence: if settled { Confidence::Suspected } else { Confidence::Likely },
        title: format!(
            "{} is restored in {} runs and never renewed: changes since it was saved are built \
                again in each",
            named(cache),
            kept.len()
        ),
        cause: format!(
            "The key of {} did not change, so the CI keeps what was saved under it first. `{}` was \
                executed in one run and again in the next, {}.",
            named(cache),
            last.now.2.text,
            match last.why {
                FrozenBy::OneCommit => "though both build one commit",
                FrozenBy::NoInput => "though its text and base image are the same",
                FrozenBy::Settled => {
                    "and came from the cache in every run before: a file it copies changed once, \
                        and no cache with that change was ever saved"
                }
                FrozenBy::Repeated => {
                    "and in each run before that restored the cache: a file of it changed once, \
                        and the cache that has it was never saved"
                }
            }
        ),
        shows: "restored, and not saved again",
        fix: fix_of(cache, kept.first()?.run.ci),
        rules_out: rules_out(settled),
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

fn rules_out(settled: bool) -> Vec<Alternative> {
    if settled {
        return vec![
            not_ruled_out("files that changed again in each of these runs"),
            to_decide("run the job twice on one commit: the second run finds whatever is stored"),
        ];
    }
    vec![
        ruled_out("a change of the sources (the step reads none, or the runs are of one commit)"),
        ruled_out(
            "an argument that changes in every run (it did not before the step's text or base \
                image changed)",
        ),
    ]
}

/// Each run saves the cache it leaves, and starts with the newest one.
fn fix_of(key: &str, ci: Option<&str>) -> Fix {
    Fix {
        summary: "let each run save its cache under a key of its own".to_owned(),
        steps: vec![
            "Append the commit to the key, and use the key without it as the prefix to fall back \
                to: each run starts with the newest cache and saves its own."
                .to_owned(),
            "If the CI has no prefixes (Bitbucket), put a hash of the files that decide the \
                content into the key: Dockerfile, lock files."
                .to_owned(),
            "A registry cache (`type=registry`) is overwritten by every build and cannot freeze."
                .to_owned(),
        ],
        snippet: match ci {
            Some("github-actions") => {
                Some(format!("key: {key}-${{{{ github.sha }}}}\nrestore-keys: |\n  {key}-"))
            }
            Some("circleci") => Some(format!(
                "- restore_cache:\n    keys:\n      - {key}-\n- save_cache:\n    key: {key}-{{{{ .Revision }}}}"
            )),
            Some("azure-pipelines") => {
                Some(format!("key: '{key} | \"$(Build.SourceVersion)\"'\nrestoreKeys: |\n  {key}"))
            }
            _ => None,
        },
        ..Fix::default()
    }
}
