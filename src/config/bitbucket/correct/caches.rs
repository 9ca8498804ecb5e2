//! Takes a cache out of a step's list or puts another in its place, and defines new ones.

use super::Correction;
use crate::config::bitbucket::CacheDefinition;
use crate::config::patch::{Patch, indent_at, line_at};
use crate::config::yaml::{Document, Route, Span, field, key_span, span};

/// Changes the list of one step.
pub(in crate::config::bitbucket) fn change(
    doc: &Document,
    correction: &Correction,
    patch: &mut Patch,
) -> Result<(), String> {
    let source = doc.source();
    let list = field(doc, &correction.route, "caches").ok_or("a list of caches was not found")?;
    let whole = span(doc, &list.route).ok_or("a list of caches was not found")?;
    let items: Vec<Span> =
        (0..).map_while(|index| span(doc, &list.route.with_key(index))).collect();
    let named =
        |item: &Span| source.get(item.start..item.end).is_some_and(|t| bare(t) == correction.cache);
    if let Some(instead) = &correction.instead {
        items
            .iter()
            .filter(|i| named(i))
            .for_each(|i| patch.replace(i.start..i.end, instead.clone()));
        return Ok(());
    }
    let flow = source.get(whole.start..whole.end).is_some_and(|text| text.starts_with('['));
    let (gone, kept): (Vec<&Span>, Vec<&Span>) = items.iter().partition(|i| named(i));
    if flow && !kept.is_empty() {
        let texts: Vec<&str> = kept.iter().filter_map(|i| source.get(i.start..i.end)).collect();
        patch.replace(whole.start..whole.end, format!("[{}]", texts.join(", ")));
        return Ok(());
    }
    if kept.is_empty() {
        let key = key_span(doc, &list.route).ok_or("a list of caches was not found")?;
        remove(source, key.start, if flow { whole.end } else { key.end + 1 }, patch)?;
    }
    if !flow {
        gone.into_iter().try_for_each(|item| remove(source, item.start, item.end, patch))?;
    }
    Ok(())
}

/// Adds to `definitions.caches`, and makes what is missing of it.
pub(super) fn define(
    doc: &Document,
    definitions: &[CacheDefinition],
    patch: &mut Patch,
) -> Result<(), String> {
    if definitions.is_empty() {
        return Ok(());
    }
    let source = doc.source();
    let (root, inner) = (Route::from(["definitions"]), Route::from(["definitions", "caches"]));
    let (at, indent, heads): (_, usize, &[&str]) = match (end_of(doc, &inner), end_of(doc, &root)) {
        (Some((at, indent)), _) => (at, indent, &[]),
        (None, Some((at, indent))) if !doc.query_exists(&inner) => (at, indent, &["caches:"]),
        (None, None) if !doc.query_exists(&root) => {
            (source.trim_end().len(), 0, &["definitions:", "caches:"])
        }
        _ => return Err("definitions: has an unusual form".into()),
    };
    let mut lines: Vec<String> = heads
        .iter()
        .enumerate()
        .map(|(depth, head)| format!("{}{head}", " ".repeat(indent + 2 * depth)))
        .collect();
    let indent = " ".repeat(indent + 2 * heads.len());
    lines.extend(
        definitions.iter().flat_map(CacheDefinition::lines).map(|line| format!("{indent}{line}")),
    );
    patch.insert_after(source, at, &lines);
    Ok(())
}

impl CacheDefinition {
    /// As it is written below `definitions.caches`, not indented.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        if self.key_files.is_empty() {
            return vec![format!("{}: {}", self.name, self.path)];
        }
        let mut lines =
            vec![format!("{}:", self.name), "  key:".to_owned(), "    files:".to_owned()];
        lines.extend(self.key_files.iter().map(|file| format!("      - {file}")));
        lines.push(format!("  path: {}", self.path));
        lines
    }
}

/// End of the last content and indentation of a block mapping; `None` for any other form.
fn end_of(doc: &Document, route: &Route) -> Option<(usize, usize)> {
    let mapping = span(doc, route)?;
    let text = doc.source().get(mapping.start..mapping.end)?;
    if text.starts_with(['{', '*', '[']) || !text.contains(':') {
        return None;
    }
    let indent = mapping.start - line_at(doc.source(), mapping.start).start;
    Some((mapping.start + content_end(text), indent))
}

/// Without blank lines and comments at the end, which belong to what follows.
fn content_end(text: &str) -> usize {
    let mut end = text.trim_end().len();
    while let Some(line) = text.get(..end).and_then(|t| t.rsplit('\n').next()) {
        if !line.trim_start().starts_with('#') || line.len() == end {
            return end;
        }
        end = text.get(..end - line.len()).map_or(0, |t| t.trim_end().len());
    }
    end
}

/// Removes the line on which something stands alone; a comment behind it stays.
fn remove(source: &str, start: usize, end: usize, patch: &mut Patch) -> Result<(), String> {
    let line = line_at(source, start);
    let before = source.get(line.start..start).unwrap_or_default();
    let after =
        source.get(end..line.end).ok_or("a list of caches spans lines in an unusual way")?;
    let blank = after.trim_start();
    if before.trim_start_matches([' ', '-']).is_empty()
        && (blank.is_empty() || blank.starts_with('#'))
    {
        let comment = (!blank.is_empty()).then(|| line.end - blank.len());
        debug_assert!(indent_at(source, start).len() <= before.len());
        patch.remove_line(source, start, comment);
        return Ok(());
    }
    Err("a list of caches shares its line with other things".into())
}

fn bare(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}
