//! What follows from a reported cause is not reported again.

use crate::finding::Finding;

/// A rule that gives way, and the rules it gives way to where they quote a common source: a
/// symptom to its causes, a weaker reading of the same lines to a stronger one.
static GIVES_WAY: &[(&str, &[&str])] = &[
    (
        "alternating-hits",
        &[
            "inline-cache-lost-every-second-run",
            "inline-cache-never-exported",
            "cache-ref-shared",
            "image-without-inline-cache",
        ],
    ),
    ("no-cache-import", &["layers-disabled"]),
    ("ci-cache-upload-failed", &["parallel-steps-share-cache"]),
    ("cache-lost", EXPLAIN_A_COLD_RUN),
    ("no-cache-import", &["no-cache-flag", "gha-tokens-missing", "legacy-cache-from-not-pulled"]),
    ("volatile-build-arg", &["cache-ref-shared"]),
    ("context-copied-too-early", &["cache-ref-shared"]),
    ("dockerfile-edited", &["cache-ref-shared"]),
    ("file-mode-drift", &["cache-ref-shared", "stale-cache-ref"]),
];

/// Causes that leave a run cold, each known by more than the cold run itself.
const EXPLAIN_A_COLD_RUN: &[&str] = &[
    "inline-cache-lost-every-second-run",
    "inline-cache-never-exported",
    "inline-cache-multi-stage",
    "min-mode-multi-stage",
    "image-without-inline-cache",
    "cache-ref-shared",
    "cache-ref-mismatch",
    "cache-ref-never-written",
    "alternating-hits",
    "no-cache-import",
    "export-without-import",
    "no-cache-flag",
    "gha-tokens-missing",
    "local-cache-missing",
    "legacy-cache-from-not-pulled",
    "legacy-multi-stage",
    "stale-cache-ref",
    "volatile-build-arg",
    "remote-add-changed",
    "cache-option-invalid",
    "cache-access-denied",
    "cache-registry-unavailable",
    "cache-rate-limited",
    "cache-manifest-too-large",
    "cache-export-too-large",
    "cache-tag-immutable",
    "export-manifest-rejected",
];

/// Drops findings whose cause is reported.
pub(super) fn under_their_cause(findings: Vec<Finding>) -> Vec<Finding> {
    let follows = |finding: &Finding| {
        let causes = GIVES_WAY.iter().filter(|(rule, _)| *rule == finding.rule).flat_map(|(_, causes)| *causes);
        causes.into_iter().any(|cause| findings.iter().any(|f| f.rule == *cause && common_source(f, finding)))
    };
    let keep: Vec<bool> = findings.iter().map(|f| !follows(f)).collect();
    findings.into_iter().zip(keep).filter_map(|(finding, keep)| keep.then_some(finding)).collect()
}

fn common_source(a: &Finding, b: &Finding) -> bool {
    a.evidence.iter().any(|x| b.evidence.iter().any(|y| x.source == y.source))
}
