//! An import finds the manifest of a cache, and not what the manifest names: `BuildKit` goes on
//! without the cache.

use crate::finding::{Confidence, Fix, Severity};
use crate::rules::backend::{Draft, Refusal};

pub(super) fn draft(refusal: &Refusal) -> Draft {
    let name = refusal.reference().unwrap_or_else(|| "the cache".to_owned());
    Draft {
        severity: Severity::Warning,
        confidence: Confidence::Proven,
        title: format!("{name} cannot be read: a blob that its manifest names is gone"),
        cause: format!(
            "{name} has a manifest, and the registry no longer has the blob that lists what is \
                cached. Garbage collection, a retention rule or a lifecycle rule that deletes single \
                blobs may do so. The build goes on without the cache."
        ),
        fix: Fix {
            summary: "let clean-up rules delete whole caches, manifest and blobs".to_owned(),
            steps: vec![
                "Find out what removes single blobs from the registry, and let it delete the \
                    manifest with them, or neither."
                    .to_owned(),
                "The next export with `--cache-to` uploads what is missing: a fault that passed \
                    needs no more."
                    .to_owned(),
            ],
            ..Fix::default()
        },
        rules_out: Vec::new(),
    }
}
