//! A client of GitHub's first cache service, which is switched off.

use super::backend::{self, Cause, Draft};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};

pub(super) struct GhaServiceRetired;

static META: RuleMeta = RuleMeta {
    id: "gha-service-retired",
    title: "the builder uses a GitHub cache service that no longer exists",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A `type=gha` import or export ends with `This legacy service is shutting down, \
        effective April 15, 2025`.",
    why: "Only BuildKit 0.20 (Engine 28) with buildx 0.21 and newer speak the second version of \
        the cache service.",
    fix: "Upgrade BuildKit and buildx: docker/setup-buildx-action without a pinned old version \
        does both.",
    rules_out: "actions/cache has the same message for its own old versions; that is not \
        BuildKit's cache.",
    limits: "Only `docker buildx inspect --bootstrap` prints the builder's version; that it is too \
        old follows from the service's answer.",
    example: include_str!("examples/gha-service-retired.txt"),
    references: &[
        "https://gh.io/gha-cache-sunset",
        "https://github.com/docker/build-push-action/issues/1345",
    ],
    since: "0.1.0",
};

impl Rule for GhaServiceRetired {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::GhaRetired, |_, _| Some(draft()))
    }
}

fn draft() -> Draft {
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: "this BuildKit or buildx is too old for GitHub's cache service".to_owned(),
        cause: "GitHub switched its first cache service off in April 2025; BuildKit before 0.20 \
            and buildx before 0.21 know no other."
            .to_owned(),
        fix: Fix {
            summary: "use BuildKit 0.20 and buildx 0.21 or newer".to_owned(),
            steps: vec![
                "Take out pinned old versions of buildx and of the moby/buildkit image \
                    (`version:`, `driver-opts: image=…`)."
                    .to_owned(),
                "Without a docker-container builder the engine itself has to be 28.0 or newer, \
                    docker compose 2.33.1."
                    .to_owned(),
            ],
            snippet: Some(
                "- uses: docker/setup-buildx-action@v3\n- uses: \
                docker/build-push-action@v6"
                    .to_owned(),
            ),
            ..Fix::default()
        },
        rules_out: Vec::new(),
    }
}
