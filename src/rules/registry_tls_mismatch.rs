//! HTTPS where the registry speaks HTTP, or a certificate nobody trusts.

use super::backend::{self, Cause, Draft, Refusal};
use super::remedy::builder::create_with;
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};
use crate::model::{Build, Dialect};

pub(super) struct RegistryTlsMismatch;

static META: RuleMeta = RuleMeta {
    id: "registry-tls-mismatch",
    title: "builder and cache registry disagree about TLS",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A cache import or export ends with `http: server gave HTTP response to HTTPS client` or \
        an `x509:` error.",
    why: "BuildKit speaks HTTPS to every registry but localhost. dockerd's `insecure-registries` \
        and the host's trusted certificates do not reach a docker-container builder.",
    fix: "Configure the builder: `[registry.\"HOST\"] http = true` or `ca = [\"…\"]` in its \
        buildkitd.toml, given with `docker buildx create --buildkitd-config`; of the docker driver \
        dockerd: `insecure-registries`, /etc/docker/certs.d.",
    rules_out: "Refused connections and timeouts are `cache-registry-unavailable`.",
    limits: "The log does not say which side is set up wrongly: the registry may be meant to speak \
        plain HTTP.",
    example: include_str!("examples/registry-tls-mismatch.txt"),
    references: &["https://docs.docker.com/build/buildkit/configure/"],
    since: "0.1.0",
};

impl Rule for RegistryTlsMismatch {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::Tls, |repo, group| Some(draft(repo, group.first()?)))
    }
}

/// What the two disagree about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mismatch {
    /// The builder speaks HTTPS to an HTTP port.
    PlainServer,
    /// The builder speaks HTTP to an HTTPS port.
    PlainBuilder,
    /// The certificate is not trusted.
    Certificate,
}

fn mismatch(text: &str) -> Mismatch {
    if text.contains("x509") {
        return Mismatch::Certificate;
    }
    let plain = ["request to http://", "HTTP request to an HTTPS server"];
    if plain.iter().any(|words| text.contains(words)) {
        return Mismatch::PlainBuilder;
    }
    Mismatch::PlainServer
}

fn draft(repo: &str, refusal: &Refusal) -> Draft {
    let host = backend::place(repo);
    let mismatch = mismatch(refusal.text);
    Draft {
        severity: Severity::Error,
        // A bare 400 to a plain request does not say why.
        confidence: if mismatch == Mismatch::PlainBuilder {
            Confidence::Likely
        } else {
            Confidence::Proven
        },
        title: match mismatch {
            Mismatch::PlainServer => format!("{host} speaks HTTP, the builder asks for HTTPS"),
            Mismatch::PlainBuilder => format!(
                "{host} speaks HTTPS, the builder asks in plain \
                HTTP"
            ),
            Mismatch::Certificate => format!(
                "the builder does not trust the certificate of \
                {host}"
            ),
        },
        cause: cause(refusal.build).to_owned(),
        fix: match refusal.build.dialect {
            Dialect::Kaniko => of_kaniko(host, mismatch),
            Dialect::Buildah => of_buildah(host, mismatch),
            _ if refusal.build.is_by_docker_driver() => of_dockerd(host, mismatch),
            _ => fix(host, mismatch),
        },
        rules_out: Vec::new(),
    }
}

fn cause(build: &Build) -> &'static str {
    match build.dialect {
        Dialect::Kaniko => {
            "kaniko speaks HTTPS to every registry, and trusts the certificates in its own image."
        }
        Dialect::Buildah => {
            "buildah speaks HTTPS to every registry that its registries.conf does not call \
                insecure, and trusts the certificates of the host and of /etc/containers/certs.d."
        }
        _ if build.is_by_docker_driver() => {
            "dockerd builds here itself (driver `docker`). It speaks HTTPS to every registry that \
                its daemon.json does not call insecure, and trusts the certificates of the host \
                and of /etc/docker/certs.d."
        }
        _ => {
            "The builder has settings of its own for registries: those of dockerd and the \
                certificates of the host do not reach a docker-container builder."
        }
    }
}

/// Options of the executor (`cmd/executor/cmd/root.go`).
fn of_kaniko(host: &str, mismatch: Mismatch) -> Fix {
    let (summary, option) = match mismatch {
        Mismatch::PlainServer => {
            ("let kaniko speak HTTP to", format!("--insecure-registry={host}"))
        }
        Mismatch::PlainBuilder => ("remove `--insecure` for", String::new()),
        Mismatch::Certificate => (
            "give kaniko the certificate of",
            format!("--registry-certificate={host}=/path/to/ca.pem"),
        ),
    };
    Fix {
        summary: format!("{summary} {host}"),
        steps: vec![
            "The file is one in the container of the executor: mount it, or write it before the \
                executor starts."
                .to_owned(),
        ],
        snippet: Some(option).filter(|option| !option.is_empty()),
        ..Fix::default()
    }
}

/// `containers-registries.conf(5)`, `containers-certs.d(5)`.
fn of_buildah(host: &str, mismatch: Mismatch) -> Fix {
    let insecure = |value: &str| {
        format!(
            "# /etc/containers/registries.conf.d/ci.conf\n[[registry]]\nlocation = \
                \"{host}\"\ninsecure = {value}"
        )
    };
    Fix {
        summary: format!("configure {host} for buildah"),
        steps: vec![
            "The setting belongs onto the machine, or into the image, that builds.".to_owned(),
        ],
        snippet: Some(match mismatch {
            Mismatch::PlainServer => insecure("true"),
            Mismatch::PlainBuilder => insecure("false"),
            Mismatch::Certificate => {
                format!(
                    "mkdir -p /etc/containers/certs.d/{host}\ncp ca.pem \
                        /etc/containers/certs.d/{host}/ca.crt"
                )
            }
        }),
        ..Fix::default()
    }
}

/// docker/docs `daemon/certificates`, `daemon.json` of dockerd.
fn of_dockerd(host: &str, mismatch: Mismatch) -> Fix {
    let restart = "systemctl restart docker";
    Fix {
        summary: format!("configure {host} in dockerd"),
        steps: vec![
            "The setting belongs onto the machine that builds. A dockerd in a container beside the \
                job (`docker:dind`) takes it as an option: `--insecure-registry`."
                .to_owned(),
        ],
        snippet: Some(match mismatch {
            Mismatch::PlainServer => format!(
                "# /etc/docker/daemon.json\n{{\"insecure-registries\": [\"{host}\"]}}\n\n# \
                    then\n{restart}"
            ),
            Mismatch::PlainBuilder => format!(
                "# remove \"{host}\" from insecure-registries in /etc/docker/daemon.json, \
                    then\n{restart}"
            ),
            Mismatch::Certificate => format!(
                "mkdir -p /etc/docker/certs.d/{host}\ncp ca.pem /etc/docker/certs.d/{host}/ca.crt"
            ),
        }),
        ..Fix::default()
    }
}

fn fix(host: &str, mismatch: Mismatch) -> Fix {
    let setting = match mismatch {
        Mismatch::PlainServer => "  http = true",
        Mismatch::PlainBuilder => "  http = false",
        Mismatch::Certificate => "  ca = [\"/path/to/ca.pem\"]",
    };
    Fix {
        summary: format!("configure {host} in the builder"),
        steps: vec![
            "Write the registry's setting into a buildkitd.toml and create the builder with it \
                (`--config` before buildx 0.17)."
                .to_owned(),
            "With the docker driver the setting belongs into dockerd (`insecure-registries`, \
                /etc/docker/certs.d)."
                .to_owned(),
        ],
        snippet: Some(format!(
            "# buildkitd.toml\n[registry.\"{host}\"]\n{setting}\n\n# then\n{}",
            create_with("--buildkitd-config buildkitd.toml")
        )),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    #[test]
    fn fires_on_http_and_on_unknown_certificates() {
        for error in [
            "failed to do request: Head \"https://r.example.com:5000/v2/a/manifests/b\": http: \
                server gave HTTP response to HTTPS client",
            "unexpected status from HEAD request to http://r.example.com:5000/v2/a/manifests/b: \
                400 Bad Request",
            "failed to do request: Head \"https://r.example.com:5000/v2/a/manifests/b\": tls: \
                failed to verify certificate: x509: certificate signed by unknown authority",
        ] {
            let found = RegistryTlsMismatch
                .check(&of(vec![made().import("r.example.com:5000/a:b", Some(error))]));
            assert!(
                found[0]
                    .fix
                    .snippet
                    .as_deref()
                    .unwrap()
                    .contains("[registry.\"r.example.com:5000\"]")
            );
        }
    }

    #[test]
    fn leaves_timeouts_of_the_handshake() {
        let error = "Head \"https://r.example.com/v2/\": net/http: TLS handshake timeout";
        assert!(
            RegistryTlsMismatch
                .check(&of(vec![made().import("r.example.com/a:b", Some(error))]))
                .is_empty()
        );
    }
}
