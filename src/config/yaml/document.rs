//! Where in the text of a file its values stand, found once for all who ask.
//!
//! The syntax tree is that of tree-sitter. To go through it anew for each question would take time
//! by the number of values for each of them.

mod index;

use foldhash::HashMap;

use self::index::{Contents, Index, Key, Target};
use super::Span;
use super::route::{Component, Route};

/// A file whose values are asked for by their routes.
pub(in crate::config) struct Document {
    source: String,
    index: Index,
}

/// Why there is none.
const NO_YAML: &str = "input is not valid YAML";

impl Document {
    /// Of the text of a file.
    pub(in crate::config) fn new(source: impl Into<String>) -> Result<Self, String> {
        let source = source.into();
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_yaml::LANGUAGE.into()).map_err(|e| e.to_string())?;
        let tree = parser.parse(&source, None).ok_or(NO_YAML)?;
        if tree.root_node().has_error() {
            return Err(NO_YAML.to_owned());
        }
        let index = Index::of(&tree, &source).ok_or(NO_YAML)?;
        Ok(Self { source, index })
    }

    /// The text.
    pub(in crate::config) fn source(&self) -> &str {
        &self.source
    }

    /// There is something, be it a key without a value.
    pub(in crate::config) fn query_exists(&self, route: &Route) -> bool {
        match self.find(route) {
            Some(Routed { value: Some(at), .. }) => self.exact(at).is_some(),
            found => found.is_some(),
        }
    }

    /// Place of the value; an alias is followed to its anchor.
    pub(in crate::config) fn span(&self, route: &Route) -> Option<Span> {
        self.exact(self.find(route)?.value?)
    }

    /// Place of the key at the end of the route.
    pub(in crate::config) fn key_span(&self, route: &Route) -> Option<Span> {
        let found = self.find(route)?;
        // An alias without an anchor is nothing, and so is its key.
        if let Some(at) = found.value {
            self.exact(at)?;
        }
        found.key
    }

    fn find(&self, route: &Route) -> Option<Routed> {
        let mut found = Routed { value: Some(self.index.top?), key: None };
        for component in route.components() {
            found = self.descend(found.value?, component)?;
        }
        Some(found)
    }

    /// What is in the value under the key, or at the position.
    fn descend(&self, at: usize, component: &Component) -> Option<Routed> {
        let value = self.index.values.get(at)?;
        let inside = match &value.inside {
            Contents::Alias(name, place) => &self.index.anchored(name, *place)?.inside,
            inside => inside,
        };
        match (inside, component) {
            (Contents::Mapping(at), Component::Key(name)) => {
                let Key { span, value } = self.index.mappings.get(*at)?.get(name)?;
                Some(Routed { value: *value, key: Some(span.clone()) })
            }
            (Contents::List(at), Component::Index(number)) => {
                let value = *self.index.lists.get(*at)?.get(*number)?;
                Some(Routed { value, key: None })
            }
            _ => None,
        }
    }

    fn exact(&self, at: usize) -> Option<Span> {
        match &self.index.values.get(at)?.target {
            Target::Here(span) => Some(span.clone()),
            Target::Alias(name, place) => Some(self.index.anchored(name, *place)?.span.clone()),
        }
    }
}

/// A value by its number, or a key that has none.
struct Routed {
    value: Option<usize>,
    key: Option<Span>,
}

/// The keys of a mapping.
type Keys = HashMap<String, Key>;

#[cfg(test)]
mod tests;
