//! What an error text of a cache import or export means: one table for all rules, so that no two
//! rules claim the same error.
//!
//! Reads text only; knows neither runs nor findings.

use std::borrow::Borrow;

use super::texts::TEXTS;
use crate::model::{CacheKind, Recent, Text, is_gone};

/// Why a cache backend refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Cause {
    /// The build was stopped: a consequence of something else.
    Canceled,
    /// GitHub's first cache service, switched off in 2025.
    GhaRetired,
    /// The GitHub cache client gave up waiting.
    GhaTimeout,
    /// The GitHub cache service answered with an error.
    GhaService,
    /// The builder signs GitHub's cache, or wants it signed, and that failed.
    GhaSignature,
    /// A mistake in `--cache-from` or `--cache-to`.
    OptionInvalid,
    /// The builder cannot export a cache.
    DriverUnsupported,
    /// HTTPS spoken to an HTTP port, or a certificate nobody trusts.
    Tls,
    /// The cache's own manifest is over the importer's limit.
    ManifestTooLarge,
    /// 429.
    RateLimited,
    /// The registry says the tag cannot be moved.
    TagImmutable,
    /// 413.
    UploadTooLarge,
    /// The registry has room for no more of this project.
    QuotaUsedUp,
    /// 401, 403 and their texts.
    AccessDenied,
    /// The registry does not take the cache manifest.
    ManifestRejected,
    /// 5xx, refused and cut connections, timeouts.
    Unavailable,
    /// The repository to be written to does not exist.
    RepositoryMissing,
    /// A layer that the imported cache names could not be fetched.
    LayerUnreadable,
    /// Another build writes the same directory at the same time.
    Crowded,
    /// The reference does not exist.
    NotFound,
    /// No vertex failed, and the build did, behind its cache export.
    BehindExport,
    /// None of these.
    Other,
}

/// Decides by the most specific text first.
///
/// Every rule about back ends asks for every error, and a job has the same ones in each run: what
/// was lately read is not read again.
pub(in crate::rules) fn classify(error: &str, kind: CacheKind) -> Cause {
    thread_local!(static RECENT: Recent<ReadError> = Recent::default());
    let make = || Some(ReadError { error: error.into(), kind, cause: read(error, kind) });
    let known = RECENT.with(|recent| recent.get(error, make)).filter(|known| known.kind == kind);
    known.map_or_else(|| read(error, kind), |known| known.cause)
}

/// An error that was read.
#[derive(Clone)]
struct ReadError {
    error: Text,
    kind: CacheKind,
    cause: Cause,
}

impl Borrow<str> for ReadError {
    fn borrow(&self) -> &str {
        &self.error
    }
}

fn read(error: &str, kind: CacheKind) -> Cause {
    let text = error.to_ascii_lowercase();
    if is_gone(error.trim_end()) {
        return Cause::LayerUnreadable;
    }
    let by_text = TEXTS
        .iter()
        .find(|(_, all)| all.iter().all(|part| text.contains(part)))
        .map(|(cause, _)| *cause);
    let cause =
        by_text.or_else(|| by_status(&text)).or_else(|| by_ending(&text)).unwrap_or(Cause::Other);
    let github = kind == CacheKind::Gha || GITHUB.iter().any(|host| text.contains(host));
    if kind == CacheKind::Gha && text.trim() == ABSENT {
        return Cause::NotFound;
    }
    match cause {
        // Whatever else GitHub's cache answers is the service's: it has no references and no
        // log-in.
        Cause::Unavailable | Cause::NotFound | Cause::AccessDenied | Cause::Other if github => {
            Cause::GhaService
        }
        cause => cause,
    }
}

/// The same of an export. Nothing has to be there but the repository; what else is not found is the
/// builder's own: `lease "…": not found`, `content digest sha256:…: not found`.
pub(super) fn classify_export(error: &str, kind: CacheKind) -> Cause {
    match classify(error, kind) {
        Cause::NotFound if lacks_repository(error) => Cause::RepositoryMissing,
        Cause::NotFound if kind == CacheKind::Gha => Cause::GhaService,
        Cause::NotFound => Cause::Other,
        cause => cause,
    }
}

/// `name unknown: The repository with name 'a' does not exist in the registry with id '1'`,
/// `unexpected status from POST request to https://r/v2/a/blobs/uploads/: 404 Not Found`: the first
/// request that writes.
fn lacks_repository(error: &str) -> bool {
    let text = error.to_ascii_lowercase();
    let begun = status(error) == Some(404)
        && text.contains("post request")
        && text.contains("/blobs/uploads");
    // go-containerregistry, of an answer without a code: `POST https://r/v2/a/blobs/uploads/: : Not
    // Found`
    let unnamed = text.contains("post http")
        && text.contains("/blobs/uploads/")
        && text.trim_end().ends_with(": not found");
    begun || unnamed || text.contains("name unknown") || text.contains("name_unknown")
}

/// `#4 ERROR: not_found` of an import: no such entry. GitHub's own service says so without an
/// error, servers that stand in for it with this one (`tonistiigi/go-actions-cache` `cache_v2.go`).
const ABSENT: &str = "not_found";

/// The service in URLs: `BuildKit` up to 0.10 does not say which kind of cache it exports.
const GITHUB: [&str; 2] = [".actions.githubusercontent.com/", "/twirp/github.actions.results.api."];

/// HTTP status in an error text.
///
/// `unexpected status from PUT request to http://r/v2/a/manifests/b: 400 Bad Request` (containerd
/// `remotes/docker/pusher.go`), `… StatusCode: 403, …` (AWS SDK), `RESPONSE 403: …` (Azure SDK),
/// `received unexpected HTTP status: 503 Service Unavailable` (`containers/image`).
pub(in crate::rules) fn status(error: &str) -> Option<u16> {
    let text = error.to_ascii_lowercase();
    let at = [
        "unexpected status",
        "unexpected http status",
        "statuscode:",
        "status response",
        "error response",
        "response ",
        "status code",
    ]
    .iter()
    .filter_map(|mark| text.find(mark))
    .min()?;
    let words = text.get(at..)?.split_ascii_whitespace();
    words
        .filter_map(|w| w.trim_matches([':', ',', ';']).parse().ok())
        .find(|n| (400..600).contains(n))
}

fn by_status(text: &str) -> Option<Cause> {
    let manifest = text.contains("error writing manifest blob")
        || text.contains("put request") && text.contains("/manifests/");
    match status(text)? {
        413 => Some(Cause::UploadTooLarge),
        429 => Some(Cause::RateLimited),
        400 | 404 | 405 | 415 if manifest => Some(Cause::ManifestRejected),
        // 405: a registry that is read-only, or a mirror of another one, takes no uploads
        // (`distribution` `registry/handlers/app.go`).
        401 | 403 | 405 => Some(Cause::AccessDenied),
        // An HTTPS port answers a request in plain HTTP with 400 and nothing else. The end of an
        // upload (PUT) comes after requests that were answered well.
        400 if text.contains(" request to http://") && !text.contains("put request") => {
            Some(Cause::Tls)
        }
        404 => Some(Cause::NotFound),
        408 | 500..600 => Some(Cause::Unavailable),
        _ => None,
    }
}

/// Words too short to be trusted anywhere but at the end: `error writing layer blob: denied`,
/// `…/blobs/uploads/…: EOF`, `localhost:5000/team/app:cache: not found`.
fn by_ending(text: &str) -> Option<Cause> {
    let text = text.trim_end();
    let ends = |words: &[&str]| words.iter().any(|w| text.ends_with(w));
    if ends(&["denied", "unauthorized", "forbidden"]) {
        return Some(Cause::AccessDenied);
    }
    // distribution-spec `UNKNOWN`: the registry does not say what went wrong in it. A gRPC status
    // ends so too, behind its own words.
    if ends(&[": eof", "unexpected eof", "blob: unknown", "blob: unknown: unknown error"]) {
        return Some(Cause::Unavailable);
    }
    if ends(&["not found", "manifest unknown", "name unknown"]) {
        return Some(Cause::NotFound);
    }
    // `failed to authorize: failed to fetch oauth token: …`: a status or a timeout in it was read
    // before.
    let denied = [": denied: ", "failed to authorize"].iter().any(|w| text.contains(w));
    denied.then_some(Cause::AccessDenied)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(text: &str) -> Cause {
        classify(text, CacheKind::Registry)
    }

    #[test]
    fn reads_the_real_errors() {
        let put = "error writing manifest blob: failed commit on ref \"sha256:0\": unexpected \
            status from PUT request to \
            http://localhost:5002/v2/team/app-cache/manifests/buildcache: 400 Bad Request";
        for (text, want) in [
            (put, Cause::ManifestRejected),
            (
                "failed to configure registry cache importer: localhost:5000/team/app:cache: not \
                    found",
                Cause::NotFound,
            ),
            (
                "failed to configure registry cache importer: unexpected status from HEAD request \
                    to http://localhost:5001/v2/team/app/manifests/buildcache: 401 Unauthorized",
                Cause::AccessDenied,
            ),
            ("error writing layer blob: denied", Cause::AccessDenied),
            (
                "failed to push to destination r.example.com/team/app:0: UNAUTHORIZED: \
                    authentication required; [map[Action:push Class: Name:team/app \
                    Type:repository]]",
                Cause::AccessDenied,
            ),
            (
                "error writing layer blob: failed commit on ref \"layer-sha256:0\": unexpected \
                    status from PUT request to \
                    http://r.example.com/v2/c/blobs/uploads/e46?digest=sha256%3A0: 400 Bad Request",
                Cause::Other,
            ),
            (
                "failed to do request: Head \"http://localhost:5009/v2/a/manifests/b\": dial tcp \
                    127.0.0.1:5009: connect: connection refused",
                Cause::Unavailable,
            ),
            (
                "failed to do request: Put \
                    \"http://localhost:5002/v2/a/blobs/uploads/8?_state=Z\": EOF",
                Cause::Unavailable,
            ),
            (
                "failed to configure registry cache exporter: unsupported compression type ztsd",
                Cause::OptionInvalid,
            ),
            ("Cache export is not supported for the docker driver.", Cause::DriverUnsupported),
            (
                "cache export feature is currently not supported for docker driver. Please switch \
                    to a different driver (eg. \"docker buildx create --use\")",
                Cause::DriverUnsupported,
            ),
            ("Multi-platform build is not supported for the docker driver.", Cause::Other),
            (
                "failed to do request: Head \"https://localhost:5000/v2/\": http: server gave HTTP \
                    response to HTTPS client",
                Cause::Tls,
            ),
            ("blob sha256:0 is too large (1200000 > 1048576)", Cause::ManifestTooLarge),
            ("error writing layer blob: context canceled", Cause::Canceled),
            (
                "unexpected status from HEAD request to http://localhost:5001/v2/a/manifests/b: \
                    429 Too Many Requests",
                Cause::RateLimited,
            ),
        ] {
            assert_eq!(cause(text), want, "{text}");
        }
    }

    #[test]
    fn an_export_finds_no_repository_or_nothing_of_its_own() {
        let export = |text| classify_export(text, CacheKind::Registry);
        for text in [
            "error writing layer blob: unexpected status from POST request to \
                https://r/v2/a/blobs/uploads/: 404 Not Found",
            "failed to push to destination r/a/cache:0: POST https://r/v2/a/cache/blobs/uploads/: \
                NAME_UNKNOWN: The repository with name 'a/cache' does not exist in the registry \
                with id '1'",
        ] {
            assert_eq!(export(text), Cause::RepositoryMissing, "{text}");
        }
        assert_eq!(export("lease \"k9b85fmm\": not found"), Cause::Other);
        assert_eq!(
            export("error writing layer blob: failed to authorize: no active session for x"),
            Cause::Other
        );
        assert_eq!(cause("r.example.com/a:c: name unknown"), Cause::NotFound);
    }

    #[test]
    fn a_github_cache_that_does_not_answer_is_the_service() {
        // docker/buildx#1728
        let patch = "error writing layer blob: Patch \
            \"https://artifactcache.actions.githubusercontent.com/x/_apis/artifactcache/caches/1\": \
            read tcp 172.17.0.2:40814->142.250.141.82:443: use of closed network connection";
        assert_eq!(classify(patch, CacheKind::Unknown), Cause::GhaService);
        assert_eq!(
            classify("error writing layer blob: not_found", CacheKind::Gha),
            Cause::GhaService
        );
        assert_eq!(classify("not_found", CacheKind::Gha), Cause::NotFound);
        assert_eq!(classify_export("not_found", CacheKind::Gha), Cause::GhaService);
        assert_eq!(
            classify("dial tcp 127.0.0.1:1: connect: connection refused", CacheKind::Gha),
            Cause::GhaService
        );
        assert_eq!(status("failed to parse error response 429: {…}"), Some(429));
    }
}
