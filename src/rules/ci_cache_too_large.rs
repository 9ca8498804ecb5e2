//! A cache that is larger than the CI takes.

use super::ci_caches::{self, CiOperation, CiWords, named};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};
use crate::model::CacheReason;

pub(super) struct CiCacheTooLarge;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-too-large",
    title: "the CI does not store a cache of this size",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "The CI says that a cache is over its limit, or that the storage for caches is used up, \
        and does not store it.",
    why: "The job stays green, and every later run starts without the cache. It does not go away \
        by itself: build caches grow.",
    fix: "Store less, or store layers in a registry cache, which has no such limit.",
    rules_out: "A failed upload for which the CI gives no reason: `ci-cache-upload-failed` names \
        the size among the candidates there.",
    limits: "Bitbucket does not print that a cache was too large: there it is one of the \
        candidates of `ci-cache-upload-failed`.",
    example: include_str!("examples/ci-cache-too-large.txt"),
    references: &[
        "https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/",
        "https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching",
        "https://docs.gitlab.com/runner/configuration/advanced-configuration/",
    ],
    since: "0.1.0",
};

impl Rule for CiCacheTooLarge {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::LostCiCache]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let caches = ci_caches::by_cache(ci_caches::because(study, &[CacheReason::TooLarge]));
        let full = ci_caches::because(study, &[CacheReason::QuotaUsedUp]);
        caches
            .iter()
            .filter_map(|(cache, seen)| too_large(cache, seen))
            .chain(used_up(&full))
            .collect()
    }
}

fn too_large(cache: &str, seen: &[CiOperation]) -> Option<Finding> {
    let words = CiWords {
        severity: META.severity,
        confidence: Confidence::Proven,
        title: format!("{} is over the CI's limit and is not stored", named(cache)),
        cause:
            "At the end of the job the CI compared the size of the cache with its limit and did \
            not store it. The job stays green; the next run starts without it."
                .to_owned(),
        shows: "over the limit, so not stored",
        fix: Fix {
            summary: "store less, or use a registry cache for layers".to_owned(),
            steps: vec![
                "Look at what the cache holds (`du -sh` of its directories at the end of the job): \
                    a buildx cache directory only grows unless each run writes a new one and moves \
                    it into place.".to_owned(),
                "For image layers use `--cache-to type=registry`: a registry has no such limit and \
                    stores each layer once.".to_owned(),
                "With mode=max every stage is stored; mode=min stores the final one only and is \
                    far smaller.".to_owned(),
            ],
            ..Fix::default()
        },
        rules_out: Vec::new(),
        subject: cache.to_owned(),
    };
    ci_caches::finding(&META, seen, words)
}

fn used_up(seen: &[CiOperation]) -> Option<Finding> {
    let words = CiWords {
        severity: META.severity,
        confidence: Confidence::Proven,
        title: "the storage for caches is used up: nothing more is stored".to_owned(),
        cause: "All caches of the repository together have reached its limit. Until some are \
            deleted or the limit is raised no cache is stored, and new keys start cold."
            .to_owned(),
        shows: "no room left, so not stored",
        fix: Fix {
            summary: "delete caches that nobody restores, or raise the limit".to_owned(),
            steps: vec![
                "Delete the caches of merged branches: they are restored by no other branch (`gh \
                    cache list`, `gh cache delete`)."
                    .to_owned(),
                "Keys with a commit or date in them fill the storage with caches that are never \
                    restored: take it out of the key."
                    .to_owned(),
                "Raise the limit, or the budget it is paid from, in the repository's settings."
                    .to_owned(),
            ],
            ..Fix::default()
        },
        rules_out: Vec::new(),
        subject: "storage".to_owned(),
    };
    ci_caches::finding(&META, seen, words)
}
