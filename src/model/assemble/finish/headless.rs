//! Vertices whose header is not in the log: what their error says is all that is known of them.

use super::super::buildkit::Segment;
use super::super::vertex::{End, Export, Vertex};
use super::place::transfer;
use crate::model::{About, Build, CacheKind, Quote, Transfer, cache_error, configured};

/// What failed in a vertex without a header, as far as its words tell.
pub(super) enum Headless {
    Import(Transfer),
    Export(Transfer),
    /// What failed needed a layer of the cache, so the build did not go on.
    Layer(Quote),
}

/// In the order of their numbers.
pub(super) fn headless(segment: &Segment) -> impl Iterator<Item = Headless> {
    let failed = |v: &&Vertex| v.names.is_empty() && v.end == End::Error;
    segment.vertices.values().filter(failed).filter_map(of_vertex)
}

fn of_vertex(vertex: &Vertex) -> Option<Headless> {
    let (error, ended) = (vertex.error.as_deref()?, vertex.ended.as_ref()?);
    let of_kind = |kind| Transfer { kind, ..transfer(ended, vertex) };
    match cache_error(error) {
        Some(About::Export(kind)) => {
            Some(Headless::Export(of_kind(configured(error).unwrap_or(kind))))
        }
        None if vertex.export != Export::None => {
            Some(Headless::Export(of_kind(CacheKind::Unknown)))
        }
        Some(About::Import(kind)) => {
            let import = of_kind(configured(error).unwrap_or(kind));
            Some(Headless::Import(Transfer {
                reference: reference(error).map(Into::into),
                ..import
            }))
        }
        Some(About::Layer) => Some(Headless::Layer(ended.clone())),
        None => None,
    }
}

impl Headless {
    pub(super) fn add_to(self, build: &mut Build) {
        match self {
            Self::Import(import) => build.imports.push(import),
            Self::Export(export) => build.exports.push(export),
            Self::Layer(quote) if build.errors.is_empty() => build.errors.push(quote),
            Self::Layer(_) => {}
        }
    }
}

/// `failed to configure registry cache importer: r.example.com/team/app:cache: not found`
fn reference(error: &str) -> Option<&str> {
    let (_, rest) = error.split_once("registry cache importer: ")?;
    rest.strip_suffix(": not found").filter(|name| !name.contains(' '))
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing::{build, builds};
    use crate::model::{BuildOutcome, CacheKind};

    #[test]
    fn words_that_only_a_cache_has_tell_what_failed() {
        let import = build(
            "#6 ERROR: failed to configure registry cache importer: r.example.com/a:c: not found",
        );
        let from = &import.imports[0];
        assert_eq!(
            (from.kind, from.reference.as_deref()),
            (CacheKind::Registry, Some("r.example.com/a:c"))
        );
        let export = build("#6 ERROR: error writing config blob: failed to open writer: EOF");
        assert!(export.exports[0].error.is_some() && export.imports.is_empty());
        let layer = build(
            "#6 ERROR: failed to copy: GET https://p.blob.core.windows.net/actions-cache/0a-1",
        );
        assert_eq!((layer.outcome, layer.errors.len()), (BuildOutcome::Failed, 1));
    }

    #[test]
    fn leaves_what_may_be_an_image_or_a_step() {
        for error in [
            "r.example.com/a:c: not found",
            "process \"/bin/sh -c x\" did not complete successfully",
        ] {
            assert!(builds([format!("#6 ERROR: {error}").as_str()]).is_empty(), "{error}");
        }
    }
}
