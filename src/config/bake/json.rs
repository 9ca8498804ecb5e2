//! Bake's JSON: read and corrected as the part of YAML that it is.

use super::target::{self, BakeValue, Target};
use super::{AttributeEdit, Set};
use crate::config::items::{ItemList, remove_key};
use crate::config::patch::Patch;
use crate::config::yaml::{self, Document, Route, Scalar, entries, key, quoted, text, texts};
use crate::model::Quote;

/// Targets of a file.
pub(super) fn targets(source: &str) -> Result<Vec<Target>, String> {
    let root: yaml_serde::Value = yaml::parse(source)?;
    target::bounded(root.get("target").map_or(0, |targets| entries(targets).len()))?;
    let doc = Document::new(source)?;
    let grouped: Vec<String> =
        groups_of(&root).into_iter().flat_map(|(_, targets)| targets).collect();
    let target = |(name, value): (&str, &yaml_serde::Value)| {
        let fields = entries(value)
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), field(value)?)));
        let line = yaml::line_of_key(&doc, &key(&Route::from(["target"]), name));
        Target {
            name: name.to_owned(),
            quote: quote(source, line),
            fields: fields.collect(),
            grouped: grouped.iter().any(|g| g == name),
        }
    };
    Ok(root.get("target").map(entries).unwrap_or_default().into_iter().map(target).collect())
}

/// What each group builds.
pub(super) fn groups(source: &str) -> Vec<(String, Vec<String>)> {
    yaml::parse(source).map(|root| groups_of(&root)).unwrap_or_default()
}

fn groups_of(root: &yaml_serde::Value) -> Vec<(String, Vec<String>)> {
    let groups = root.get("group").map(entries).unwrap_or_default();
    groups.into_iter().map(|(name, group)| (name.to_owned(), texts(group.get("targets")))).collect()
}

/// Variables with the values that they have where nobody gives them another.
pub(super) fn variables(source: &str) -> Vec<(String, String)> {
    let Ok(root) = yaml::parse(source) else { return Vec::new() };
    let variables = root.get("variable").map(entries).unwrap_or_default();
    let default = |(name, value): (&str, &yaml_serde::Value)| {
        Some((name.to_owned(), text(value.get("default")?)?))
    };
    variables.into_iter().filter_map(default).collect()
}

/// The text with these attributes.
pub(super) fn correct(source: &str, edits: &[AttributeEdit]) -> Result<String, String> {
    let doc = Document::new(source)?;
    let mut patch = Patch::default();
    for edit in edits {
        let mapping = key(&Route::from(["target"]), &edit.target);
        let place = key(&mapping, edit.attribute);
        match &edit.set {
            Set::List(items) => {
                ItemList { doc: &doc, mapping: &mapping, name: edit.attribute, json: true }
                    .set(items, &mut patch)?;
            }
            Set::Item(old, new) => item(&doc, &place, old, new, &mut patch)?,
            Set::Nothing => remove_key(&doc, &place, &mut patch)?,
            Set::Without(name) => remove_key(&doc, &key(&place, name), &mut patch)?,
        }
    }
    patch.apply(source).ok_or_else(|| "a target is written in an unusual way".to_owned())
}

fn quote(source: &str, line: u64) -> Quote {
    let index = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
    let shown = index.and_then(|index| source.lines().nth(index)).unwrap_or_default();
    Quote { line, text: shown.trim_end().into() }
}

fn field(value: &yaml_serde::Value) -> Option<BakeValue> {
    use yaml_serde::Value::{Bool, Mapping, Sequence};
    Some(match value {
        Bool(flag) => BakeValue::Flag(*flag),
        Sequence(items) => BakeValue::List(items.iter().filter_map(spec).collect()),
        Mapping(_) => BakeValue::Pairs(
            entries(value)
                .into_iter()
                .filter_map(|(k, v)| Some((k.to_owned(), spec(v)?)))
                .collect(),
        ),
        other => BakeValue::Text(text(other)?),
    })
}

/// A text, or the attributes of a cache: `{"type": "registry", "ref": "r"}`.
fn spec(value: &yaml_serde::Value) -> Option<String> {
    let pairs = entries(value)
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", text(value)?)));
    text(value).or_else(|| Some(pairs.collect::<Vec<_>>().join(",")))
}

fn item(
    doc: &Document,
    list: &Route,
    old: &str,
    new: &str,
    patch: &mut Patch,
) -> Result<(), String> {
    let items = (0..64).map(|index| list.with_key(index)).take_while(|item| doc.query_exists(item));
    let mut found = false;
    for route in items {
        if let Some(scalar) = Scalar::find(doc, &route, old) {
            patch.replace(scalar.start..scalar.end, quoted(new));
            found = true;
        }
    }
    if found { Ok(()) } else { Err(format!("`{old}` is written as an object")) }
}
