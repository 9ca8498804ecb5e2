//! A job that may not write the CI's cache.

use super::ci_caches::{self, CiOperation, CiWords};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};
use crate::model::{CacheOperation, CacheOutcome, CacheReason};

pub(super) struct CiCacheWriteDenied;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-write-denied",
    title: "the job may not write the CI's cache",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "Saving a cache ends with a refusal of the token or account: `cache write denied: token \
        has no writable scopes`, `403 Forbidden`, `AccessDenied`. A note where the same job \
        restored a cache: then it reads what trusted jobs wrote, as it should.",
    why: "Nothing this job makes is stored, and the job stays green. If no other job writes the \
        cache, every run starts cold.",
    fix: "Save in jobs that may write (pushes to a branch, schedules), restore everywhere; or give \
        the job's account the right to write.",
    rules_out: "A key that is taken (`ci-cache-save-conflict`), a service that is down, restores \
        that are refused (`ci-cache-restore-failed`).",
    limits: "Why the token may not write (a fork, the kind of event, a setting) is not in the log.",
    example: include_str!("examples/ci-cache-write-denied.txt"),
    references: &[
        "https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching",
        "https://github.com/actions/toolkit/issues/2429",
        "https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runnerscache-section",
    ],
    since: "0.1.0",
};

impl Rule for CiCacheWriteDenied {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::LostCiCache]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let denied: Vec<CiOperation> = ci_caches::because(study, &[CacheReason::Denied])
            .into_iter()
            .filter(|s| s.entry.operation == CacheOperation::Save)
            .collect();
        finding(&denied).into_iter().collect()
    }
}

fn finding(denied: &[CiOperation]) -> Option<Finding> {
    let read = |s: &CiOperation| {
        let good =
            |c: &CiOperation| matches!(c.entry.outcome, CacheOutcome::Hit | CacheOutcome::Partial);
        ci_caches::of_run(s.run).any(|c| c.entry.operation == CacheOperation::Restore && good(&c))
    };
    let reads = denied.iter().all(read);
    let words = CiWords {
        severity: if reads { Severity::Note } else { META.severity },
        confidence: Confidence::Proven,
        title: format!("{}: the job may not write", ci_caches::lost(denied)),
        cause: if reads {
            "The service refused the save: this job may only read. It restored what other jobs \
                wrote, so the cache works as far as those jobs keep it fresh."
                .to_owned()
        } else {
            "The service refused the save: the job's token or account may not write. The step \
                stays green, and what was built is not stored."
                .to_owned()
        },
        shows: "the save is refused",
        fix: fix(denied),
        rules_out: Vec::new(),
        subject: "write denied".to_owned(),
    };
    ci_caches::finding(&META, denied, words)
}

fn fix(denied: &[CiOperation]) -> Fix {
    let github = ci_caches::on(denied, "github-actions");
    let place = if github {
        "GitHub gives pull requests of forks, pull_request_target and other less trusted events a \
            token that reads only: save the cache in a workflow that runs on push to the default \
            branch. Pull requests can restore it."
    } else {
        "Check the credentials that the runner uses for its cache (an S3 or GCS key): they need \
            the right to write to the bucket, and the clock of the runner has to be right."
    };
    Fix {
        summary: "save where it is allowed, restore everywhere".to_owned(),
        steps: vec![
            place.to_owned(),
            "Do not save in jobs that may not: the attempt costs time and prints a warning."
                .to_owned(),
        ],
        snippet: github.then(|| {
            "- uses: actions/cache/save@v4\n  if: github.event_name == 'push'\n  # \
                build-push-action: cache-to: ${{ github.event_name == 'push' && \
                'type=gha,mode=max' || '' }}"
                .to_owned()
        }),
        ..Fix::default()
    }
}
