//! The CI's cache service, or the way to it, failed.

use super::ci_caches::{self, CiOperation, CiWords};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};
use crate::model::{CacheOperation, CacheOutcome, CacheReason};

pub(super) struct CiCacheServiceError;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-service-error",
    title: "the CI's cache service does not answer",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "A restore or save ends with an error of the service (`503`, `An internal error has \
        occurred in cache backend`) or of the network (a timeout, a name that is not found).",
    why: "The job goes on without the cache: it is slow for a reason that is not in its code, and \
        what it built may not be stored.",
    fix: "Run again later; if it keeps failing, check the runners' network, not the build.",
    rules_out: "Refusals (403), limits (429) and clients that are too old have rules of their own. \
        `not found` is no error.",
    limits: "It cannot tell an outage of the service from a network fault on the way to it.",
    example: include_str!("examples/ci-cache-service-error.txt"),
    references: &[
        "https://www.githubstatus.com/",
        "https://github.com/actions/toolkit/tree/main/packages/cache",
    ],
    since: "0.1.0",
};

impl Rule for CiCacheServiceError {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::LostCiCache]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        finding(study, &ci_caches::because(study, &[CacheReason::Service])).into_iter().collect()
    }
}

fn finding(study: &Study, seen: &[CiOperation]) -> Option<Finding> {
    let failed = ci_caches::runs(seen.iter().map(|s| s.run)).len();
    let good = |s: &CiOperation| {
        matches!(s.entry.outcome, CacheOutcome::Hit | CacheOutcome::Partial | CacheOutcome::Saved)
    };
    let elsewhere = ci_caches::all(study).any(|s| good(&s));
    let restore = seen.iter().any(|s| s.entry.operation == CacheOperation::Restore);
    let failing = match study.runs.len() {
        1 => "this run".to_owned(),
        all => format!("{failed} of {all} runs"),
    };
    let words = CiWords {
        severity: META.severity,
        confidence: Confidence::Proven,
        title: format!("{}: the cache service failed", ci_caches::lost(seen)),
        cause: format!(
            "The service, or the network to it, answered with an error in {failing}.{}",
            if restore {
                " A miss after it is a consequence: the cache may well exist."
            } else {
                ""
            }
        ),
        shows: "the service's answer",
        fix: Fix {
            summary: if elsewhere {
                "run again: the service works in other runs"
            } else {
                "run again; check the runners' network if it keeps failing"
            }
            .to_owned(),
            steps: vec![
                "Look at the status page of the CI for the time of the run.".to_owned(),
                "If it keeps failing, or on your own runners: check whether they reach the cache's \
                    address at all (proxy, firewall, DNS)."
                    .to_owned(),
                "A registry cache does not depend on this service.".to_owned(),
            ],
            ..Fix::default()
        },
        rules_out: Vec::new(),
        subject: "service".to_owned(),
    };
    ci_caches::finding(&META, seen, words)
}
