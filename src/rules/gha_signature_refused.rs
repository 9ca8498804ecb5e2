//! GitHub's cache is signed, and the builder does not accept the signature, or cannot make one.

use super::backend::{self, Cause, Draft, Refusal};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};

pub(super) struct GhaSignatureRefused;

static META: RuleMeta = RuleMeta {
    id: "gha-signature-refused",
    title: "the builder does not accept the signature of GitHub's cache",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A `type=gha` import or export ends with `signature verification failed: …` or `signing \
        command failed: …`.",
    why: "A builder whose configuration has `[cache.gha.verify]` reads only caches whose signature \
        fits its policy, and checks what it has just signed as well. The service works.",
    fix: "Change the policy, or the command that signs, in the builder's configuration \
        (buildkitd.toml).",
    rules_out: "Answers of the cache service: no request failed.",
    limits: "The configuration of the builder is not in the log: the error names the field that \
        differs.",
    example: include_str!("examples/gha-signature-refused.txt"),
    references: &[
        "https://github.com/moby/buildkit/pull/6397",
        "https://github.com/docker/github-builder/pull/87",
    ],
    since: "0.1.0",
};

impl Rule for GhaSignatureRefused {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::GhaSignature, |_, group| Some(draft(group)))
    }
}

fn draft(group: &[Refusal]) -> Draft {
    let failed = group.iter().any(|refusal| !refusal.build.errors.is_empty());
    let severity = if failed { Severity::Error } else { Severity::Warning };
    if group.iter().any(|refusal| refusal.text.contains("signing command failed")) {
        return Draft {
            severity,
            confidence: Confidence::Proven,
            title: "the command that signs GitHub's cache fails".to_owned(),
            cause: "The builder runs a command of its configuration to sign the cache it exports, \
                and that command failed: the line quoted says how. Nothing was stored."
                .to_owned(),
            fix: fix_of_command(),
            rules_out: Vec::new(),
        };
    }
    Draft {
        severity,
        confidence: Confidence::Proven,
        title: META.title.to_owned(),
        cause:
            "The builder's own policy for signed caches refuses this signature: the line quoted \
            names the field, what the policy wants, and what the certificate has. GitHub's cache \
            service works, and every run that has the same policy and signer ends so."
                .to_owned(),
        fix: fix_of_policy(),
        rules_out: Vec::new(),
    }
}

fn fix_of_policy() -> Fix {
    Fix {
        summary: "change `cache.gha.verify.policy` in the builder's configuration".to_owned(),
        steps: vec![
            "In buildkitd.toml (`buildkitd-config-inline` of docker/setup-buildx-action) let the \
                field that the error names fit the workflow that signs the cache, or take it out \
                of the policy."
                .to_owned(),
            "A tag's run reads the cache that the main branch signed: a policy on the ref has to \
                allow both."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

fn fix_of_command() -> Fix {
    Fix {
        summary: "correct the command in `cache.gha.sign` of the builder's configuration"
            .to_owned(),
        steps: vec![
            "Run the command that is quoted with the same versions of its tools: cosign's options \
                differ between versions."
                .to_owned(),
            "The job needs `id-token: write` if the command asks GitHub for an identity."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;
    use crate::model::CacheKind;

    #[test]
    fn a_command_that_fails_is_another_fault_than_a_policy() {
        let found = |error: &str| {
            let run = made().export(CacheKind::Gha, Some(error));
            GhaSignatureRefused.check(&of(vec![run]))
        };
        let policy = "signature verification failed: certificate field \"sourceRepositoryRef\" \
            does not match policy (\"refs/heads/main\" != \"refs/tags/v1\")";
        assert!(found(policy)[0].fix.summary.contains("verify.policy"));
        assert!(found("signing command failed: exit status 1")[0].fix.summary.contains("gha.sign"));
        assert!(found("error committing cache: 503").is_empty());
    }
}
