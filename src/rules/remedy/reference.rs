//! Names of images and caches in registries: host, repository, tag.
//!
//! Text only; never asks a registry.

use crate::config::pattern::fits;
use crate::model::{readable, repository_and_tag};

/// Without tag and digest: `localhost:5000/team/app:cache` is `localhost:5000/team/app`.
pub(crate) fn repository(name: &str) -> &str {
    repository_and_tag(name).0
}

/// The tag, where one is written.
pub(crate) fn tag(name: &str) -> Option<&str> {
    repository_and_tag(name).1
}

/// The same repository with another tag.
pub(crate) fn with_tag(name: &str, tag: &str) -> String {
    format!("{}:{tag}", repository(name))
}

/// Two names of one reference: a missing tag is `latest`, Docker Hub's host may be left out, and
/// parts may be masked.
pub(crate) fn same(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let ((a, of_a), (b, of_b)) = (key(a), key(b));
    of_a == of_b && are_one(a, b)
}

/// Whether both may be one reference: a CI echoes its variables as they are written,
/// `$CI_REGISTRY_IMAGE:cache`, and a builder prints what they hold.
pub(crate) fn may_be(written: &str, name: &str) -> bool {
    same(written, name) || fits(written, name) || fits(name, written)
}

/// Repository and tag, the same for all names of one reference that have nothing masked in them.
pub(crate) fn key(name: &str) -> (&str, &str) {
    let (repository, tag) = repository_and_tag(name);
    (without_hub(repository), tag.unwrap_or("latest"))
}

/// The same of their repositories, whatever the tags.
pub(crate) fn same_repository(a: &str, b: &str) -> bool {
    are_one(without_hub(repository(a)), without_hub(repository(b)))
}

/// Of two names without the host of Docker Hub: equal, or one is the other, masked.
fn are_one(a: &str, b: &str) -> bool {
    a == b || is_masked_form(a, b) || is_masked_form(b, a)
}

/// Whether a name is taken for the masked one: `***/shop/web` is `r.example.com/shop/web`, and
/// `shop/web`, which the engine calls an image that was loaded. Two masked names hide the same where
/// they read alike.
fn is_masked_form(masked: &str, name: &str) -> bool {
    let Some((begin, end)) = readable(masked) else { return false };
    if readable(name).is_some() || !end.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    let whole = begin.is_empty() && end.strip_prefix('/') == Some(name);
    whole || name.starts_with(begin) && name.ends_with(end)
}

/// Names under which Docker Hub is spoken to.
const HUB: [&str; 4] =
    ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.docker.io"];

/// Whether Docker Hub serves a name: by its host, or because it has none.
pub(crate) fn is_hub(name: &str) -> bool {
    HUB.contains(&host(name))
}

/// Without the host and folder of Docker Hub, which the engine adds itself.
pub(crate) fn without_hub(name: &str) -> &str {
    let name = HUB.iter().find_map(|hub| name.strip_prefix(hub)?.strip_prefix('/')).unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

/// The host a name is served by.
pub(crate) fn host(name: &str) -> &str {
    match name.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" || is_hidden(host) => {
            host
        }
        // `***:cache`: a secret holds the whole name, host and all.
        None if name.starts_with(['*', '[', '$']) => repository(name),
        _ => "docker.io",
    }
}

/// `***/app`, `$REGISTRY/app`: masked by the CI, or by who pasted the log. No name in Docker Hub
/// has such letters.
fn is_hidden(host: &str) -> bool {
    !host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// kaniko's `checking push permission for "r.example.com/team/app/cache": …`
/// (`pkg/executor/push.go`).
pub(crate) fn checked(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("checking push permission for \"")?;
    rest.split('"').next()
}

/// Reference in the URL of a registry's API:
/// `http://localhost:5002/v2/team/app-cache/manifests/buildcache` is
/// `localhost:5002/team/app-cache:buildcache`.
pub(crate) fn in_url(text: &str) -> Option<String> {
    let (_, url) = text.split_once("://")?;
    let url = url.split([' ', '"', '?']).next()?;
    let (host, path) = url.split_once("/v2/")?;
    if let Some((repository, tag)) = path.split_once("/manifests/") {
        let tag = tag.trim_end_matches(':');
        return Some(if tag.contains(':') {
            format!("{host}/{repository}")
        } else {
            format!("{host}/{repository}:{tag}")
        });
    }
    let (repository, _) = path.split_once("/blobs/")?;
    Some(format!("{host}/{repository}"))
}

/// Repository in the URL of a token: `https://auth.docker.io/token?scope=repository%3Ateam%2Fapp%3A
/// pull%2Cpush&service=registry.docker.io` is `registry.docker.io/team/app`.
pub(crate) fn in_token_url(text: &str) -> Option<String> {
    let (_, query) = text.split_once("/token?")?;
    let query = query.split([' ', '"']).next()?.trim_end_matches(':');
    let value = |key: &str| query.split('&').find_map(|part| part.strip_prefix(key));
    let scope = value("scope=repository%3A")?.split("%3A").next()?;
    Some(format!("{}/{}", value("service=")?, scope.replace("%2F", "/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_tags_from_ports() {
        assert_eq!(repository("localhost:5000/team/app"), "localhost:5000/team/app");
        assert_eq!(repository("localhost:5000/team/app:cache"), "localhost:5000/team/app");
        assert_eq!(
            with_tag("r.example.com/a@sha256:00", "buildcache"),
            "r.example.com/a:buildcache"
        );
        assert_eq!(with_tag("${IMAGE:-app}", "c"), "${IMAGE:-app}:c");
        assert_eq!(with_tag("${IMAGE:-app}:${TAG:-1}", "c"), "${IMAGE:-app}:c");
        assert_eq!(with_tag("app:${BRANCH//x/-}", "c"), "app:c");
        assert_eq!(with_tag("localhost:$PORT/app", "c"), "localhost:$PORT/app:c");
        assert!(same("docker.io/library/app", "app:latest") && !same("app:1", "app"));
        assert_eq!((host("team/app"), host("localhost:5000/a")), ("docker.io", "localhost:5000"));
        assert_eq!((host("***/app"), host("$REGISTRY/app:1")), ("***", "$REGISTRY"));
        assert_eq!(
            (host("***:cache"), host("[MASKED]"), host("app:1")),
            ("***", "[MASKED]", "docker.io")
        );
    }

    #[test]
    fn compares_what_is_not_masked() {
        for (masked, name) in [
            ("***/shop/web:ci", "shop/web:ci"),
            ("***/shop/web:ci", "r.example.com/shop/web:ci"),
            ("[MASKED]/shop/web", "r.example.com:5000/shop/web:latest"),
            (
                "****.dkr.ecr.eu-west-1.amazonaws.com/web",
                "1234.dkr.ecr.eu-west-1.amazonaws.com/web",
            ),
            ("ghcr.io/***/web:1", "ghcr.io/acme/web:1"),
            ("***/shop/web", "***/shop/web"),
        ] {
            assert!(same(masked, name) && same(name, masked), "{masked} {name}");
        }
        for (masked, name) in [
            ("***/shop/web:ci", "shop/web:1"),
            ("***/shop/web", "shop/api"),
            ("ghcr.io/***/web", "docker.io/acme/web"),
            ("***", "shop/web"),
            ("***/web", "***/shop/web"),
        ] {
            assert!(!same(masked, name) && !same(name, masked), "{masked} {name}");
        }
    }

    #[test]
    fn a_variable_may_hold_anything() {
        for written in [
            "$IMAGE:cache",
            "${REGISTRY}/team/app:cache",
            "r.example.com/$TEAM/app:cache",
            "%IMAGE%:cache",
        ] {
            assert!(may_be(written, "r.example.com/team/app:cache"), "{written}");
            assert!(!may_be(written, "r.example.com/team/app:main"), "{written}");
        }
    }

    #[test]
    fn reads_registry_urls() {
        let put = "unexpected status from PUT request to \
            http://localhost:5002/v2/team/app-cache/manifests/buildcache: 400 Bad Request";
        assert_eq!(in_url(put).as_deref(), Some("localhost:5002/team/app-cache:buildcache"));
        let head = "Head \"http://localhost:5009/v2/team/app/blobs/sha256:00\": dial tcp";
        assert_eq!(in_url(head).as_deref(), Some("localhost:5009/team/app"));
        assert_eq!(in_url("error writing layer blob: denied"), None);
        let token = "unexpected status from GET request to https://auth.docker.io/token?\
            scope=repository%3Alibrary%2Finline%3Apull%2Cpush&service=registry.docker.io: 401";
        let named = in_token_url(token);
        assert_eq!(named.as_deref().map(without_hub), Some("inline"));
        assert_eq!(in_token_url("https://r.example.com/v2/token?x=1"), None);
    }
}
