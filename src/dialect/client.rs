//! What the clients (buildx, docker, buildctl, compose) print around a build.
//!
//! Sources: `docker/buildx` `cmd/buildx/main.go`, `util/logutil/format.go`; `docker/cli`;
//! `moby/buildkit` `client/solve.go`; docker-compose v1.

use super::{Dialect, Event, logrus};
use crate::source::find;

/// Final errors, warnings, services, loaded images.
pub(super) struct Client;

impl Dialect for Client {
    fn read<'a>(&self, text: &'a [u8]) -> Option<Event<'a>> {
        match text.first()? {
            b'E' if text.starts_with(DAEMON) => unpulled(text).map(Event::Unpulled),
            b'D' | b'd' | b'0'..=b'9' | b'a'..=b'f' if let Some(id) = deleted(text) => {
                Some(Event::Deleted(id))
            }
            b'U' | b'u' if let Some(image) = untagged(text) => Some(Event::Untagged(image)),
            b'E' | b'e' | b'f' | b'#' | b'b' | b'c' => {
                failure(text).map(Event::Failure).or_else(|| answer(text).map(Event::Answer))
            }
            b'S' => service_failed(text).then_some(Event::Failure(text)),
            b'u' => failure(text).map(Event::Failure).or_else(|| answer(text).map(Event::Answer)),
            b't' if of_target(text) => Some(Event::Failure(text)),
            b'W' | b't' | b'w' => warning(text),
            b'D' if text.starts_with(b"Deleted build cache objects:") => Some(Event::Pruned),
            b'D' | b'R' | b'd' | b'm' | b'n' => answer(text).map(Event::Answer),
            b'T' => reclaimed(text).map(Event::Reclaimed),
            b'B' => service(text).map(Event::Service),
            b'L' => loaded(text).map(Event::Loaded),
            _ => None,
        }
    }
}

/// The final error line, whatever stands in front:
/// `ERROR: failed to build: …`, `error: failed to solve: …` (buildctl), `failed to solve: …`
/// (docker 20.10), `##[error]buildx failed with: ERROR: …` (build-push-action).
fn failure(text: &[u8]) -> Option<&[u8]> {
    let capital = text.strip_prefix(b"Error: ").is_some_and(of_options);
    let text = ["##[error]", "Error: ", "buildx failed with: "]
        .iter()
        .fold(text, |rest, prefix| rest.strip_prefix(prefix.as_bytes()).unwrap_or(rest));
    let stripped = text.strip_prefix(b"ERROR: ").or_else(|| text.strip_prefix(b"error: "));
    let known = match stripped {
        Some(rest) => {
            let rest = without_status(rest);
            NAMED.iter().chain(&UNNAMED).any(|start| rest.starts_with(start.as_bytes()))
                || option_error(rest)
                || service_failed(rest)
                || locked(rest)
                || unwritable(rest)
                || wraps_an_error(text)
        }
        None => {
            capital
                || UNNAMED.iter().any(|start| text.starts_with(start.as_bytes()))
                || service_failed(text)
                || locked(text)
                || wraps_an_error(text)
                || text.starts_with(b"unknown flag: --cache-")
        }
    };
    known.then_some(text)
}

/// What a back end answered, below the error that it belongs to. Azure's client prints
/// `RESPONSE 403: 403 …` and `ERROR CODE: AuthorizationFailure` (`azure-sdk-for-go`
/// `sdk/azcore/internal/exported/response_error.go`), its storage client before 2022
/// `Description=Server failed to authenticate the request.` (`azure-storage-blob-go`), and both what
/// is wrong with an address; registries that give several reasons one a line:
/// `denied: requested access to the resource is denied` (`distribution/distribution`
/// `registry/api/errcode/errors.go`).
fn answer(text: &[u8]) -> Option<&[u8]> {
    const STARTS: [&str; 14] = [
        "RESPONSE 4",
        "RESPONSE 5",
        "ERROR CODE: ",
        "Description=",
        "no Host in request URL",
        "denied: ",
        "unauthorized: ",
        "unsupported: ",
        "manifest invalid: ",
        "manifest unknown: ",
        "name invalid: ",
        "name unknown: ",
        "blob unknown: ",
        "toomanyrequests: ",
    ];
    STARTS.iter().any(|start| text.starts_with(start.as_bytes())).then_some(text)
}

/// `error: rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: …`
/// (buildctl before v0.8)
fn without_status(rest: &[u8]) -> &[u8] {
    let Some(status) = rest.strip_prefix(b"rpc error: code = ") else { return rest };
    find(status, b" desc = ").and_then(|at| status.get(at + 8..)).unwrap_or(rest)
}

/// Final errors that are only taken with `ERROR: ` in front: other programs may say the same.
const NAMED: [&str; 9] = [
    "failed to build: ",
    "failed to configure ",
    "Cache export is not supported",
    "cache export feature is currently not supported",
    "Multi-platform build is not supported",
    "unknown cache ",
    "unsupported compression type",
    "type required for",
    "failed to receive status",
];

/// Final errors that stand alone in older clients.
const UNNAMED: [&str; 2] = ["failed to solve", "executor failed running ["];

/// `Error: cache export feature is currently not supported for docker driver. …` (ACR Tasks): other
/// programs begin errors so, but do not speak of caches.
fn of_options(rest: &[u8]) -> bool {
    const CACHES: [&[u8]; 4] = [
        b"Cache export is not supported",
        b"cache export feature is currently not supported",
        b"unknown cache ",
        b"unsupported compression type",
    ];
    CACHES.iter().any(|start| rest.starts_with(start)) || option_error(rest)
}

/// `target web: failed to solve: …`: docker compose builds through bake, whose error it prints
/// without `ERROR: ` in front.
fn of_target(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"target ") else { return false };
    find(rest, b": failed to solve: ")
        .and_then(|at| rest.get(..at))
        .is_some_and(|name| !name.is_empty() && !name.contains(&b' '))
}

/// `registry cache exporter requires ref`,
/// `cache with type gha requires token parameter or $ACTIONS_RUNTIME_TOKEN` (`moby/buildkit`
/// `client/solve.go`, `cmd/buildctl/build/util.go`)
fn option_error(rest: &[u8]) -> bool {
    let has = |needle: &[u8]| find(rest, needle).is_some();
    has(b" cache exporter requires ")
        || has(b" cache importer requires ")
        || (rest.starts_with(b"cache with type ") && has(b" requires "))
}

/// Any call to the engine may fail so.
const DAEMON: &[u8] = b"Error response from daemon: ";

/// The image that `docker pull` did not get; nothing where only the URL tells it:
/// `manifest for r.example.com/web:1 not found: manifest unknown`, `pull access denied for web,
/// repository does not exist or may require 'docker login'`, `repository web not found: does not
/// exist or no pull access` (`moby/moby` `distribution/errors.go`), `failed to resolve reference
/// "r.example.com/web:1": …` (containerd image store),
/// `Head "https://r.example.com/v2/web/manifests/1": unauthorized: …`.
fn unpulled(text: &[u8]) -> Option<&[u8]> {
    const NAMED: [(&[u8], &[u8]); 4] = [
        (b"manifest for ", b" not found"),
        (b"pull access denied for ", b", repository does not exist"),
        (b"repository ", b" not found: does not exist or no pull access"),
        (b"failed to resolve reference \"", b"\": "),
    ];
    let said = text.strip_prefix(DAEMON)?;
    let named = NAMED.iter().find_map(|(before, after)| {
        let rest = said.strip_prefix(*before)?;
        rest.get(..find(rest, after)?)
    });
    let asked = || said.starts_with(b"Get \"http") || said.starts_with(b"Head \"http");
    named.or_else(|| (asked() && find(said, b"/manifests/").is_some()).then_some(&[][..]))
}

/// `Service 'api' failed to build : Build failed`
fn service_failed(text: &[u8]) -> bool {
    text.starts_with(b"Service '") && find(text, b"' failed to build").is_some()
}

/// `could not lock /tmp/.buildx-cache/index.json.lock` (`client/ociindex`): two exports into one
/// directory.
fn locked(text: &[u8]) -> bool {
    text.starts_with(b"could not lock ") && text.ends_with(b"/index.json.lock")
}

/// `error: mkdir /cache/ingest: permission denied` (containerd `plugins/content/local`): the
/// directory that a cache is exported to.
fn unwritable(rest: &[u8]) -> bool {
    let rest = ["failed to build: ", "failed to solve: "]
        .iter()
        .fold(rest, |rest, start| rest.strip_prefix(start.as_bytes()).unwrap_or(rest));
    rest.starts_with(b"mkdir ") && find(rest, b"/ingest: ").is_some()
}

/// What programs that build through a library put before the builder's error:
/// `Error failed to fetch an image or build from source: error building: failed to solve: …`
/// (`superfly/flyctl`), `Error: failed to build the image: failed to solve: …`.
fn wraps_an_error(text: &[u8]) -> bool {
    let error = [&b"Error "[..], b"Error: ", b"ERROR: ", b"error: "];
    error.iter().any(|start| text.starts_with(start))
        && [&b": failed to solve: "[..], b": failed to solve with frontend "]
            .iter()
            .any(|words| find(text, words).is_some())
}

/// `WARNING: local cache import at /c skipped due to err: …`; older:
/// `time="…" level=warning msg="…"`.
/// `WARNING: No output specified with docker-container driver. Build result will only remain in the build cache. …`,
/// of bake `… specified for web target(s) with …` (buildx `build/opt.go`).
fn warning(text: &[u8]) -> Option<Event<'_>> {
    let level = text.starts_with(b"WARNING: ")
        || text.starts_with(b"warning: ")
        || logrus::read(text).is_some_and(|line| line.level == b"warning");
    let has = |needle: &[u8]| level && find(text, needle).is_some();
    if has(b"local cache import at ") {
        return Some(Event::Warning(text));
    }
    has(b" driver. Build result will only remain in the build cache.").then_some(Event::NoOutput)
}

/// `Building web`: docker-compose v1 prints the service alone on the line.
fn service(text: &[u8]) -> Option<&[u8]> {
    let name = text.strip_prefix(b"Building ")?.trim_ascii_end();
    let word = !name.is_empty()
        && name.iter().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.')
        });
    word.then_some(name)
}

/// `Total: 3.42MB` (with a tab) of `docker builder prune` and `docker buildx prune`
/// (`docker/buildx` `commands/prune.go`), `Total reclaimed space: 3.42MB` of `docker system prune`
/// and of older clients (`docker/cli` `command/system/prune.go`).
fn reclaimed(text: &[u8]) -> Option<&[u8]> {
    let amount = text
        .strip_prefix(b"Total reclaimed space: ")
        .or_else(|| text.strip_prefix(b"Total:"))?
        .trim_ascii();
    let number = amount.first().is_some_and(u8::is_ascii_digit);
    (number && amount.ends_with(b"B")).then_some(amount)
}

/// `Deleted: sha256:0a1b…` (`docker rmi`), `deleted: sha256:0a1b…` (`docker image prune`),
/// `Deleted: 0a1b…` (`podman rmi`), `0a1b…` alone (`podman image prune`, `buildah rmi`).
fn deleted(text: &[u8]) -> Option<&[u8]> {
    let rest = ["Deleted: ", "deleted: "].iter().find_map(|s| text.strip_prefix(s.as_bytes()));
    let id = rest.map_or(text, |rest| rest.strip_prefix(b"sha256:").unwrap_or(rest));
    let id = id.trim_ascii_end();
    (id.len() == 64 && id.iter().all(u8::is_ascii_hexdigit)).then_some(id)
}

/// `Untagged: shop/web:1`; buildah writes it small. One by digest is told beside its name.
fn untagged(text: &[u8]) -> Option<&[u8]> {
    let rest = ["Untagged: ", "untagged: "].iter().find_map(|s| text.strip_prefix(s.as_bytes()));
    let image = rest?.trim_ascii_end();
    (!image.is_empty() && !image.contains(&b' ') && !image.contains(&b'@')).then_some(image)
}

/// `Loaded image: shop/web:latest`, of one without a name `Loaded image ID: sha256:…`
/// (`moby/moby` `daemon/internal/image/tarexport/load.go`).
fn loaded(text: &[u8]) -> Option<&[u8]> {
    let named = text.strip_prefix(b"Loaded image: ");
    let digest = || text.strip_prefix(b"Loaded image ID: ").filter(|id| id.starts_with(b"sha256:"));
    let name = named.or_else(digest)?.trim_ascii_end();
    (!name.is_empty() && !name.contains(&b' ')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_final_errors() {
        for line in [
            "ERROR: failed to build: Cache export is not supported for the docker driver.",
            "ERROR: failed to build: failed to solve: unsupported compression type ztsd",
            "error: failed to solve: process \"/bin/sh -c x\" did not complete successfully: exit \
                code: 1",
            "failed to solve: rpc error: code = Unknown desc = x",
            "##[error]buildx failed with: ERROR: failed to solve: x",
            "ERROR: registry cache exporter requires ref",
            "error: cache with type gha requires token parameter or $ACTIONS_RUNTIME_TOKEN",
            "could not lock /tmp/.buildx-cache/index.json.lock",
            "error: mkdir /cache/ingest: permission denied",
            "ERROR: failed to build: mkdir /cache/ingest: read-only file system",
            "unknown flag: --cache-to",
            "Error: cache export feature is currently not supported for docker driver.",
            "target web: failed to solve: process \"/bin/sh -c make\" did not complete \
                successfully: exit code: 2",
            "Error failed to fetch an image or build from source: error building: failed to solve \
                with frontend dockerfile.v0: failed to create LLB definition: no active session",
            "Service 'api' failed to build : Build failed",
            "ERROR: Service 'api' failed to build: The command '/bin/sh -c make' returned a \
                non-zero code: 2",
            "error: rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: \
                failed to load cache: x",
        ] {
            assert!(matches!(Client.read(line.as_bytes()), Some(Event::Failure(_))), "{line}");
        }
    }

    #[test]
    fn knows_a_loaded_image() {
        let line = b"Loaded image: registry.example.com/shop/web:latest";
        assert_eq!(Client.read(line), Some(Event::Loaded(b"registry.example.com/shop/web:latest")));
        assert_eq!(Client.read(b"Loaded image ID: sha256:0a"), Some(Event::Loaded(b"sha256:0a")));
    }

    #[test]
    fn knows_an_image_that_was_not_pulled() {
        let read = |said: &str| {
            let line = format!("Error response from daemon: {said}");
            match Client.read(line.as_bytes()) {
                Some(Event::Unpulled(image)) => Some(String::from_utf8(image.to_owned()).unwrap()),
                _ => None,
            }
        };
        for (said, image) in [
            ("manifest for r.example.com/web:1 not found: manifest unknown", "r.example.com/web:1"),
            (
                "pull access denied for web, repository does not exist or may require 'docker \
                    login': denied: requested access to the resource is denied",
                "web",
            ),
            (
                "failed to resolve reference \"r.example.com/web:1\": r.example.com/web:1: not \
                found",
                "r.example.com/web:1",
            ),
            ("Head \"https://r.example.com/v2/web/manifests/1\": no basic auth credentials", ""),
        ] {
            assert_eq!(read(said).as_deref(), Some(image), "{said}");
        }
        for other in [
            "Get \"https://r.example.com/v2/\": unauthorized: incorrect username or password",
            "No such container: web",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn knows_what_a_prune_deleted() {
        let id = "0123456789abcdef".repeat(4);
        for start in ["Deleted: sha256:", "deleted: sha256:", "Deleted: ", ""] {
            let line = format!("{start}{id}");
            assert_eq!(Client.read(line.as_bytes()), Some(Event::Deleted(id.as_bytes())), "{line}");
        }
        assert_eq!(Client.read(b"Deleted: yes"), None);
        assert_eq!(Client.read(b"Untagged: a:1"), Some(Event::Untagged(b"a:1")));
        assert_eq!(Client.read(b"Deleted build cache objects:"), Some(Event::Pruned));
        let read = |line: &'static [u8]| Client.read(line);
        assert_eq!(read(b"Total:\t3.42MB"), Some(Event::Reclaimed(b"3.42MB")));
        assert_eq!(read(b"Total reclaimed space: 0B"), Some(Event::Reclaimed(b"0B")));
        assert_eq!(read(b"Total: 12 tests"), None);
    }

    #[test]
    fn knows_what_goes_on_with_an_error() {
        for line in [
            "RESPONSE 403: 403 Server failed",
            "ERROR CODE: AuthorizationFailure",
            "Description=Server failed to authenticate the request.",
            "denied: no such access",
        ] {
            assert_eq!(Client.read(line.as_bytes()), Some(Event::Answer(line.as_bytes())));
        }
    }

    #[test]
    fn knows_a_build_without_output() {
        for of in ["", "for api, web target(s) "] {
            let line = format!(
                "WARNING: No output specified {of}with docker-container driver. Build result will \
                    only remain in the build cache. To push"
            );
            assert_eq!(Client.read(line.as_bytes()), Some(Event::NoOutput));
        }
    }

    #[test]
    fn leaves_errors_of_other_programs() {
        for line in [
            "ERROR: Could not find a version that satisfies x",
            "ERROR: Job failed: exit code 1",
            "error: aborting",
            "Error: failed to build: x",
            "target web: linking",
            "target of the day: failed to solve: a riddle",
            "could not lock the door",
            "error: rpc error: code = Unavailable desc = connection closed",
            "Building wheel for x",
            "WARNING: x",
            "Loaded image: of a cat",
            "Loaded image ID: none",
        ] {
            assert_eq!(Client.read(line.as_bytes()), None, "{line}");
        }
    }
}
