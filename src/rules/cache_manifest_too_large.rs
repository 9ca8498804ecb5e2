//! A cache whose own description is over the importer's limit of 1 MiB.

use super::backend::{self, Cause, Draft};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};

pub(super) struct CacheManifestTooLarge;

static META: RuleMeta = RuleMeta {
    id: "cache-manifest-too-large",
    title: "the cache's manifest is too large to be imported",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A cache import ends with `blob sha256:… is too large (N > 1048576)`.",
    why: "BuildKit reads cache manifests and configs up to 1 MiB only, but writes them in any \
        size: exports succeed, every import fails, every run is cold.",
    fix: "Make the cache smaller: one reference per target and platform, mode=min or fewer stages, \
        fewer steps.",
    rules_out: "Nothing else prints this text.",
    limits: "The error appears on import: the export that made it too large ended without one, \
        perhaps in a log that is not given.",
    example: include_str!("examples/cache-manifest-too-large.txt"),
    references: &[
        "https://github.com/moby/buildkit/issues/3719",
        "moby/buildkit cache/remotecache/import.go readBlob",
    ],
    since: "0.1.0",
};

impl Rule for CacheManifestTooLarge {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::ManifestTooLarge, |repo, _| Some(draft(repo)))
    }
}

fn draft(repo: &str) -> Draft {
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: format!(
            "the cache in {repo} has a manifest over 1 MiB: it is stored, and can never \
            be imported"
        ),
        cause: "BuildKit reads at most 1 MiB of a cache's manifest or config, and writes them in \
            any size."
            .to_owned(),
        fix: Fix {
            summary: "make the cache smaller".to_owned(),
            steps: vec![
                "Give each target and platform a cache reference of its own instead of one for \
                    all.".to_owned(),
                "Where that is not enough: mode=min, or fewer and larger steps; each exported step \
                    adds to the manifest.".to_owned(),
                "No released BuildKit up to 0.32 has a higher limit.".to_owned(),
            ],
            ..Fix::default()
        },
        rules_out: Vec::new(),
    }
}
