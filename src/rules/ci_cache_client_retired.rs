//! A client of the CI's cache that is too old to be answered.

use super::ci_caches::{self, CiOperation, CiWords};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::model::CacheReason;

pub(super) struct CiCacheClientRetired;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-client-retired",
    title: "the cache action is too old for the CI's cache service",
    group: "The cache at the CI's teardown",
    severity: Severity::Error,
    what: "GitHub's cache service answers an old client: `This legacy service is shutting down`, \
        `Cache service responded with 422` (since July 2025 with 400), or the job is failed because it uses a deprecated \
        version of actions/cache.",
    why: "GitHub closed the first version of its cache service in April 2025. Old clients restore \
        nothing and save nothing, in every run, and most of them only warn.",
    fix: "Use actions/cache v4.2.0 or newer (in the v3 line, v3.4.0), and newer versions of every \
        action that caches by itself.",
    rules_out: "With a status alone it is reported as likely: the reason is not always printed. An \
        old BuildKit with `type=gha` is `gha-service-retired`.",
    limits: "It covers GitHub's service only; other systems print nothing of the kind.",
    example: include_str!("examples/ci-cache-client-retired.txt"),
    references: &[
        "https://gh.io/gha-cache-sunset",
        "https://github.com/actions/cache/discussions/1510",
    ],
    since: "0.1.0",
};

impl Rule for CiCacheClientRetired {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::LostCiCache]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        finding(&ci_caches::because(study, &[CacheReason::ClientRetired])).into_iter().collect()
    }
}

fn finding(seen: &[CiOperation]) -> Option<Finding> {
    let stated = seen.iter().any(|s| !s.entry.quote.text.contains("responded with 4"));
    let words = CiWords {
        severity: META.severity,
        confidence: if stated { Confidence::Proven } else { Confidence::Likely },
        title: format!("{}: the action is too old for the cache service", ci_caches::lost(seen)),
        cause: "The service that this version of the action talks to was closed in April 2025. \
            Nothing is restored and nothing is stored until a newer one is used."
            .to_owned(),
        shows: "the old service's answer",
        fix: Fix {
            summary: "use a cache action that talks to the new service".to_owned(),
            steps: vec![
                "actions/cache: v4.2.0 or newer, or v3.4.0. A version pinned by commit has to be \
                    updated by hand."
                    .to_owned(),
                "Actions that cache by themselves (setup-node, setup-java, docker/*) bring their \
                    own client: their newest release."
                    .to_owned(),
                "On runners of your own: version 2.231.0 of the runner or newer.".to_owned(),
            ],
            snippet: Some("- uses: actions/cache@v4".to_owned()),
            ..Fix::default()
        },
        rules_out: if stated {
            Vec::new()
        } else {
            vec![
                not_ruled_out(
                    "another request that the service does not take (400 and 422 can mean that \
                        too)",
                ),
                to_decide(
                    "look at the version of the action in the log's \"Download action repository\" lines",
                ),
            ]
        },
        subject: "client".to_owned(),
    };
    ci_caches::finding(&META, seen, words)
}
