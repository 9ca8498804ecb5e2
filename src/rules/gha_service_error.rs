//! GitHub's cache service answered with an error, or did not answer.

use super::backend::{self, Cause, Draft, Refusal};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};

pub(super) struct GhaServiceError;

static META: RuleMeta = RuleMeta {
    id: "gha-service-error",
    title: "GitHub's cache service fails",
    group: "The cache backend refuses",
    severity: Severity::Warning,
    what: "A `type=gha` import or export ends with a 5xx status, a failed connection, `failed to reserve cache`, `error committing cache` or `cache token expired`.",
    why: "The run is cold, or its export is lost and the build fails.",
    fix: "Add `ignore-error=true`; give each image a scope of its own; export from jobs with a writable token only.",
    rules_out: "Timeouts, rate limits and the retired service are rules of their own.",
    limits: "Whether the service was down or the cache of the repository full is not always told by the words.",
    example: include_str!("examples/gha-service-error.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/gha/",
        "tonistiigi/go-actions-cache cache_v2.go",
        "moby/buildkit cache/remotecache/gha/gha.go",
    ],
    since: "0.1.0",
};

impl Rule for GhaServiceError {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::GhaService, |_, group| Some(draft(group)))
    }
}

fn draft(group: &[Refusal]) -> Draft {
    let failed = group.iter().any(|r| !r.build.errors.is_empty());
    let reserve = group.iter().any(|r| r.text.contains("failed to reserve cache"));
    let expired = group.iter().any(|r| r.text.contains("token expired"));
    let cause = match (reserve, expired) {
        (true, _) => {
            "The service did not let this job write: another job writes the same scope, too many entries were written, or the token of this trigger is read-only."
        }
        (_, true) => {
            "The job's cache token expired before the export ended: the build took longer than the token lives."
        }
        _ => "The service could not be reached or failed; the line quoted says how.",
    };
    Draft {
        severity: if failed { Severity::Error } else { Severity::Warning },
        confidence: Confidence::Proven,
        title: "GitHub's cache service refused the build cache".to_owned(),
        cause: cause.to_owned(),
        fix: fix(),
        rules_out: if reserve {
            vec![
                "Which of the three it is, the error does not say; a log of a parallel job with the same scope would."
                    .to_owned(),
            ]
        } else {
            Vec::new()
        },
    }
}

fn fix() -> Fix {
    Fix {
        summary: "make the export optional, and give each image its own scope".to_owned(),
        steps: vec![
            "Add `ignore-error=true`: an export that fails then costs the cache and not the build.".to_owned(),
            "Give each image and platform its own `scope=`; the default scope is the same for all.".to_owned(),
            "Export on `push` only: pull requests from forks and some triggers have a read-only cache token."
                .to_owned(),
            "If the service is down: https://www.githubstatus.com/.".to_owned(),
        ],
        snippet: Some(
            "cache-from: type=gha,scope=IMAGE\ncache-to: type=gha,scope=IMAGE,mode=max,ignore-error=true".to_owned(),
        ),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;
    use crate::model::CacheKind;

    #[test]
    fn fires_when_an_entry_cannot_be_reserved() {
        let found = GhaServiceError
            .check(&of(vec![made().export(CacheKind::Gha, Some("error writing layer blob: failed to reserve cache"))]));
        assert!(found[0].cause.contains("scope"));
    }

    #[test]
    fn leaves_a_canceled_export() {
        assert!(
            GhaServiceError
                .check(&of(vec![made().export(CacheKind::Gha, Some("error writing layer blob: context canceled"))]))
                .is_empty()
        );
    }
}
