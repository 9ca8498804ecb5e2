//! What follows from a reported cause is not reported again.

use std::collections::HashMap;

use crate::finding::{Finding, Impact, Severity};

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
            "cache-ref-is-image",
        ],
    ),
    ("image-without-inline-cache", &["cache-ref-is-image"]),
    ("stale-cache-ref", &["compose-drops-cache-to"]),
    ("import-without-export", &["compose-drops-cache-to"]),
    (
        "cache-never-found",
        &["cache-ref-shared", "cache-ref-mismatch", "cache-lost", "min-mode-multi-stage"],
    ),
    ("no-cache-import", &["layers-disabled"]),
    ("ci-cache-upload-failed", &["parallel-steps-share-cache"]),
    ("ci-cache-never-restored", CI_CACHE_FAILS),
    ("local-cache-missing", CI_CACHE_FAILS),
    ("local-cache-missing", &["ci-cache-never-restored"]),
    ("ci-cache-frozen", &["ci-docker-cache-unused-by-buildkit"]),
    ("no-cache-import", &["ci-docker-cache-unused-by-buildkit"]),
    ("cache-lost", CI_CACHE_FAILS),
    (
        "cache-lost",
        &["ci-cache-frozen", "ci-cache-never-restored", "ci-docker-cache-unused-by-buildkit"],
    ),
    ("volatile-build-arg", &["ci-cache-frozen"]),
    ("file-mode-drift", &["ci-cache-frozen"]),
    ("cache-lost", EXPLAIN_A_COLD_RUN),
    ("no-cache-import", &["no-cache-flag", "gha-tokens-missing", "legacy-cache-from-not-pulled"]),
    ("legacy-multi-stage", &["legacy-stage-pruned"]),
    ("volatile-build-arg", &["cache-ref-shared"]),
    ("context-copied-too-early", &["cache-ref-shared"]),
    ("dockerfile-edited", &["cache-ref-shared"]),
    ("file-mode-drift", &["cache-ref-shared", "stale-cache-ref", "compose-drops-cache-to"]),
];

/// Rules that judge a Dockerfile also where no run shows it.
const ORDERS: &[&str] = &["volatile-build-arg", "context-copied-too-early"];

/// A cache of the CI that was not stored, or not read: what was in it is missing in the build.
const CI_CACHE_FAILS: &[&str] = &[
    "parallel-steps-share-cache",
    "ci-cache-upload-failed",
    "ci-cache-save-conflict",
    "ci-cache-write-denied",
    "ci-cache-too-large",
    "ci-cache-rate-limited",
    "ci-cache-service-error",
    "ci-cache-client-retired",
    "ci-cache-restore-failed",
    "ci-cache-local-only",
];

/// Causes that leave a run cold, each known by more than the cold run itself.
const EXPLAIN_A_COLD_RUN: &[&str] = &[
    "inline-cache-lost-every-second-run",
    "inline-cache-never-exported",
    "inline-cache-multi-stage",
    "min-mode-multi-stage",
    "image-without-inline-cache",
    "cache-ref-shared",
    "cache-ref-is-image",
    "cache-ref-per-run",
    "cache-ref-mismatch",
    "cache-ref-never-written",
    "alternating-hits",
    "no-cache-import",
    "export-without-import",
    "no-cache-flag",
    "gha-tokens-missing",
    "local-cache-missing",
    "legacy-cache-from-not-pulled",
    "legacy-cache-from-order",
    "legacy-cache-image-stale",
    "legacy-multi-stage",
    "legacy-stage-pruned",
    "buildah-cache-ends-at-arg",
    "stale-cache-ref",
    "volatile-build-arg",
    "remote-add-changed",
    "cache-option-invalid",
    "cache-access-denied",
    "cache-repository-missing",
    "cache-registry-unavailable",
    "cache-rate-limited",
    "cache-manifest-too-large",
    "cache-export-too-large",
    "cache-tag-immutable",
    "export-manifest-rejected",
];

/// Drops findings whose cause is reported. A note is no cause of what costs more.
pub(super) fn under_their_cause(findings: Vec<Finding>) -> Vec<Finding> {
    let quoted = quoted(&findings);
    let follows = |finding: &Finding| {
        // The order of a Dockerfile is what it is, whatever becomes of the cache.
        if ORDERS.contains(&finding.rule) && finding.impact == Impact::default() {
            return false;
        }
        let bad = finding.severity.min(Severity::Warning);
        if finding.rule == UNEXPLAINED {
            let other = |f: &Finding| f.rule != UNEXPLAINED && f.severity >= bad;
            return findings.iter().any(|f| other(f) && quotes_a_source_of(f, finding));
        }
        let cause = |rule: &str, source: &str| {
            quoted.get(&(rule, source)).is_some_and(|severity| *severity >= bad)
        };
        let mut causes = GIVES_WAY
            .iter()
            .filter(|(rule, _)| *rule == finding.rule)
            .flat_map(|(_, causes)| *causes);
        causes.any(|rule| finding.evidence.iter().any(|line| cause(rule, &line.source)))
    };
    let keep: Vec<bool> = findings.iter().map(|f| !follows(f)).collect();
    findings.into_iter().zip(keep).filter_map(|(finding, keep)| keep.then_some(finding)).collect()
}

/// Says that runs became worse, and not why: gives way to every cause of theirs.
const UNEXPLAINED: &str = "hits-dropped";

fn quotes_a_source_of(finding: &Finding, other: &Finding) -> bool {
    finding.evidence.iter().any(|a| other.evidence.iter().any(|b| a.source == b.source))
}

/// Sources that the findings of each rule quote, with the severity of the worst.
fn quoted(findings: &[Finding]) -> HashMap<(&str, &str), Severity> {
    let mut quoted = HashMap::new();
    for finding in findings {
        for line in finding.evidence.iter() {
            let worst =
                quoted.entry((finding.rule, line.source.as_str())).or_insert(finding.severity);
            *worst = finding.severity.max(*worst);
        }
    }
    quoted
}
