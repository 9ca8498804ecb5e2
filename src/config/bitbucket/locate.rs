//! Finds in the text what `read` found in the values: lines, spans, and whether a step has a field
//! of its own or by merge.

use yamlpath::{Document, Route};

use super::Step;

/// Lines of steps and of the caches they name; 0 stays where the text has another shape than thought.
pub(super) fn fill_lines(steps: &mut [Step], text: &str) {
    let Ok(doc) = Document::new(text) else { return };
    for step in steps {
        step.line = doc.query_key_only(&step.route).map_or(0, |key| line(&key));
        let Some(field) = field(&doc, &step.route, "caches") else { continue };
        for (index, cache) in step.caches.iter_mut().enumerate() {
            cache.line = span(&doc, &field.route.with_key(index)).map_or(0, |span| span.line);
        }
    }
}

/// A field of a step, with how the step comes to it.
pub(super) struct Field {
    pub(super) route: Route<'static>,
    /// The field is written in another mapping and got by `<<:`.
    pub(super) merged: bool,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) line: u64,
}

/// The field `name` of the mapping at `route`, as YAML resolves it: its own key first, then what is merged.
pub(super) fn field(doc: &Document, route: &Route<'static>, name: &str) -> Option<Field> {
    let own = route.with_key(name.to_owned());
    if doc.query_exists(&own) {
        return Some(Field { route: own, merged: false });
    }
    merges(doc, route, 0)
        .into_iter()
        .map(|from| from.with_key(name.to_owned()))
        .find(|r| doc.query_exists(r))
        .map(|route| Field { route, merged: true })
}

/// Mappings merged into this one, nearest first. Eight levels of nesting are more than anyone can read.
fn merges(doc: &Document, route: &Route<'static>, depth: usize) -> Vec<Route<'static>> {
    let merge = route.with_key("<<");
    if depth > 8 || !doc.query_exists(&merge) {
        return Vec::new();
    }
    let listed: Vec<_> =
        (0..64).map(|index| merge.with_key(index)).take_while(|route| doc.query_exists(route)).collect();
    let sources = if listed.is_empty() { vec![merge] } else { listed };
    sources.into_iter().flat_map(|from| std::iter::once(from.clone()).chain(merges(doc, &from, depth + 1))).collect()
}

/// Place of the value at `route`; an alias is followed to its anchor.
pub(super) fn span(doc: &Document, route: &Route<'static>) -> Option<Span> {
    let feature = doc.query_exact(route).ok()??;
    let (start, end) = feature.location.byte_span;
    Some(Span { start, end, line: line(&feature) })
}

/// Place of the key at the end of `route`.
pub(super) fn key_span(doc: &Document, route: &Route<'static>) -> Option<Span> {
    let feature = doc.query_key_only(route).ok()?;
    let (start, end) = feature.location.byte_span;
    Some(Span { start, end, line: line(&feature) })
}

fn line(feature: &yamlpath::Feature) -> u64 {
    u64::try_from(feature.location.point_span.0.0).map_or(0, |row| row + 1)
}
