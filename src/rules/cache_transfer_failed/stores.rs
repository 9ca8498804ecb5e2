//! What stores say that take a request otherwise than the one it was made for: S3 of other makers,
//! registries of several instances.

use super::super::backend::{Refusal, status};
use super::known::optional;
use crate::finding::Fix;
use crate::rules::remedy::builder::CREATE_NEWEST;

/// `operation error S3: PutObject, … StatusCode: 501, … api error NotImplemented: AWS chunked
/// encoding not supported.` (Oracle), `… api error XAmzContentSHA256Mismatch: UnknownError` (Ceph).
/// Amazon's client of 2025 sends a checksum behind each object; `BuildKit` 0.31 let it
/// (`moby/buildkit` issue 6969, mended by pull request 6970).
pub(super) fn is_checksum(refusal: &Refusal) -> bool {
    ["AWS chunked encoding not supported", "XAmzContentSHA256Mismatch"]
        .iter()
        .any(|words| refusal.text.contains(words))
}

pub(super) fn other_builder(group: &[Refusal]) -> Fix {
    let mut steps = vec![
        "Region, endpoint and credentials are right: the server read the request. Use a BuildKit \
            newer than 0.31.0: it sends no such checksum, and neither does 0.30."
            .to_owned(),
        "Or update the server: newer versions of MinIO, Ceph and others know it.".to_owned(),
        "Or keep the cache in a registry.".to_owned(),
    ];
    steps.extend(optional(group));
    Fix {
        summary: "use a BuildKit that sends no such checksum, or update the server".to_owned(),
        steps,
        snippet: Some(CREATE_NEWEST.to_owned()),
        ..Fix::default()
    }
}

/// `unexpected status from PUT request to https://r/v2/a/blobs/uploads/1a2b?digest=…: 404 Not
/// Found`, `blob upload unknown`: a request that goes on with an upload. POST begins one.
pub(super) fn is_upload_lost(refusal: &Refusal) -> bool {
    let text = refusal.text;
    let goes_on = text.contains("PUT request") || text.contains("PATCH request");
    let unknown = goes_on && text.contains("/blobs/uploads/") && status(text) == Some(404);
    unknown || text.contains("blob upload unknown") || text.contains("BLOB_UPLOAD_UNKNOWN")
}

pub(super) fn one_instance(group: &[Refusal]) -> Fix {
    let mut steps = vec![
        "Several instances behind one name: give them one storage and one secret \
            (`REGISTRY_HTTP_SECRET` of `distribution`), or send all requests of a client to one of \
            them (session affinity of the load balancer)."
            .to_owned(),
        "One instance: check whether it was restarted during the upload, or purges unfinished \
            uploads too early (`uploadpurging`)."
            .to_owned(),
    ];
    steps.extend(optional(group));
    Fix {
        summary: "let all requests of an upload reach the instance that began it".to_owned(),
        steps,
        ..Fix::default()
    }
}

/// `upload multipart failed, upload id: …, cause: operation error S3: CompleteMultipartUpload, …
/// api error InvalidPart: One or more of the specified parts could not be found.` (`moby/buildkit`
/// issue 6357, mended by pull request 6373). Other servers say other words behind the code.
pub(super) fn is_part_lost(refusal: &Refusal) -> bool {
    refusal.text.contains("InvalidPart: One or more of the specified parts could not be found")
}

pub(super) fn builder_that_joins_parts(group: &[Refusal]) -> Fix {
    let mut steps = vec![
        "Running again does not help, and the bucket's settings are right: use BuildKit 0.26.2 or \
            newer, or 0.25."
            .to_owned(),
        "Where the builder is newer: the server is no Amazon S3 and lost a part; read its log."
            .to_owned(),
    ];
    steps.extend(optional(group));
    Fix {
        summary: "use BuildKit 0.26.2 or newer".to_owned(),
        steps,
        snippet: Some(CREATE_NEWEST.to_owned()),
        ..Fix::default()
    }
}

/// `api error AccessDenied: There were headers present in the request which were not signed`
/// (`MinIO`; `moby/buildkit` issue 5468)
pub(super) fn is_header_lost(refusal: &Refusal) -> bool {
    refusal.text.contains("headers present in the request which were not signed")
}

pub(super) fn headers_as_sent(group: &[Refusal]) -> Fix {
    let mut steps = vec![
        "Give the builder an `endpoint_url` that reaches the server without the proxy, or let the \
            proxy pass all headers on as they come, `Accept-Encoding` and `Host` too."
            .to_owned(),
        "Where it is `Accept-Encoding` that the proxy rewrites (Cloudflare does): a current \
            BuildKit leaves it out with `disable_accept_encoding=true` in the cache option."
            .to_owned(),
    ];
    steps.extend(optional(group));
    Fix {
        summary: "let the builder reach the server without a proxy that changes requests"
            .to_owned(),
        steps,
        ..Fix::default()
    }
}

/// `api error RequestTimeTooSkewed: The difference between the request time and the current time is
/// too large.`
pub(super) fn is_clock(refusal: &Refusal) -> bool {
    refusal.text.contains("RequestTimeTooSkewed")
}

pub(super) fn right_clock(group: &[Refusal]) -> Fix {
    let mut steps = vec![
        "Compare `date -u` on the machine of the builder with the real time, and let it take the \
            time from the network (chrony, systemd-timesyncd). A virtual machine that was asleep \
            wakes up with the old time."
            .to_owned(),
        "Where the clock is right: the upload stood still for a quarter of an hour behind its \
            signature; export less at once."
            .to_owned(),
    ];
    steps.extend(optional(group));
    Fix {
        summary: "set the clock of the machine that runs the builder".to_owned(),
        steps,
        ..Fix::default()
    }
}

/// `failed to upload blob blobs/sha256:…: context deadline exceeded`
/// (`cache/remotecache/azblob/exporter.go` `uploadBlobIfNotExists`)
pub(super) fn is_azure_timeout(refusal: &Refusal) -> bool {
    ["failed to upload blob ", "context deadline exceeded"]
        .iter()
        .all(|words| refusal.text.contains(words))
}

pub(super) fn smaller_layers(group: &[Refusal]) -> Fix {
    let mut steps = vec![
        "The limit is BuildKit's own and no option changes it: make the largest layers smaller \
            (split the step, keep package caches out of it with `RUN --mount=type=cache`, \
            `mode=min`)."
            .to_owned(),
        "Or bring the builder nearer: a storage account in the region of the machine that builds."
            .to_owned(),
        "Or keep the cache in a registry, such as ACR: its uploads have no such limit.".to_owned(),
    ];
    steps.extend(optional(group));
    Fix {
        summary: "make the largest layers smaller, or keep the cache in a registry".to_owned(),
        steps,
        ..Fix::default()
    }
}

/// `unexpected status from PUT request to https://r/v2/a/blobs/uploads/1a2b?digest=…: 400 Bad
/// Request` (`docker/buildx` issue 4057)
pub(super) fn is_upload_cut(refusal: &Refusal) -> bool {
    let text = refusal.text;
    text.contains("PUT request to ")
        && text.contains("/blobs/uploads/")
        && status(text) == Some(400)
}

pub(super) fn whole_upload(group: &[Refusal]) -> Fix {
    let mut steps = vec![
        "Run again: layers that have arrived are not sent a second time, so the rest has the line \
            for itself."
            .to_owned(),
        "Read the registry's log of that upload, and that of a proxy in front of it: \
            `DIGEST_INVALID` or a body that ended too early means a cut line; raise the time that \
            they wait for a request's body."
            .to_owned(),
        "Export less at once: `mode=min`, bake targets one after the other.".to_owned(),
    ];
    steps.extend(optional(group));
    Fix {
        summary: "run again; if it comes back, read the registry's log of that upload".to_owned(),
        steps,
        ..Fix::default()
    }
}
