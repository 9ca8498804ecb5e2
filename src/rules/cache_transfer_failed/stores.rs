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
