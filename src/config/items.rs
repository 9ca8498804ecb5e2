//! Sets a list of texts in a mapping, item by item: lines and comments stay as far as the items do.
//!
//! Knows YAML, and JSON as the part of it that it is; no kind of file.

mod flow;

use super::patch::{Patch, indent_at, line_at};
use super::yaml::{Document, Field, Route, Span, field, flow_list, key_span, quoted, scalar, span};

const UNUSUAL: &str = "a list of it is written in an unusual way";

/// Where a list is to be set.
pub(super) struct ItemList<'a> {
    pub(super) doc: &'a Document,
    /// The mapping that holds it.
    pub(super) mapping: &'a Route,
    pub(super) name: &'a str,
    /// Keys are quoted.
    pub(super) json: bool,
}

impl ItemList<'_> {
    /// The list holds these items and no other; an empty one goes, with its key.
    ///
    /// # Errors
    /// Words that complete "no patch:".
    pub(super) fn set(&self, items: &[String], patch: &mut Patch) -> Result<(), String> {
        match field(self.doc, self.mapping, self.name) {
            None if items.is_empty() => Ok(()),
            None => self.insert(items, patch),
            // A list of its own goes before the one it gets by `<<`.
            Some(other) if other.merged && items.is_empty() => {
                Err("its list comes from a YAML merge key".to_owned())
            }
            Some(other) if other.merged => self.insert(items, patch),
            Some(own) if items.is_empty() => remove_key(self.doc, &own.route, patch),
            Some(own) => self.change(&own, items, patch),
        }
    }

    fn change(&self, own: &Field, items: &[String], patch: &mut Patch) -> Result<(), String> {
        let source = self.doc.source();
        let place = span(self.doc, &own.route).ok_or(UNUSUAL)?;
        if source.get(place.start..).is_some_and(|rest| rest.starts_with('[')) {
            return flow::replace(source, &place, items, patch);
        }
        let old: Vec<Span> =
            (0..256).map_while(|index| span(self.doc, &own.route.with_key(index))).collect();
        let last = old.last().ok_or(UNUSUAL)?;
        if old.iter().any(|item| !is_line(source, item)) {
            return Err(UNUSUAL.to_owned());
        }
        for (item, new) in old.iter().zip(items) {
            patch.replace(item.start..trimmed_end(source, item), quoted_like(source, item, new));
        }
        for item in old.iter().skip(items.len()) {
            patch.remove_line(
                source,
                item.start,
                comment_behind(source, trimmed_end(source, item)),
            );
        }
        let lead = indent_at(source, last.start);
        let more: Vec<String> =
            items.iter().skip(old.len()).map(|item| format!("{lead}- {}", scalar(item))).collect();
        if !more.is_empty() {
            patch.insert_after(source, last.start, &more);
        }
        Ok(())
    }

    fn insert(&self, items: &[String], patch: &mut Patch) -> Result<(), String> {
        let source = self.doc.source();
        let place = span(self.doc, self.mapping).ok_or(UNUSUAL)?;
        if source.get(place.start..).is_some_and(|rest| rest.starts_with('{')) {
            let name = if self.json { quoted(self.name) } else { self.name.to_owned() };
            return flow::insert(source, &place, &format!("{name}: {}", flow_list(items)), patch);
        }
        // Behind the last line of the mapping; its first key tells how far in.
        let lead = indent_at(source, place.start).to_owned();
        if line_at(source, place.start).start + lead.len() != place.start {
            return Err(UNUSUAL.to_owned());
        }
        patch.insert_after(source, trimmed_end(source, &place), &lines(&lead, self.name, items));
        Ok(())
    }
}

/// A key with its list, as whole lines.
pub(super) fn lines(lead: &str, name: &str, items: &[String]) -> Vec<String> {
    let items = items.iter().map(|item| format!("{lead}  - {}", scalar(item)));
    std::iter::once(format!("{lead}{name}:")).chain(items).collect()
}

/// Takes a key and its value out; comments stay.
///
/// # Errors
/// Words that complete "no patch:".
pub(super) fn remove_key(doc: &Document, route: &Route, patch: &mut Patch) -> Result<(), String> {
    let source = doc.source();
    let (name, place) = key_span(doc, route).zip(span(doc, route)).ok_or(UNUSUAL)?;
    let line = line_at(source, name.start);
    if line.start + indent_at(source, name.start).len() != name.start {
        return flow::remove(source, name.start, trimmed_end(source, &place), patch);
    }
    let end = trimmed_end(source, &place);
    let mut at = line.start;
    while at < end.max(line.start + 1) {
        let this = line_at(source, at);
        let text = source.get(this.clone()).unwrap_or_default();
        let own = text.trim_start();
        if !own.is_empty() && !own.starts_with('#') {
            let item = this.end.min(end).max(this.start);
            patch.remove_line(
                source,
                this.start,
                comment_behind(source, item).or_else(|| comment_in(source, &this)),
            );
        }
        at = source
            .get(this.end..)
            .and_then(|rest| rest.find('\n'))
            .map_or(source.len(), |n| this.end + n + 1);
        if at >= source.len() {
            break;
        }
    }
    Ok(())
}

/// `cache_to: # why`: the comment of a line that holds no value.
fn comment_in(source: &str, line: &std::ops::Range<usize>) -> Option<usize> {
    let text = source.get(line.clone())?;
    if text.contains(['"', '\'']) {
        return None;
    }
    text.find(" #").map(|at| line.start + at + 1)
}

/// The value stands in one line.
fn is_line(source: &str, item: &Span) -> bool {
    source
        .get(item.start..trimmed_end(source, item))
        .is_some_and(|text| !text.contains('\n') && !text.starts_with(['&', '*', '!', '|', '>']))
}

/// End of a value without the blanks that the parser counts to it.
pub(super) fn trimmed_end(source: &str, place: &Span) -> usize {
    let text = source.get(place.start..place.end).unwrap_or_default();
    place.start + text.trim_end().len()
}

fn comment_behind(source: &str, end: usize) -> Option<usize> {
    let line = line_at(source, end);
    let rest = source.get(end..line.end)?;
    rest.trim_start().starts_with('#').then(|| end + rest.len() - rest.trim_start().len())
}

/// In the quotes that stood there before.
fn quoted_like(source: &str, item: &Span, new: &str) -> String {
    match source.get(item.start..item.start + 1) {
        Some("\"") => quoted(new),
        Some("'") => format!("'{}'", new.replace('\'', "''")),
        _ => scalar(new),
    }
}
