//! A cache export to GitHub that ran out of time.

use super::backend::{self, Cause, Draft};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};

pub(super) struct GhaExportTimeout;

static META: RuleMeta = RuleMeta {
    id: "gha-export-timeout",
    title: "the cache export to GitHub ran out of time",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A `type=gha` import or export ends with `maximum timeout reached`.",
    why: "The client waits ten minutes (five before BuildKit 0.14). Usually GitHub throttles: a \
        cache of many layers, or many jobs exporting at once. The build fails though the image is \
        built.",
    fix: "Export less and from fewer jobs, or keep the cache in a registry; `ignore-error=true` \
        keeps the build green.",
    rules_out: "A plain 429 is `cache-rate-limited`.",
    limits: "How much time the throttling took is not printed; the size of the cache and of the \
        matrix is not known.",
    example: include_str!("examples/gha-export-timeout.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/gha/",
        "https://github.com/moby/buildkit/issues/2276",
        "https://github.com/moby/buildkit/pull/4702",
        "tonistiigi/go-actions-cache retry.go",
    ],
    since: "0.1.0",
};

impl Rule for GhaExportTimeout {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::GhaTimeout, |_, group| {
            let throttled = group.iter().any(|r| r.text.contains("429"));
            let asked = backend::asked(group);
            Some(draft(throttled, asked))
        })
    }
}

fn draft(throttled: bool, asked: &str) -> Draft {
    let why = if throttled {
        "GitHub's cache service throttled the requests (429) until the client gave up."
    } else {
        "The client gave up waiting for GitHub's cache service; throttling is the usual reason."
    };
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: "the cache transfer to GitHub ran out of time".to_owned(),
        cause: why.to_owned(),
        fix: Fix {
            summary: "export less to GitHub's cache, or keep the cache in a registry".to_owned(),
            steps: vec![
                "Add `ignore-error=true` so that a lost export does not fail the build.".to_owned(),
                "Export from the main branch only; mode=max uploads each layer of each stage as an \
                    entry of its own."
                    .to_owned(),
                "Or use a registry cache (GHCR): no limit of entries per minute.".to_owned(),
                "`timeout=20m` in `--cache-to` waits longer (BuildKit 0.14 and newer).".to_owned(),
            ],
            snippet: Some(format!("cache-to: {}", longer(asked))),
            ..Fix::default()
        },
        rules_out: Vec::new(),
    }
}

/// The export with more time, and without power over the build.
fn longer(asked: &str) -> String {
    let kept = asked
        .split(',')
        .filter(|part| !part.starts_with("timeout=") && !part.starts_with("ignore-error="));
    kept.chain(["ignore-error=true", "timeout=20m"]).collect::<Vec<_>>().join(",")
}
