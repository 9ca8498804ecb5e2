//! The CI's cache service answers that there are too many requests.

use super::ci_caches::{self, CiOperation, CiWords};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};
use crate::model::CacheReason;

pub(super) struct CiCacheRateLimited;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-rate-limited",
    title: "the CI's cache service limits the number of requests",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "A restore or save ends with `429 Too Many Requests` or `You've hit a rate limit`.",
    why: "The client gives up, so the job runs without the cache or does not store it. It hits \
        whole matrices at once, since all their jobs start and end together.",
    fix: "Use fewer and larger caches: one per job instead of one per tool, save in only one job \
        of a matrix, and keep layers in a registry cache.",
    rules_out: "A service that is down (5xx) has a rule of its own; so have limits of registries, \
        which BuildKit prints.",
    limits: "A log does not say which of the jobs made the many requests.",
    example: include_str!("examples/ci-cache-rate-limited.txt"),
    references: &["https://github.com/actions/toolkit/tree/main/packages/cache"],
    since: "0.1.0",
};

impl Rule for CiCacheRateLimited {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::LostCiCache]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        finding(&ci_caches::because(study, &[CacheReason::RateLimited])).into_iter().collect()
    }
}

fn finding(seen: &[CiOperation]) -> Option<Finding> {
    let words =
        CiWords {
            severity: META.severity,
            confidence: Confidence::Proven,
            title: format!("{}: too many requests", ci_caches::lost(seen)),
            cause:
                "The cache service counts requests and refused this one. The client does not try \
            again later in the job, so it went on without the cache."
                    .to_owned(),
            shows: "refused: too many requests",
            fix: Fix {
                summary: "make fewer requests to the cache service".to_owned(),
                steps: vec![
                "Save in one job of a matrix and only restore in the others: a restore that hits \
                    costs few requests.".to_owned(),
                "Tools that store many small entries (`type=gha` with mode=max, compiler caches) \
                    reach the limit first: mode=min, or a registry cache, needs none of these \
                    requests.".to_owned(),
                "GitHub takes 200 uploads a minute for a repository since January 2026; jobs that \
                    start at different times stay below it.".to_owned(),
            ],
                ..Fix::default()
            },
            rules_out: Vec::new(),
            subject: "rate limit".to_owned(),
        };
    ci_caches::finding(&META, seen, words)
}
