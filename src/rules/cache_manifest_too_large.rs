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
    limits: "It shows when the cache is imported: the export that made it too large ended without \
        an error, perhaps in a log that is not given.",
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

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    #[test]
    fn fires_though_exports_succeed() {
        let error = "failed to configure registry cache importer: blob sha256:0 is too large \
            (1200000 > 1048576)";
        let run = || {
            made()
                .import("r.example.com/a:b", Some(error))
                .miss("RUN a")
                .export(crate::model::CacheKind::Registry, None)
        };
        let found = CacheManifestTooLarge.check(&of(vec![run(), run()]));
        assert_eq!((found.len(), found[0].impact.runs), (1, 2));
    }

    #[test]
    fn leaves_other_sizes() {
        let error = "error writing layer blob: unexpected status: 413 Request Entity Too Large";
        assert!(
            CacheManifestTooLarge
                .check(&of(vec![made().import("r.example.com/a:b", Some(error))]))
                .is_empty()
        );
    }
}
