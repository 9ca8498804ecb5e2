//! Where a cache goes that a registry refuses: an export prints no reference, but the token that
//! the builder asks for names the repository.
//!
//! `#9 [auth] team/cache:pull,push token for registry-1.docker.io` (`BuildKit`
//! `util/resolver/authorizer.go`). A token is asked for once, so only one that comes behind the
//! image's export is the cache's alone.

use super::super::buildkit::Segment;
use super::super::vertex::Vertex;
use super::EXPORT;
use crate::model::{Build, CacheKind, Transfer};

/// Names the repositories of exports that were refused.
pub(super) fn name_refused_exports(builds: &mut [Build], segment: &Segment) {
    let exports = builds.iter_mut().flat_map(|build| &mut build.exports);
    for export in exports.filter(|export| is_unnamed(export)) {
        export.reference = asked_for(segment, export).map(Into::into);
    }
}

fn is_unnamed(export: &Transfer) -> bool {
    let in_a_registry = matches!(export.kind, CacheKind::Registry | CacheKind::Unknown);
    export.error.is_some() && export.reference.is_none() && in_a_registry
}

/// The only repository that a token to write was asked for between the image's export and the end
/// of this one.
fn asked_for(segment: &Segment, export: &Transfer) -> Option<String> {
    let begin = image_written(segment);
    let end = export.verdict.as_ref()?.line;
    let names = segment.vertices.values().flat_map(|vertex| &vertex.names);
    let asked = names.filter(|(_, quote)| begin < quote.line && quote.line < end);
    let mut asked: Vec<String> = asked.filter_map(|(name, _)| repository(name)).collect();
    asked.dedup();
    match asked.as_slice() {
        [_] => asked.pop(),
        _ => None,
    }
}

/// The line in which the last export of an image ended.
fn image_written(segment: &Segment) -> u64 {
    let is_image = |vertex: &&Vertex| {
        vertex.names.iter().any(|(name, _)| {
            let what = name.strip_prefix(EXPORT);
            what.is_some_and(|what| what.starts_with("to ") && what.ends_with("image"))
        })
    };
    let ended = segment.vertices.values().filter(is_image).filter_map(|v| v.ended.as_ref());
    ended.map(|quote| quote.line).max().unwrap_or_default()
}

/// `[auth] team/app:pull team/cache:pull,push token for ghcr.io`
fn repository(name: &str) -> Option<String> {
    let (scopes, host) = name.strip_prefix("[auth] ")?.split_once(" token for ")?;
    let mut writes = scopes.split(' ').filter_map(|scope| scope.strip_suffix(":pull,push"));
    let repository = writes.next()?;
    writes.next().is_none().then(|| format!("{host}/{repository}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_to_write_names_the_repository() {
        for (name, want) in [
            ("[auth] team/cache:pull,push token for ghcr.io", Some("ghcr.io/team/cache")),
            ("[auth] a/b:pull team/cache:pull,push token for ghcr.io", Some("ghcr.io/team/cache")),
            ("[auth] library/ubuntu:pull token for registry-1.docker.io", None),
            ("[auth] a/b:pull,push a/c:pull,push token for ghcr.io", None),
            ("[internal] load build context", None),
        ] {
            assert_eq!(repository(name).as_deref(), want, "{name}");
        }
    }
}
