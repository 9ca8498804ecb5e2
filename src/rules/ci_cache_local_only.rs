//! A CI cache that stays on the machine it was made on.

use super::ci_caches::{self, CiOperation, CiWords};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::model::{CacheOperation, CacheOutcome, CacheReason};

pub(super) struct CiCacheLocalOnly;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-local-only",
    title: "the cache stays on the runner that made it",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "GitLab's runner says `No URL provided, cache will not be uploaded to shared cache \
        server`. A warning where a later run does not find the cache, else a note.",
    why: "The archive lies on the disk of one runner, for one of its slots. A job that runs on \
        another machine or in another slot starts without it; on runners that are thrown away \
        nobody ever finds it.",
    fix: "Configure a shared store for the runners (`[runners.cache]`), and keep image layers in a \
        registry cache.",
    rules_out: "One runner that is kept finds its cache again: then nothing is reported.",
    limits: "Only GitLab's runner says where a cache is stored. Whether the runners are kept is \
        seen from later runs only.",
    example: include_str!("examples/ci-cache-local-only.txt"),
    references: &[
        "https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runnerscache-section",
        "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/main/shells/abstract.go",
    ],
    since: "0.1.0",
};

impl Rule for CiCacheLocalOnly {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::LostCiCache]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        finding(study, &ci_caches::because(study, &[CacheReason::LocalOnly])).into_iter().collect()
    }
}

fn finding(study: &Study, local: &[CiOperation]) -> Option<Finding> {
    let missed = missed_later(study, local);
    if missed.is_empty() && found_again(study, local) {
        return None;
    }
    let words = CiWords {
        severity: if missed.is_empty() { Severity::Note } else { META.severity },
        confidence: Confidence::Proven,
        title: match missed.len() {
            0 => "the cache is stored on this runner's disk only".to_owned(),
            1 => "the cache is stored on one runner's disk, and a later run does not find it"
                .to_owned(),
            n => format!(
                "the cache is stored on one runner's disk, and {n} later runs do not find \
                it"
            ),
        },
        cause: "The runners have no shared store for caches. Each keeps what its own jobs saved, \
            so only a job that comes to the same machine and slot finds it."
            .to_owned(),
        shows: "stored on this machine only",
        fix: fix(),
        rules_out: if missed.is_empty() {
            vec![
                not_ruled_out(
                    "a single runner that is kept (it \
            works well with this)",
                ),
                to_decide("give the log of the next run"),
            ]
        } else {
            Vec::new()
        },
        subject: "local".to_owned(),
    };
    let mut found = ci_caches::finding(&META, local, words)?;
    found.evidence.extend(ci_caches::lines(&missed, "a later run finds nothing"));
    Some(found)
}

/// Restores that found nothing though an earlier run had stored the cache on its disk.
fn missed_later<'a>(study: &'a Study, local: &[CiOperation]) -> Vec<CiOperation<'a>> {
    let at = |seen: &CiOperation| study.runs.iter().position(|run| std::ptr::eq(run, seen.run));
    let stored = |miss: &CiOperation| {
        local.iter().any(|s| s.entry.name == miss.entry.name && at(s) < at(miss))
    };
    ci_caches::all(study)
        .filter(|s| s.is(CacheOperation::Restore, CacheOutcome::Miss) && stored(s))
        .collect()
}

fn found_again(study: &Study, local: &[CiOperation]) -> bool {
    let same = |hit: &CiOperation| local.iter().any(|s| s.entry.name == hit.entry.name);
    ci_caches::all(study).any(|s| s.is(CacheOperation::Restore, CacheOutcome::Hit) && same(&s))
}

fn fix() -> Fix {
    Fix {
        summary: "give the runners a shared store, or use a registry cache".to_owned(),
        steps: vec![
            "In the runners' config.toml: a `[runners.cache]` section with S3, GCS or Azure and \
                `Shared = true`."
                .to_owned(),
            "For image layers: `--cache-to type=registry` needs no store on the runner's side."
                .to_owned(),
        ],
        snippet: Some(
            "[[runners]]\n  [runners.cache]\n    Type = \"s3\"\n    Shared = true\n    \
            [runners.cache.s3]\n      ServerAddress = \"s3.amazonaws.com\"\n      BucketName = \
            \"BUCKET\"\n      BucketLocation = \"REGION\""
                .to_owned(),
        ),
        ..Fix::default()
    }
}
