//! Errors whose words are said of caches alone. Of a log that begins below a vertex' header, or of
//! which only the end was kept, they are all that tells a cache's error from one of the image or of
//! a step.

use super::CacheKind;

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A cache that is read.
    Import(CacheKind),
    /// A cache that is written.
    Export(CacheKind),
    /// A layer of an imported cache, when something needed it.
    Layer,
}

/// `None` for words that are said of images, steps and base images too. A command may print
/// anything.
#[must_use]
pub fn cache_error(error: &str) -> Option<About> {
    if error.contains("did not complete successfully") || error.contains("executor failed running")
    {
        return None;
    }
    let said = |table: &[Row]| {
        table.iter().find(|(_, all)| all.iter().all(|part| error.contains(part))).map(|r| r.0)
    };
    let layer = || is_of_layer(error).then_some(About::Layer);
    let export = said(EXPORTS).map(About::Export);
    export.or_else(layer).or_else(|| said(IMPORTS).map(About::Import))
}

/// The kind of cache that could not be set up: `failed to configure registry cache importer: …`
/// (`control/control.go`), `cache with type gha requires token parameter or …` (buildctl).
#[must_use]
pub fn configured(error: &str) -> Option<CacheKind> {
    let exporter = error.split_once("failed to configure ").map(|(_, rest)| rest);
    let option = || error.split_once("cache with type ").map(|(_, rest)| rest);
    let kind =
        exporter.filter(|rest| rest.contains(" cache ")).or_else(option)?.split(' ').next()?;
    Some(CacheKind::from_type(kind)).filter(|kind| *kind != CacheKind::Unknown)
}

/// Whether it says that a layer of an imported cache could not be fetched, in words that are said
/// of no other.
#[must_use]
pub fn is_of_layer(error: &str) -> bool {
    LAYERS.iter().any(|words| error.contains(words)) || is_gone(error) || is_of_record(error)
}

/// Whether it says that what was fetched ended too early: `failed to read expected number of bytes:
/// unexpected EOF`, `short read: expected 92 bytes but got 91: unexpected EOF` (containerd
/// `core/content/helpers.go`).
#[must_use]
pub fn is_cut_short(error: &str) -> bool {
    error.contains("failed to read expected number of bytes")
        || error.contains("short read: expected ")
        // up to `BuildKit` 0.9.2: `"layer-sha256:…" failed size validation: 92 != 91`
        || error.contains(" failed size validation: ")
}

/// Whether it says that a connection broke while a layer was fetched: `failed to copy: read tcp
/// 172.17.0.2:43996->20.150.90.4:443: read: connection timed out` (Go's `net`, through containerd's
/// `core/content/helpers.go`).
#[must_use]
pub fn is_broken_off(error: &str) -> bool {
    error.contains("failed to copy: read tcp ")
}

/// `blob sha256:… not found`, before `BuildKit` 0.9 `blob not found`
/// (`cache/remotecache/gha/gha.go`). The digest may be masked.
#[must_use]
pub fn is_gone(error: &str) -> bool {
    let named = error.split_once("blob sha256:").is_some_and(|(_, rest)| {
        rest.split_once(' ')
            .is_some_and(|(_, after)| after == "not found" || after.starts_with("not found "))
    });
    named || error.ends_with("blob not found")
}

/// All parts are in the text; the first row wins.
type Row = (CacheKind, &'static [&'static str]);

static EXPORTS: &[Row] = &[
    // `control/control.go`
    (CacheKind::Unknown, &["failed to configure ", " cache exporter"]),
    // `cache/remotecache/export.go`
    (CacheKind::Unknown, &["error writing layer blob"]),
    (CacheKind::Unknown, &["error writing manifest blob"]),
    (CacheKind::Unknown, &["error writing config blob"]),
    // containerd `plugins/content/local`: the first that is made of a directory that is written
    (CacheKind::Local, &["mkdir ", "/ingest: "]),
    // `cache/remotecache/s3/s3.go`
    (CacheKind::S3, &["failed to check file presence in cache"]),
    // `tonistiigi/go-actions-cache` `cache.go`, `cache_v2.go`, `retry.go`. An importer asks for its
    // index only.
    (CacheKind::Gha, &["/_apis/artifactcache/cache?keys=buildkit-blob-"]),
    (CacheKind::Gha, &["/_apis/artifactcache/caches"]),
    // what ends a build: an import that fails does not
    (CacheKind::Gha, &["failed to solve: Post \"", "/github.actions.results.api.v1.CacheService/"]),
    (
        CacheKind::Gha,
        &["failed to solve: parse \"", "/github.actions.results.api.v1.CacheService/"],
    ),
    (CacheKind::Gha, &["failed to reserve cache"]),
    (CacheKind::Gha, &["failed to commit cache"]),
    (CacheKind::Gha, &["error committing cache"]),
    (CacheKind::Gha, &["maximum timeout reached"]),
    (CacheKind::Gha, &["legacy service is shutting down"]),
];

static IMPORTS: &[Row] = &[
    // `solver/llbsolver/bridge.go`
    (CacheKind::Unknown, &["failed to configure ", " cache importer"]),
    // `cache/remotecache/import.go` `readBlob`
    (CacheKind::Unknown, &["blob sha256:", " is too large (", "> 1048576)"]),
    // before 0.4 an import that failed ended the build (`moby/buildkit` issue 569)
    (CacheKind::Registry, &["error on cache query: "]),
    (CacheKind::S3, &["operation error S3: GetObject"]),
    (CacheKind::Gha, &["/_apis/artifactcache/cache?keys="]),
];

/// Whether it is a record of the builder's own store that is gone or damaged, whatever was imported
/// (`cache/manager.go`).
#[must_use]
pub fn is_of_record(error: &str) -> bool {
    RECORDS.iter().any(|all| all.iter().all(|part| error.contains(part)))
}

static RECORDS: &[&[&str]] = &[
    &["failed to get record "],
    &["failed to get deleted record "],
    // containerd `core/metadata/snapshot.go`: `parent snapshot sha256:… does not exist: not found`,
    // `failed to stat lower snapshot u3: snapshot u3 does not exist: not found`
    &["snapshot ", " does not exist: not found"],
    // `cache/refs.go`: `invalid mutable ref 0xc002a652c0: invalid`
    &["invalid mutable ref "],
];

static LAYERS: &[&str] = &[
    // `solver/edge.go`: the stored result of a step.
    "failed to load cache: ",
    // Azure's client: GitHub's cache service, and `type=azblob`. Registries are read by
    // containerd's.
    "failed to copy: GET http",
    // `tonistiigi/go-actions-cache` `cache.go`, before the service's second version.
    "failed to copy: invalid status response ",
    "failed to copy: operation error S3: GetObject",
];

#[cfg(test)]
mod tests {
    use super::About::{Export, Import, Layer};
    use super::*;
    use crate::model::CacheKind::{Gha, S3, Unknown};

    #[test]
    fn tells_what_an_error_is_about() {
        for (text, about) in [
            (
                "failed to configure registry cache importer: r.example.com/a:c: not found",
                Import(Unknown),
            ),
            ("error writing config blob: failed to open writer: EOF", Export(Unknown)),
            ("blob sha256:0a is too large (1200000 > 1048576)", Import(Unknown)),
            (
                "failed to check file presence in cache: operation error S3: HeadObject, \
                    StatusCode: 403",
                Export(S3),
            ),
            ("operation error S3: GetObject, https response error StatusCode: 403", Import(S3)),
            ("mkdir /cache/ingest: permission denied", Export(CacheKind::Local)),
            (
                "failed to push r/a:1: failed to copy: GET \
                    https://p.blob.core.windows.net/actions-cache/366-1",
                Layer,
            ),
            ("maximum timeout reached", Export(Gha)),
        ] {
            assert_eq!(cache_error(text), Some(about), "{text}");
        }
    }

    #[test]
    fn leaves_what_is_said_of_images_and_steps() {
        for text in [
            "process \"/bin/sh -c echo error writing layer blob\" did not complete successfully: \
                exit code: 1",
            "failed to push r/a:1: unexpected status from PUT request to \
                https://r/v2/a/manifests/1: 403 Forbidden",
            "failed to copy: httpReadSeeker: failed open: unexpected status code \
                https://r/v2/a/blobs/sha256:0: 404",
            "r.example.com/a:c: not found",
        ] {
            assert_eq!(cache_error(text), None, "{text}");
        }
    }
}
