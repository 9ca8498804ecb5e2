//! A cache of the CI that was there and could not be restored.

use super::ci_caches::{self, CiOperation, CiWords, named};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, ruled_out};
use crate::model::{CacheOperation, CacheOutcome, CacheReason};

pub(super) struct CiCacheRestoreFailed;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-restore-failed",
    title: "the CI could not restore a cache",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "Restoring a cache ends with an error: an archive that cannot be unpacked, a refusal, a \
        failure without a reason.",
    why: "The job goes on as if there were no cache. Often a line `cache not found` follows that \
        names the wrong cause.",
    fix: "Delete the stored cache if its archive is broken; give the job the right to read it if \
        it is refused.",
    rules_out: "A cache that is not there (`not found`) is no failure. Limits, faults of the \
        service and clients that are too old have rules of their own.",
    limits: "GitLab's runner before version 10 prints success for a cache that is not there; that \
        cannot be seen.",
    example: include_str!("examples/ci-cache-restore-failed.txt"),
    references: &[
        "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/main/commands/helpers/cache_extractor.go",
        "https://github.com/actions/toolkit/tree/main/packages/cache",
    ],
    since: "0.1.0",
};

/// Reasons that no other rule speaks of; a failure without one is among them.
const OWN: [Option<CacheReason>; 6] = [
    None,
    Some(CacheReason::Broken),
    Some(CacheReason::Denied),
    Some(CacheReason::NothingThere),
    Some(CacheReason::Unreadable),
    Some(CacheReason::DiskFull),
];

impl Rule for CiCacheRestoreFailed {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::LostCiCache]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let failed = |s: &CiOperation| {
            s.is(CacheOperation::Restore, CacheOutcome::Failed) && OWN.contains(&s.entry.reason)
        };
        let caches = ci_caches::by_cache(ci_caches::all(study).filter(failed).collect());
        caches.iter().filter_map(|(cache, seen)| finding(cache, seen)).collect()
    }
}

fn finding(cache: &str, seen: &[CiOperation]) -> Option<Finding> {
    let reason = seen.iter().find_map(|s| s.entry.reason);
    let (why, cause, fix) = match reason {
        Some(CacheReason::Broken) => (
            "its archive is broken",
            "The stored archive cannot be unpacked: it was truncated while it was written, written \
                by two jobs at once, or comes from another kind of machine.",
            broken(),
        ),
        Some(CacheReason::Denied) => (
            "the job may not read it",
            "The store refused the request: the job's token or account may not read the cache.",
            denied(),
        ),
        _ if seen.iter().any(lacks_input) => (
            "the action lacks an input",
            "The action needs an input that the workflow does not give it, and fails so in every \
                run.",
            inputs(),
        ),
        _ => ("it failed", "The line quoted is all the CI says about the reason.", unknown()),
    };
    let words = CiWords {
        severity: META.severity,
        confidence: Confidence::Proven,
        title: format!("{} could not be restored: {why}", named(cache)),
        cause: format!("{cause} The job went on without the cache."),
        shows: "the restore failed",
        fix,
        rules_out: vec![ruled_out("no cache stored yet (the message for that is `not found`)")],
        subject: cache.to_owned(),
    };
    ci_caches::finding(&META, seen, words)
}

fn broken() -> Fix {
    Fix {
        summary: "delete the stored cache, and let one job write it".to_owned(),
        steps: vec![
            "Delete the cache, or change its key: a broken archive is not overwritten while its \
                key exists."
                .to_owned(),
            "Where jobs of several systems or processors restore it, put those into the key."
                .to_owned(),
            "Let one job save and the others only restore; an archive is truncated if a job is \
                killed while it uploads."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

fn denied() -> Fix {
    Fix {
        summary: "give the job the right to read the cache".to_owned(),
        steps: vec![
            "Check the credentials the runner uses for its cache, and the clock of the runner: a \
                wrong clock makes signatures invalid."
                .to_owned(),
            "An S3 key without the right to list the bucket gets 403 in place of 404 for a cache \
                that is not there: allow ListBucket."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

/// `Error in setupStickyDisk: 'cache-key' input is required` (useblacksmith/setup-docker-builder)
fn lacks_input(seen: &CiOperation) -> bool {
    seen.entry.quote.text.trim_end().ends_with("' input is required")
}

fn inputs() -> Fix {
    Fix {
        summary: "give the action the input that the line names".to_owned(),
        steps: vec![
            "Add it under `with:` of the action; for a cache's key, a name that each image and \
                platform has for itself."
                .to_owned(),
            "Until then the job builds with a new local builder, which has no cache.".to_owned(),
        ],
        ..Fix::default()
    }
}

fn unknown() -> Fix {
    Fix {
        summary: "run again; if it fails again, delete the cache".to_owned(),
        steps: vec![
            "Run the job again: a temporary fault does not come back.".to_owned(),
            "If it does, delete the cache or change its key, and check the setting that the line \
                names."
                .to_owned(),
        ],
        ..Fix::default()
    }
}
