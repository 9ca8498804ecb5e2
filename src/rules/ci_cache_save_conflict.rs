//! A key of the CI's cache that another job has taken.

use super::ci_caches::{self, CiOperation, CiWords, named};
use super::{Effect, Rule, RuleMeta, Study, cache_saves};
use crate::finding::{
    Alternative, Confidence, Finding, Fix, Severity, not_ruled_out, ruled_out, to_decide,
};
use crate::model::{CacheOperation, CacheOutcome, CacheReason};

pub(super) struct CiCacheSaveConflict;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-save-conflict",
    title: "two jobs save one key of the CI's cache",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "The CI refuses to save a cache because its key is taken: `Unable to reserve cache with \
        key …, another job may be creating this cache`. A warning where the logs show that the \
        jobs build different things, else a note.",
    why: "A key is written once and never again. If jobs with different contents use one key, the \
        first to finish wins and all others start from a cache that is not theirs.",
    fix: "Put what distinguishes the jobs into the key (image, platform, version), or let one job \
        save and the others only restore.",
    rules_out: "Jobs that save the same content under one key lose nothing: a note. Older clients \
        print the same words for a token that may not write; where the reason is printed, \
        `ci-cache-write-denied` says so.",
    limits: "One log does not show whether the other job stored the same content; it is a note \
        then.",
    example: include_str!("examples/ci-cache-save-conflict.txt"),
    references: &[
        "https://github.com/actions/cache/blob/main/tips-and-workarounds.md",
        "https://github.com/actions/toolkit/tree/main/packages/cache",
    ],
    since: "0.1.0",
};

impl Rule for CiCacheSaveConflict {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::LostCiCache]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let caches = ci_caches::by_cache(ci_caches::because(study, &[CacheReason::Conflict]));
        caches.iter().filter_map(|(cache, seen)| finding(study, cache, seen)).collect()
    }
}

fn finding(study: &Study, cache: &str, refused: &[CiOperation]) -> Option<Finding> {
    let others = others(study, cache, refused);
    let differ = others
        .iter()
        .any(|other| refused.iter().any(|one| cache_saves::differ(one.run, other.run)));
    let key = named(cache);
    let words = CiWords {
        severity: if differ { META.severity } else { Severity::Note },
        confidence: if others.is_empty() { Confidence::Suspected } else { Confidence::Likely },
        title: format!("{key} was not saved: its key is taken"),
        cause: if differ {
            format!(
                "Jobs that build different things save under one key. The first to finish wins, so \
                    {key} holds what one of them made, and the others start without theirs."
            )
        } else {
            "Another job saves, or has saved, the same key. If all of them store the same, nothing \
                is lost and the message can be ignored."
                .to_owned()
        },
        shows: "the key is taken",
        fix: fix(cache),
        rules_out: rules_out(&others),
        subject: cache.to_owned(),
    };
    let mut found = ci_caches::finding(&META, refused, words)?;
    found.evidence.extend(ci_caches::lines(&others, "another job saves the same key"));
    Some(found)
}

/// Other jobs of the commit, else of the folder, that save the cache.
fn others<'a>(study: &'a Study, cache: &str, refused: &[CiOperation]) -> Vec<CiOperation<'a>> {
    let near = |other: &CiOperation, one: &CiOperation| match (&one.run.commit, &other.run.commit) {
        (Some(a), Some(b)) => a == b,
        (None, None) => {
            cache_saves::folder(&one.run.source) == cache_saves::folder(&other.run.source)
        }
        _ => false,
    };
    let beside = |other: &CiOperation| {
        refused.iter().any(|one| !std::ptr::eq(one.run, other.run) && near(other, one))
    };
    let stores = |s: &CiOperation| {
        s.is(CacheOperation::Save, CacheOutcome::Saved)
            || s.is(CacheOperation::Save, CacheOutcome::Exists)
    };
    ci_caches::all(study)
        .filter(|s| ci_caches::bare(&s.entry.name) == cache && stores(s) && beside(s))
        .collect()
}

fn fix(cache: &str) -> Fix {
    Fix {
        summary: "give each job a key of its own, or let one job save".to_owned(),
        steps: vec![
            format!(
                "Jobs that store different things: put the image, the platform or the matrix \
                value into the key, for instance {cache}-api and {cache}-web."
            ),
            "Jobs that store the same: save in one of them only (on GitHub actions/cache/save in \
                that one, actions/cache/restore in the others)."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

fn rules_out(others: &[CiOperation]) -> Vec<Alternative> {
    if others.is_empty() {
        vec![
            not_ruled_out(
                "a token that may not write (older versions of actions/cache print the same words \
                    for it)",
            ),
            to_decide("give the logs of the other jobs of the commit"),
        ]
    } else {
        vec![ruled_out("a token that may not write (another job saved the key)")]
    }
}
