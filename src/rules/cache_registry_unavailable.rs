//! A cache backend that does not answer.

use super::backend::{self, Cause, Draft, Refusal, ignored, lost, manifest_only, place, status};
use super::remedy::builder::create_with;
use super::remedy::reference;
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};
use crate::model::Dialect;

pub(super) struct CacheRegistryUnavailable;

static META: RuleMeta = RuleMeta {
    id: "cache-registry-unavailable",
    title: "the cache's registry cannot be reached or fails",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A cache import or export ends with a 5xx status, a refused or cut connection, a name \
        that cannot be resolved, or a timeout.",
    why: "A failed import makes the run cold and stays green; a failed export fails the build \
        unless `ignore-error=true` is set.",
    fix: "Make the registry reachable from the builder: from inside its container, where the \
        driver is docker-container. Add `ignore-error=true` so that a registry fault does not fail \
        builds.",
    rules_out: "Errors while the image itself is pushed are not about the cache. TLS mismatches, \
        permissions and rate limits have rules of their own.",
    limits: "It does not know whether the registry, a proxy or the network is at fault, nor for \
        how long.",
    example: include_str!("examples/cache-registry-unavailable.txt"),
    references: &["https://docs.docker.com/build/builders/drivers/docker-container/"],
    since: "0.1.0",
};

impl Rule for CacheRegistryUnavailable {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::Unavailable, |repo, group| Some(draft(repo, group)))
    }
}

/// How it shows: nobody there, or somebody who cannot do it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// A name in a container that means the container itself.
    Localhost,
    /// A name that only a network of the engine knows.
    Network,
    /// No connection, or no answer.
    Unreachable,
    /// A 5xx status, or a connection cut in the middle.
    Failing,
}

/// What is said of a connection that was there.
const CUTS: [&str; 10] = [
    "EOF",
    "connection reset",
    "broken pipe",
    "closed network connection",
    "blob: unknown",
    "closed response body",
    "server closed idle connection",
    "GOAWAY",
    "stream error: stream ID",
    "http2: client connection",
];

fn fault(group: &[Refusal]) -> Fault {
    let cut = |text: &str| CUTS.iter().any(|words| text.contains(words));
    if group.iter().any(inside_its_container) {
        return Fault::Localhost;
    }
    if group.iter().all(in_another_network) {
        return Fault::Network;
    }
    if group.iter().any(|refusal| status(&refusal.said()).is_some() || cut(refusal.text)) {
        return Fault::Failing;
    }
    Fault::Unreachable
}

fn draft(repo: &str, group: &[Refusal]) -> Draft {
    let fault = fault(group);
    let served = fault != Fault::Localhost && group.iter().all(Refusal::harmless);
    let (what, cause) = match fault {
        Fault::Localhost => {
            ("cannot be reached from the builder's container", LOCALHOST.to_owned())
        }
        Fault::Network => ("is not known to the builder", NETWORK.to_owned()),
        Fault::Unreachable => (
            "cannot be reached",
            format!("The builder got no answer from {}; the line quoted says how.", place(repo)),
        ),
        Fault::Failing => (
            "fails",
            format!("The builder got an error from {}, or the connection was cut.", place(repo)),
        ),
    };
    Draft {
        severity: if served { Severity::Warning } else { Severity::Error },
        confidence: Confidence::Proven,
        title: format!("{} {what}: the cache is {}", place(repo), lost(group)),
        cause,
        fix: fix(repo, fault, group),
        rules_out: Vec::new(),
    }
}

const LOCALHOST: &str = "The cache is named by `localhost`, and the builder runs in a container of \
    its own, where localhost is that container: the registry on the host is not there.";

/// `dial tcp [::1]:5000: connect: connection refused`, with a registry that is well on the host.
fn inside_its_container(refusal: &Refusal) -> bool {
    let own = refusal.build.driver.as_deref() == Some("docker-container")
        || refusal.build.booted.is_some();
    own && refusal.text.contains("connection refused")
        && refusal.reference().is_some_and(|name| is_local(&name))
}

const NETWORK: &str = "A name without a dot is usually that of a container, known only in its own \
    network (a service of Compose or of the CI). The builder is not in that network: it runs in \
    the engine, or in a container of its own.";

const NETWORK_FIX: &str = "Put the builder into the network of that container: `docker network ls` \
    names it, Compose calls its own PROJECT_default. Or publish the registry's port and use the \
    host's name or address.";

/// `dial tcp: lookup registry on 127.0.0.11:53: no such host`
fn in_another_network(refusal: &Refusal) -> bool {
    let unknown =
        ["no such host", "server misbehaving"].iter().any(|words| refusal.text.contains(words));
    unknown
        && refusal.build.dialect != Dialect::Buildah
        && refusal.reference().is_some_and(|name| {
            let host = reference::host(&name).split(':').next().unwrap_or_default();
            !host.contains('.') && host.starts_with(|c: char| c.is_ascii_alphabetic())
        })
}

fn is_local(name: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| reference::host(name).starts_with(host))
}

/// Registries that do not know the form of a cache's manifest may fail on it.
fn unknown_form(group: &[Refusal]) -> bool {
    manifest_only(group) && group.iter().all(|r| status(r.text) == Some(500))
}

fn fix(repo: &str, fault: Fault, group: &[Refusal]) -> Fix {
    let place = place(repo);
    let ignore = "Add `ignore-error=true` to `--cache-to`, so that a fault of the registry costs \
        the cache and not the build.";
    let ignore = (!ignored(group)).then(|| ignore.to_owned());
    let (summary, mut steps) = match fault {
        Fault::Localhost => {
            (format!("make {place} reachable from the builder"), vec![LOCALHOST_FIX.to_owned()])
        }
        Fault::Network => (
            format!("build with a builder that is in the network of {place}"),
            vec![NETWORK_FIX.to_owned()],
        ),
        Fault::Unreachable => {
            (format!("make {place} reachable from the builder"), unreachable_steps(repo, group))
        }
        Fault::Failing => (
            format!("find out why {place} fails"),
            vec![format!(
                "Read the logs of {place}, and of any proxy in front of it, at the time of the \
                    build: limits of size and time, storage."
            )],
        ),
    };
    steps.extend(unknown_form(group).then(|| MANIFEST.to_owned()));
    steps.extend(timed_out_behind_cloudflare(group).then(|| CLOUDFLARE.to_owned()));
    steps.extend(ignore);
    let network = match fault {
        Fault::Localhost => Some("host"),
        Fault::Network => Some("NETWORK"),
        Fault::Unreachable | Fault::Failing => None,
    };
    let snippet = network.map(|name| create_with(&format!("--driver-opt network={name}")));
    Fix { summary, steps, snippet, ..Fix::default() }
}

/// `unexpected status from PUT request to https://r/v2/a/blobs/uploads/1: 524 <none>`
fn timed_out_behind_cloudflare(group: &[Refusal]) -> bool {
    group.iter().any(|refusal| status(&refusal.said()) == Some(524))
}

const CLOUDFLARE: &str = "524 is an answer of Cloudflare, not of the registry: the registry behind \
    it took longer than Cloudflare waits (100 seconds by default). Let uploads bypass it (a DNS \
    record without its proxy), or make the layers smaller.";

const MANIFEST: &str = "All layers were accepted and only the manifest fails: the registry may not \
    know its format (Nexus before 3.22). Add `image-manifest=true,oci-mediatypes=true` to \
    `--cache-to`, which describes the cache as an ordinary image, or upgrade the registry.";

const LOCALHOST_FIX: &str = "Give the builder the host's network (`--driver-opt network=host`), or \
    name the registry by an address that is valid inside the builder's container.";

fn unreachable_steps(repo: &str, group: &[Refusal]) -> Vec<String> {
    if group.iter().all(|r| r.build.dialect == Dialect::Buildah) {
        return vec![
            format!("Check from the machine that builds that {} answers.", place(repo)),
            "A cache that cannot be pushed ends the build, and one that cannot be read costs some \
                seconds per step: leave `--cache-from` and `--cache-to` out while the registry is \
                down."
                .to_owned(),
        ];
    }
    let check = format!(
        "Check from the build host, and from inside the builder's container, that {} answers.",
        place(repo)
    );
    let local = "With a docker-container builder `localhost` is the builder's own container: use \
        `--driver-opt network=host`, or another name for the registry.";
    let image = "An image that was only loaded or pulled into the engine is not a cache for \
        BuildKit: it asks the registry that the name begins with, here one on localhost.";
    let of_localhost = is_local(repo).then_some([local.to_owned(), image.to_owned()]);
    std::iter::once(check).chain(of_localhost.into_iter().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    #[test]
    fn a_fault_that_passed_is_a_warning() {
        let found = CacheRegistryUnavailable.check(&of(vec![
            made().import(
                "r.example.com/a:b",
                Some(
                    "unexpected \
            status from HEAD request to https://r.example.com/v2/a/manifests/b: 503 Service \
            Unavailable",
                ),
            ),
            made().import("r.example.com/a:b", None),
        ]));
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn leaves_missing_references_and_failing_steps() {
        let step = "ERROR: failed to solve: process \"/bin/sh -c curl https://cache.example.com\" \
            did not complete: connection refused";
        assert!(
            CacheRegistryUnavailable
                .check(&of(vec![made().absent("r.example.com/a:b").error(step)]))
                .is_empty()
        );
    }
}
