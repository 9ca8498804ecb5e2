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
