//! S3 answers a HEAD request without a body, and its client then has the status alone to tell:
//! `api error BadRequest: Bad Request`. An import asks with GET, and the answer says why.

use super::{Cause, Refusal};
use crate::model::CacheKind;

/// `operation error S3: HeadObject, https response error StatusCode: 400, … api error BadRequest:
/// Bad Request` (`aws-sdk-go-v2` `service/s3/deserializers.go`).
pub(in crate::rules) fn is_bare(text: &str) -> bool {
    let refused = ["StatusCode: 3", "StatusCode: 4"].iter().any(|status| text.contains(status));
    text.contains("operation error S3: HeadObject") && refused
}

/// What one answer says of the bucket of a build goes for its answers that say nothing.
pub(super) fn settle(all: &mut [Refusal]) {
    let explained: Vec<_> =
        all.iter().filter(|r| has_a_reason(r)).map(|r| (r.at, r.cause)).collect();
    for refusal in all.iter_mut().filter(|r| r.kind == CacheKind::S3 && is_bare(r.text)) {
        if let Some((_, cause)) = explained.iter().find(|(at, _)| *at == refusal.at) {
            refusal.cause = *cause;
        }
    }
}

fn has_a_reason(refusal: &Refusal) -> bool {
    let named = matches!(
        refusal.cause,
        Cause::AccessDenied | Cause::RepositoryMissing | Cause::OptionInvalid
    );
    named && refusal.kind == CacheKind::S3 && !is_bare(refusal.text)
}
