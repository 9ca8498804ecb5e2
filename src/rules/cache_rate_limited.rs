//! A cache backend that answers with 429.

use super::backend::{self, Cause, Draft, Refusal};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, capitalised};

pub(super) struct CacheRateLimited;

static META: RuleMeta = RuleMeta {
    id: "cache-rate-limited",
    title: "the cache backend limits the rate of requests",
    group: "The cache backend refuses",
    severity: Severity::Warning,
    what: "A cache import or export ends with 429, `toomanyrequests` or GitHub's `Request was \
        blocked due to exceeding usage`.",
    why: "The run is cold, or its export fails. Limits count requests, so many jobs at once and \
        caches of many layers reach them first.",
    fix: "Log in (anonymous limits are the lowest), keep the cache in a registry without such \
        limits, and export from fewer jobs.",
    rules_out: "A rate limit on pulling a base image is not the cache's.",
    limits: "How many requests are allowed, and who else makes them, is not in the log.",
    example: include_str!("examples/cache-rate-limited.txt"),
    references: &[
        "https://docs.docker.com/docker-hub/usage/",
        "https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching",
    ],
    since: "0.1.0",
};

impl Rule for CacheRateLimited {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::RateLimited, |repo, group| Some(draft(repo, group)))
    }
}

/// At the start of a sentence; a host keeps its small letter.
fn begun(who: &str) -> String {
    if who.starts_with("the ") { capitalised(who) } else { who.to_owned() }
}

fn draft(repo: &str, group: &[Refusal]) -> Draft {
    let failed = group.iter().any(|r| !r.build.errors.is_empty());
    let who = backend::place(repo);
    Draft {
        severity: if failed { Severity::Error } else { Severity::Warning },
        confidence: Confidence::Proven,
        title: format!("{who} limits the rate of requests: the cache is refused"),
        cause: format!("{} answered that too many requests were made.", begun(who)),
        fix: fix(who, backend::ignored(group)),
        rules_out: Vec::new(),
    }
}

fn fix(who: &str, ignored: bool) -> Fix {
    let log_in = match who {
        "GitHub's cache service" => "Export less: with mode=max each layer of each stage is an \
            entry of its own, and entries per minute are limited."
            .to_owned(),
        _ => format!(
            "Log in to {who} before the build: limits for anonymous requests are the \
            lowest."
        ),
    };
    let optional = "Add `ignore-error=true` to `--cache-to`, so that a refused export does not \
        fail the build.";
    let mut steps = vec![
        log_in,
        "Export from one job only (the main branch), and let the others import.".to_owned(),
        "Or keep the cache in a registry near the builders (ECR, GHCR, one of your own)."
            .to_owned(),
    ];
    steps.extend((!ignored).then(|| optional.to_owned()));
    Fix {
        summary: "make fewer requests, or use a backend without this limit".to_owned(),
        steps,
        ..Fix::default()
    }
}
