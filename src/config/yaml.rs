//! YAML as all kinds of configuration read it: values with anchors and merge keys resolved, and
//! where in the text a value stands.
//!
//! Knows no kind of file.

mod bounds;
mod document;
mod fields;
mod route;
mod scalar;
mod written;

pub(super) use document::Document;
pub(super) use fields::Fields;
pub(super) use route::Route;
pub(super) use scalar::{Scalar, Style};
pub(super) use written::{FieldText, flow_list, quoted, scalar};

use yaml_serde::Value;

/// The values of a file. `<<:` is resolved; `yaml_serde` merges one level a call: what a merged
/// mapping merges itself stays behind as `<<`. A merge of something that is no mapping is a fault;
/// the file is then read unmerged.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    if let Some(why) = bounds::refused(text) {
        return Err(why);
    }
    let read = |text: &str| yaml_serde::from_str::<Value>(text).map_err(|e| e.to_string());
    let mut root = read(text).or_else(|why| read(&one_merge(text)).map_err(|_| why))?;
    for _ in 0..4 {
        if root.apply_merge().is_err() {
            break;
        }
    }
    Ok(root)
}

/// The documents of a file, each on the lines it stands in.
pub(super) fn documents(text: &str) -> Vec<String> {
    let mut all: Vec<String> = vec![String::new()];
    for (number, line) in text.lines().enumerate() {
        let begins = line.strip_prefix("---").map(str::trim_start);
        if begins.is_some_and(|rest| rest.is_empty() || rest.starts_with('#')) {
            all.push("\n".repeat(number + 1));
        } else if let Some(last) = all.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    all.retain(|document| !document.trim().is_empty());
    all
}

/// The text with merges right below each other made one, on the same lines: Ruby's YAML takes `<<:`
/// several times, the later ones win, and GitLab reads its files with that.
fn one_merge(text: &str) -> String {
    let merge = |line: &str| {
        let (indent, alias) = line.split_once("<<:")?;
        let plain = indent.trim().is_empty()
            && alias.trim().starts_with('*')
            && !alias.trim().contains([' ', '#']);
        plain.then(|| (indent.to_owned(), alias.trim().to_owned()))
    };
    let mut lines: Vec<String> = Vec::new();
    // The merges read last, and the line of the first one.
    let mut open: Option<(usize, String, String)> = None;
    for line in text.lines() {
        open = match (open, merge(line)) {
            (Some((first, indent, aliases)), Some((here, alias))) if indent == here => {
                let aliases = format!("{alias}, {aliases}");
                if let Some(line) = lines.get_mut(first) {
                    *line = format!("{indent}<<: [{aliases}]");
                }
                lines.push(String::new());
                Some((first, indent, aliases))
            }
            (_, found) => {
                lines.push(line.to_owned());
                found.map(|(indent, alias)| (lines.len() - 1, indent, alias))
            }
        };
    }
    lines.join("\n") + "\n"
}

/// The file has a name that YAML files have.
pub(super) fn is_file(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "yml" | "yaml"))
}

/// Keys that are texts, with their values, in the order of the file.
pub(super) fn entries(value: &Value) -> Vec<(&str, &Value)> {
    let pairs = value.as_mapping().into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.as_str()?, value))).collect()
}

/// A scalar as text; `None` for lists, mappings and nothing.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The scalars of a list; none where it is no list.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_sequence).into_iter().flatten().filter_map(text).collect()
}

/// A scalar, or the scalars of a list.
pub(super) fn one_or_more(value: &Value) -> Vec<String> {
    text(value).map_or_else(|| texts(Some(value)), |text| vec![text])
}

/// The route one key further.
pub(super) fn key(route: &Route, name: &str) -> Route {
    route.with_key(name)
}

/// A field of a step, with how the step comes to it.
pub(super) struct Field {
    /// Where it is written.
    pub(super) route: Route,
    /// The field is written in another mapping and got by `<<:`.
    pub(super) merged: bool,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Byte offset.
    pub(super) start: usize,
    /// Byte offset behind it.
    pub(super) end: usize,
    /// 1-based.
    pub(super) line: u64,
}

/// The field `name` of the mapping at `route`, as YAML resolves it: its own key first, then what is
/// merged.
pub(super) fn field(doc: &Document, route: &Route, name: &str) -> Option<Field> {
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

/// Mappings merged into this one, nearest first. Eight levels of nesting are more than anyone can
/// read.
fn merges(doc: &Document, route: &Route, depth: usize) -> Vec<Route> {
    let merge = route.with_key("<<");
    if depth > 8 || !doc.query_exists(&merge) {
        return Vec::new();
    }
    let listed: Vec<_> = (0..64)
        .map(|index| merge.with_key(index))
        .take_while(|route| doc.query_exists(route))
        .collect();
    let sources = if listed.is_empty() { vec![merge] } else { listed };
    sources
        .into_iter()
        .flat_map(|from| std::iter::once(from.clone()).chain(merges(doc, &from, depth + 1)))
        .collect()
}

/// Place of the value at `route`; an alias is followed to its anchor.
pub(super) fn span(doc: &Document, route: &Route) -> Option<Span> {
    doc.span(route)
}

/// Place of the key at the end of `route`.
pub(super) fn key_span(doc: &Document, route: &Route) -> Option<Span> {
    doc.key_span(route)
}

/// 1-based line of the key at the end of `route`; 0 where it is not found.
pub(super) fn line_of_key(doc: &Document, route: &Route) -> u64 {
    key_span(doc, route).map_or(0, |span| span.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_below_each_other_are_all_taken() {
        let text = "a: &a {x: 1, y: 1}\nb: &b {y: 2}\nc:\n  <<: *a\n  <<: *b\n  z: 3\n";
        let root = parse(text).unwrap();
        let number = |name: &str| root.get("c").and_then(|c| c.get(name)).and_then(Value::as_u64);
        assert_eq!((number("x"), number("y"), number("z")), (Some(1), Some(2), Some(3)));
        assert_eq!(one_merge(text).lines().count(), text.lines().count());
        assert!(parse("a: 1\na: 2\n").is_err());
    }
}
