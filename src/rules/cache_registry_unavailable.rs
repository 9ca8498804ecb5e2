//! A cache backend that does not answer.

use super::backend::{self, Cause, Draft, Refusal};
use super::remedy::reference;
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};

pub(super) struct CacheRegistryUnavailable;

static META: RuleMeta = RuleMeta {
    id: "cache-registry-unavailable",
    title: "the cache's registry cannot be reached or fails",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A cache import or export ends with a 5xx status, a refused or cut connection, a name that cannot be resolved, or a timeout.",
    why: "A failed import makes the run cold and stays green; a failed export fails the build unless `ignore-error=true` is set.",
    fix: "Make the registry reachable from the builder: from inside its container, where the driver is docker-container. Add `ignore-error=true` so that a registry fault does not fail builds.",
    rules_out: "Faults of the image's own push are not the cache's. TLS mismatches, rights and rate limits are rules of their own.",
    references: &["https://docs.docker.com/build/builders/drivers/docker-container/"],
    since: "0.1.0",
};

impl Rule for CacheRegistryUnavailable {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::Unavailable, |repo, group| Some(draft(study, repo, group)))
    }
}

fn draft(study: &Study, repo: &str, group: &[Refusal]) -> Draft {
    let trap = group.iter().any(inside_its_container);
    let failed = group.iter().any(|r| !r.build.errors.is_empty());
    let passing = !failed && !trap && group.last().is_some_and(|r| r.at + 1 < study.runs.len());
    Draft {
        severity: if passing { Severity::Warning } else { Severity::Error },
        confidence: Confidence::Proven,
        title: format!(
            "{} cannot be reached or fails: the cache is not {}",
            place(repo),
            if failed { "stored" } else { "used" }
        ),
        cause: if trap {
            LOCALHOST.to_owned()
        } else {
            format!("{} did not answer as a registry should; the line quoted says how.", place(repo))
        },
        fix: fix(repo, trap),
        rules_out: if passing {
            vec!["Later runs are not affected: it may have been a fault that passed.".to_owned()]
        } else {
            Vec::new()
        },
    }
}

const LOCALHOST: &str = "The cache is named by `localhost`, and the builder runs in a container of its own, where localhost is that container: the registry on the host is not there.";

/// `dial tcp [::1]:5000: connect: connection refused`, with a registry that is well on the host.
fn inside_its_container(refusal: &Refusal) -> bool {
    let own = refusal.build.driver.as_deref() == Some("docker-container") || refusal.build.booted.is_some();
    own && refusal.text.contains("connection refused") && refusal.reference().is_some_and(|name| is_local(&name))
}

fn is_local(name: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| reference::host(name).starts_with(host))
}

fn place(repo: &str) -> &str {
    if repo.contains('/') { reference::host(repo) } else { "the cache's backend" }
}

fn fix(repo: &str, trap: bool) -> Fix {
    let mut steps = Vec::new();
    if trap {
        steps.push("Give the builder the host's network (`--driver-opt network=host`), or name the registry by an address that is valid inside the builder's container.".to_owned());
    } else {
        steps.push(format!(
            "Check from the build host, and from inside the builder's container, that {} answers.",
            place(repo)
        ));
        if is_local(repo) {
            steps.push("With a docker-container builder `localhost` is the builder's own container: use `--driver-opt network=host`, or another name for the registry.".to_owned());
        }
    }
    steps.push(
        "Add `ignore-error=true` to `--cache-to`, so that a fault of the registry costs the cache and not the build."
            .to_owned(),
    );
    let snippet = trap
        .then(|| "docker buildx create --name ci --driver docker-container --driver-opt network=host --use".to_owned());
    Fix { summary: format!("make {} reachable from the builder", place(repo)), steps, snippet, ..Fix::default() }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    const REFUSED: &str = "failed to configure registry cache importer: failed to do request: Head \"http://localhost:5000/v2/a/manifests/b\": dial tcp [::1]:5000: connect: connection refused";

    #[test]
    fn says_what_localhost_means_in_a_container() {
        let run =
            made().import("localhost:5000/a:b", Some(REFUSED)).with(|b| b.driver = Some("docker-container".into()));
        let found = CacheRegistryUnavailable.check(&of(vec![run]));
        assert!(
            found[0].cause.contains("localhost") && found[0].fix.snippet.as_deref().unwrap().contains("network=host")
        );
    }

    #[test]
    fn a_fault_that_passed_is_a_warning() {
        let found = CacheRegistryUnavailable.check(&of(vec![made().import("r.example.com/a:b", Some("unexpected status from HEAD request to https://r.example.com/v2/a/manifests/b: 503 Service Unavailable")), made().import("r.example.com/a:b", None)]));
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn leaves_missing_references_and_failing_steps() {
        let step = "ERROR: failed to solve: process \"/bin/sh -c curl https://cache.example.com\" did not complete: connection refused";
        assert!(CacheRegistryUnavailable.check(&of(vec![made().absent("r.example.com/a:b").error(step)])).is_empty());
    }
}
