//! Bake's HCL: targets read and corrected at the places that `hcl-edit` tells.

use std::collections::HashSet;
use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Array, Expression, ObjectKey};
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Attribute, Block, Body};
use memchr::memchr_iter;

use super::target::{self, BakeValue, Target};
use super::{AttributeEdit, Set};
use crate::config::patch::{Patch, eol, indent_at, line_at};
use crate::model::Quote;

const UNUSUAL: &str = "a target is written in an unusual way";

/// Targets of a file.
pub(super) fn targets(text: &str) -> Result<Vec<Target>, String> {
    let body = parse_body(text).map_err(|e| e.to_string())?;
    target::bounded(body.get_blocks("target").count())?;
    let grouped: HashSet<String> =
        groups_of(text, &body).into_iter().flat_map(|(_, targets)| targets).collect();
    let mut lines = LineCounter { text, at: 0, number: 1 };
    let target = |block: &Block| {
        let name = label(block)?;
        let fields = block
            .body
            .attributes()
            .filter_map(|a| Some((a.key.to_string(), value(text, &a.key, &a.value)?)));
        let grouped = grouped.contains(&name);
        Some(Target { quote: lines.quote(block), fields: fields.collect(), grouped, name })
    };
    Ok(body.get_blocks("target").filter_map(target).collect())
}

/// What each group builds.
pub(super) fn groups(text: &str) -> Vec<(String, Vec<String>)> {
    parse_body(text).map(|body| groups_of(text, &body)).unwrap_or_default()
}

fn groups_of(text: &str, body: &Body) -> Vec<(String, Vec<String>)> {
    let targets = |group: &Block| {
        let targets = group.body.get_attribute("targets")?;
        Some((label(group)?, value(text, "targets", &targets.value)?.texts()))
    };
    body.get_blocks("group").filter_map(targets).collect()
}

/// Variables with the values that they have where nobody gives them another.
pub(super) fn variables(text: &str) -> Vec<(String, String)> {
    let Ok(body) = parse_body(text) else { return Vec::new() };
    let default = |block: &Block| {
        let default = block.body.get_attribute("default")?;
        Some((label(block)?, value(text, "default", &default.value)?.texts().into_iter().next()?))
    };
    body.get_blocks("variable").filter_map(default).collect()
}

/// The text with these attributes.
pub(super) fn correct(text: &str, edits: &[AttributeEdit]) -> Result<String, String> {
    let body = parse_body(text).map_err(|e| e.to_string())?;
    let mut patch = Patch::default();
    for edit in edits {
        let block = find(&body, &edit.target).ok_or(UNUSUAL)?;
        let attribute = block.body.get_attribute(edit.attribute);
        match (&edit.set, attribute) {
            (Set::List(items), Some(attribute)) if items.is_empty() => {
                remove(text, attribute, &mut patch)?;
            }
            (Set::List(items), Some(attribute)) => replace(text, attribute, items, &mut patch)?,
            (Set::List(items), None) => insert(text, block, edit.attribute, items, &mut patch)?,
            (Set::Item(old, new), Some(attribute)) => item(text, attribute, old, new, &mut patch)?,
            (Set::Nothing, Some(attribute)) => remove(text, attribute, &mut patch)?,
            (Set::Without(key), Some(attribute)) => without(text, attribute, key, &mut patch)?,
            (_, None) => return Err(UNUSUAL.to_owned()),
        }
    }
    patch.apply(text).ok_or_else(|| UNUSUAL.to_owned())
}

fn find<'a>(body: &'a Body, name: &str) -> Option<&'a Block> {
    body.get_blocks("target").find(|block| label(block).as_deref() == Some(name))
}

pub(super) fn label(block: &Block) -> Option<String> {
    block.labels.first().map(|label| label.as_str().to_owned())
}

/// Counts the lines of a file once, for blocks in the order in which they stand in it.
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    number: u64,
}

impl LineCounter<'_> {
    fn quote(&mut self, block: &Block) -> Quote {
        let start = block.span().map_or(0, |span| span.start);
        let between = self.text.get(self.at..start).unwrap_or_default();
        self.number += memchr_iter(b'\n', between.as_bytes()).count() as u64;
        self.at = start;
        let shown = self.text.get(line_at(self.text, start)).unwrap_or_default().trim_end();
        Quote { line: self.number, text: shown.into() }
    }
}

fn value(text: &str, name: &str, expression: &Expression) -> Option<BakeValue> {
    if let Some(array) = list_of(expression) {
        return Some(BakeValue::List(array.iter().filter_map(|item| string(text, item)).collect()));
    }
    Some(match expression {
        Expression::Bool(flag) => BakeValue::Flag(*flag.value()),
        Expression::Object(_) if name == "cache-from" || name == "cache-to" => {
            BakeValue::List(string(text, expression).into_iter().collect())
        }
        Expression::Object(object) => {
            let pairs = object
                .iter()
                .filter_map(|(key, value)| Some((key_of(text, key)?, string(text, value.expr())?)));
            BakeValue::Pairs(pairs.collect())
        }
        Expression::Null(_) => return None,
        other => BakeValue::Text(string(text, other)?),
    })
}

/// A list; of `CI ? ["type=gha"] : []` the one that is not empty: what is asked for where anything is.
fn list_of(expression: &Expression) -> Option<&Array> {
    match expression {
        Expression::Array(array) => Some(array),
        Expression::Parenthesis(inside) => list_of(inside.inner()),
        Expression::Conditional(either) => {
            let (one, other) = (list_of(&either.true_expr)?, list_of(&either.false_expr)?);
            match (one.is_empty(), other.is_empty()) {
                (false, true) => Some(one),
                (true, false) => Some(other),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A value as text. Templates stay as they are, other expressions are written as one:
/// `${tag("x")}`.
fn string(text: &str, expression: &Expression) -> Option<String> {
    let raw = text.get(expression.span()?)?.trim();
    Some(match expression {
        Expression::String(string) => string.value().clone(),
        Expression::StringTemplate(_) => raw.trim_matches('"').to_owned(),
        Expression::Number(_) | Expression::Bool(_) => raw.to_owned(),
        Expression::Object(object) => {
            let pairs = object.iter().filter_map(|(key, value)| {
                Some(format!("{}={}", key_of(text, key)?, string(text, value.expr())?))
            });
            pairs.collect::<Vec<_>>().join(",")
        }
        _ => format!("${{{raw}}}"),
    })
}

fn key_of(text: &str, key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(name) => Some(name.to_string()),
        ObjectKey::Expression(expression) => string(text, expression),
    }
}

/// Other items in the list there is: in its form, on as many lines.
fn replace(
    text: &str,
    attribute: &Attribute,
    items: &[String],
    patch: &mut Patch,
) -> Result<(), String> {
    let Some(array) = list_of(&attribute.value) else {
        return Err(format!("{} is written with a function", attribute.key.as_str()));
    };
    let span = array.span().ok_or(UNUSUAL)?;
    let objects = array.iter().any(|item| matches!(item, Expression::Object(_)));
    if array.iter().count() == items.len() {
        for (old, new) in array.iter().zip(items) {
            if string(text, old).as_ref() != Some(new) {
                patch.replace(self::span(old)?, written(new, objects));
            }
        }
        return Ok(());
    }
    let old = text.get(span.clone()).ok_or(UNUSUAL)?;
    if old.lines().any(|line| line.trim_start().starts_with(['#', '/']))
        || old.contains(" #")
        || old.contains(" //")
    {
        return Err(format!("{} has comments in it", attribute.key.as_str()));
    }
    let first = if old.contains('\n') { array.iter().next().and_then(Span::span) } else { None };
    let lead = first.map(|first| indent_at(text, first.start).to_owned());
    patch.replace(
        span.clone(),
        list(items, objects, lead.as_deref(), indent_at(text, span.start), eol(text)),
    );
    Ok(())
}

fn insert(
    text: &str,
    block: &Block,
    name: &str,
    items: &[String],
    patch: &mut Patch,
) -> Result<(), String> {
    let last = block.body.attributes().last().ok_or(UNUSUAL)?;
    let place = last.span().ok_or(UNUSUAL)?;
    let lead = indent_at(text, place.start);
    let block = block.span().ok_or(UNUSUAL)?;
    if line_at(text, block.start) == line_at(text, place.start) {
        return Err(UNUSUAL.to_owned());
    }
    patch.insert_after(
        text,
        place.end,
        &[format!("{lead}{name} = {}", list(items, false, None, lead, ""))],
    );
    Ok(())
}

/// Whole lines; a comment in them says why the attribute was there, and goes with it only where it
/// stands between its items.
fn remove(text: &str, attribute: &Attribute, patch: &mut Patch) -> Result<(), String> {
    let place = attribute.span().ok_or(UNUSUAL)?;
    let (first, last) = (line_at(text, place.start), line_at(text, place.end));
    let behind = text.get(place.end..last.end).unwrap_or_default();
    let alone = text.get(first.start..place.start).is_some_and(|lead| lead.trim().is_empty());
    if !alone || !(behind.trim().is_empty() || behind.trim_start().starts_with(['#', '/'])) {
        return Err(UNUSUAL.to_owned());
    }
    if behind.trim().is_empty() {
        let end = text
            .get(last.end..)
            .and_then(|rest| rest.find('\n'))
            .map_or(text.len(), |n| last.end + n + 1);
        patch.replace(first.start..end, "");
    } else {
        patch.replace(place.start..place.end + behind.len() - behind.trim_start().len(), "");
    }
    Ok(())
}

fn item(
    text: &str,
    attribute: &Attribute,
    old: &str,
    new: &str,
    patch: &mut Patch,
) -> Result<(), String> {
    let items: Vec<&Expression> = match list_of(&attribute.value) {
        Some(array) => array.iter().collect(),
        None => vec![&attribute.value],
    };
    for item in items.into_iter().filter(|item| string(text, item).as_deref() == Some(old)) {
        patch.replace(span(item)?, written(new, matches!(item, Expression::Object(_))));
    }
    Ok(())
}

/// Takes one key out of a mapping; the last one takes the attribute with it.
fn without(text: &str, attribute: &Attribute, name: &str, patch: &mut Patch) -> Result<(), String> {
    let Expression::Object(object) = &attribute.value else { return Err(UNUSUAL.to_owned()) };
    if object.iter().count() == 1 {
        return remove(text, attribute, patch);
    }
    let entry = object.iter().find(|(key, _)| key_of(text, key).as_deref() == Some(name));
    let place = entry.and_then(|(_, value)| value.expr().span()).ok_or(UNUSUAL)?;
    let line = line_at(text, place.start);
    let whole = text.get(line.clone()).unwrap_or_default().trim();
    if !whole.trim_start_matches('"').starts_with(name) || whole.contains('}') {
        return Err(UNUSUAL.to_owned());
    }
    patch.remove_line(text, place.start, None);
    Ok(())
}

fn list(items: &[String], objects: bool, lead: Option<&str>, outer: &str, newline: &str) -> String {
    let items: Vec<String> = items.iter().map(|item| written(item, objects)).collect();
    match lead {
        Some(lead) => {
            let lines: String = items.iter().flat_map(|item| [lead, item, ",", newline]).collect();
            format!("[{newline}{lines}{outer}]")
        }
        None => format!("[{}]", items.join(", ")),
    }
}

/// `"type=registry,ref=r"`, or `{ type = "registry", ref = "r" }` where the others are written so.
fn written(spec: &str, object: bool) -> String {
    let quoted = |text: &str| {
        let text = if text.contains("${") {
            text.to_owned()
        } else {
            text.replace('\\', "\\\\").replace('"', "\\\"")
        };
        format!("\"{text}\"")
    };
    let pairs: Option<Vec<(&str, &str)>> =
        spec.split(',').map(|part| part.split_once('=')).collect();
    match pairs {
        Some(pairs) if object && !spec.contains("${") => {
            let pairs: Vec<String> =
                pairs.iter().map(|(key, value)| format!("{key} = {}", quoted(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        _ => quoted(spec),
    }
}

fn span(expression: &Expression) -> Result<Range<usize>, String> {
    expression.span().ok_or_else(|| UNUSUAL.to_owned())
}
