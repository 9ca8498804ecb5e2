//! All values of a syntax tree, each with its place and what is in it.

use std::collections::BTreeMap;

use foldhash::HashMap;
use tree_sitter::{Node, Tree, TreeCursor};

use super::{Keys, Span};

/// What a file holds.
#[derive(Default)]
pub(super) struct Index {
    /// The value of the first document.
    pub(super) top: Option<usize>,
    pub(super) values: Vec<IndexedValue>,
    pub(super) mappings: Vec<Keys>,
    /// Items of lists: `None` is a key without a value, as in `[a: ]`.
    pub(super) lists: Vec<Vec<Option<usize>>>,
    /// What has a name, by the name and where that stands: it may be given again.
    anchors: HashMap<String, BTreeMap<usize, Anchored>>,
}

/// A value, as it stands in the file.
pub(super) struct IndexedValue {
    pub(super) target: Target,
    pub(super) inside: Contents,
}

/// Where it is written.
pub(super) enum Target {
    Here(Span),
    /// Where the name stands for something: the name, and the place of the alias.
    Alias(String, usize),
}

/// What is in it.
pub(super) enum Contents {
    Mapping(usize),
    List(usize),
    Alias(String, usize),
    /// A scalar, or a value with a tag.
    Other,
}

/// A key of a mapping.
pub(super) struct Key {
    pub(super) span: Span,
    pub(super) value: Option<usize>,
}

/// What a name stands for.
pub(super) struct Anchored {
    pub(super) span: Span,
    pub(super) inside: Contents,
}

impl Index {
    /// `None` where a name stands for nothing.
    pub(super) fn of(tree: &Tree, source: &str) -> Option<Self> {
        let mut reader = IndexMaker {
            source,
            index: Self::default(),
            known: HashMap::default(),
            open: Vec::new(),
        };
        let mut cursor = tree.walk();
        let document =
            named(tree.root_node(), &mut cursor).into_iter().find(|n| n.kind() == "document");
        let parts = document.map(|document| named(document, &mut cursor)).unwrap_or_default();
        reader.index.top = parts.into_iter().find(|n| is_value(*n)).map(|n| reader.value(n));
        reader.names(tree)?;
        while let Some(open) = reader.open.pop() {
            reader.fill(open, &mut cursor);
        }
        Some(reader.index)
    }

    /// What the name stands for at this place: the last that was given it before.
    pub(super) fn anchored(&self, name: &str, place: usize) -> Option<&Anchored> {
        self.anchors.get(name)?.range(..place).next_back().map(|(_, anchored)| anchored)
    }
}

/// Makes the index, without recursion: values may be nested deeply.
struct IndexMaker<'t> {
    source: &'t str,
    index: Index,
    /// Mappings and lists by their nodes: one with a name is met twice.
    known: HashMap<usize, Container>,
    /// Those whose members are still to be read.
    open: Vec<(Container, Node<'t>)>,
}

#[derive(Clone, Copy)]
enum Container {
    Mapping(usize),
    List(usize),
}

impl<'t> IndexMaker<'t> {
    /// The value of a `block_node` or `flow_node`.
    fn value(&mut self, node: Node<'t>) -> usize {
        let inner = inner(node);
        let target = match node.child(0) {
            Some(first) if first.kind() == "alias" => {
                Target::Alias(self.name(first), first.start_byte())
            }
            Some(first) if first.kind() == "anchor" => Target::Here(span(inner.unwrap_or(node))),
            _ => Target::Here(span(node)),
        };
        let inside = match inner {
            Some(alias) if alias.kind() == "alias" => {
                Contents::Alias(self.name(node), node.start_byte())
            }
            Some(inner) => self.inside(inner),
            None => Contents::Other,
        };
        self.index.values.push(IndexedValue { target, inside });
        self.index.values.len() - 1
    }

    fn inside(&mut self, node: Node<'t>) -> Contents {
        let container = match (self.known.get(&node.id()), node.kind()) {
            (Some(known), _) => *known,
            (None, "block_mapping" | "flow_mapping") => {
                self.index.mappings.push(Keys::default());
                Container::Mapping(self.index.mappings.len() - 1)
            }
            (None, "block_sequence" | "flow_sequence") => {
                self.index.lists.push(Vec::new());
                Container::List(self.index.lists.len() - 1)
            }
            _ => return Contents::Other,
        };
        if self.known.insert(node.id(), container).is_none() {
            self.open.push((container, node));
        }
        match container {
            Container::Mapping(at) => Contents::Mapping(at),
            Container::List(at) => Contents::List(at),
        }
    }

    fn fill(&mut self, (container, node): (Container, Node<'t>), cursor: &mut TreeCursor<'t>) {
        let members = named(node, cursor);
        match container {
            Container::Mapping(at) => {
                let keys = self.keys(&members);
                if let Some(mapping) = self.index.mappings.get_mut(at) {
                    *mapping = keys;
                }
            }
            Container::List(at) => {
                let items = self.items(&members, cursor).unwrap_or_default();
                if let Some(list) = self.index.lists.get_mut(at) {
                    *list = items;
                }
            }
        }
    }

    /// Of two keys of one name the first counts, and nothing behind a value without a key.
    fn keys(&mut self, members: &[Node<'t>]) -> Keys {
        let mut keys = Keys::default();
        // `{ a }` is a key without a value, whose place is that of the first such key.
        let bare = members.iter().find(|n| n.kind() == "flow_node").copied();
        for member in members {
            let (key, value, place) = match (is_pair(*member), member.kind()) {
                (true, _) => {
                    let Some(key) = member.child_by_field_name("key") else { return keys };
                    (key, member.child_by_field_name("value"), key)
                }
                (false, "flow_node") => (*member, Some(*member), bare.unwrap_or(*member)),
                _ => continue,
            };
            let text = self.key_text(key);
            if !keys.contains_key(text) {
                let value = value.map(|value| self.value(value));
                keys.insert(text.to_owned(), Key { span: span(place), value });
            }
        }
        keys
    }

    /// `None` where an item is empty: its list is not understood.
    fn items(
        &mut self,
        members: &[Node<'t>],
        cursor: &mut TreeCursor<'t>,
    ) -> Option<Vec<Option<usize>>> {
        let mut items = Vec::new();
        for member in members {
            items.push(match member.kind() {
                "block_sequence_item" => {
                    let parts = named(*member, cursor);
                    Some(self.value(parts.into_iter().find(|part| is_value(*part))?))
                }
                "flow_node" => Some(self.value(*member)),
                "flow_pair" => member.child_by_field_name("value").map(|value| self.value(value)),
                _ => continue,
            });
        }
        Some(items)
    }

    /// Everything that has a name.
    fn names(&mut self, tree: &'t Tree) -> Option<()> {
        for anchor in anchors(tree) {
            let parent = anchor.parent()?;
            let mut cursor = parent.walk();
            let is_meant = |node: &Node| !matches!(node.kind(), "anchor" | "comment");
            let meant = parent.named_children(&mut cursor).find(is_meant)?;
            let anchored = Anchored { span: span(meant), inside: self.inside(meant) };
            let name = self.name(anchor);
            self.index.anchors.entry(name).or_default().insert(anchor.start_byte(), anchored);
        }
        Some(())
    }

    /// The name in `&name` and `*name`.
    fn name(&self, node: Node) -> String {
        self.text(node).get(1..).unwrap_or_default().to_owned()
    }

    fn key_text(&self, key: Node<'t>) -> &'t str {
        let Some(scalar) = inner(key) else { return self.text(key) };
        let text = self.text(scalar);
        if matches!(scalar.kind(), "single_quote_scalar" | "double_quote_scalar") {
            return text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        }
        text
    }

    fn text(&self, node: Node) -> &'t str {
        self.source.get(node.byte_range()).unwrap_or_default()
    }
}

/// The nodes of anchors. A node's parent is found from the top down, but of these there are few.
fn anchors(tree: &Tree) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    let mut cursor = tree.walk();
    loop {
        if cursor.node().kind() == "anchor" {
            found.push(cursor.node());
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

fn named<'t>(node: Node<'t>, cursor: &mut TreeCursor<'t>) -> Vec<Node<'t>> {
    node.named_children(cursor).collect()
}

/// What a `block_node` or `flow_node` holds, behind its anchor.
fn inner(node: Node) -> Option<Node> {
    node.named_children(&mut node.walk()).find(|child| child.kind() != "anchor")
}

fn is_value(node: Node) -> bool {
    matches!(node.kind(), "block_node" | "flow_node")
}

fn is_pair(node: Node) -> bool {
    matches!(node.kind(), "block_mapping_pair" | "flow_pair")
}

fn span(node: Node) -> Span {
    let line = u64::try_from(node.start_position().row).map_or(0, |row| row + 1);
    Span { start: node.start_byte(), end: node.end_byte(), line }
}
