//! Sets and removes fields of a mapping, in the style it is written in.

use super::written::{block, flow};
use super::{Document, Route};
use super::{FieldText, Scalar, Span, Style, key, key_span, quoted, scalar, span};
use crate::config::patch::{Patch, line_at};

const UNUSUAL: &str = "it is written in an unusual form";

/// A mapping of the file.
pub(crate) struct Fields<'a> {
    doc: &'a Document,
    at: Route,
    /// Keys in the order of the file.
    names: Vec<String>,
    /// Those that will go: nothing is put behind them.
    gone: Vec<&'static str>,
    place: Span,
}

impl<'a> Fields<'a> {
    /// The mapping at `at` with these keys; `None` where there is none.
    pub(crate) fn find(doc: &'a Document, at: &Route, names: &[&str]) -> Option<Self> {
        let place = span(doc, at)?;
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Some(Self { doc, at: at.clone(), names, gone: Vec::new(), place })
    }

    /// The same mapping, of which these fields will go.
    pub(crate) fn without(self, gone: &[&'static str]) -> Self {
        Self { gone: gone.to_vec(), ..self }
    }

    /// Sets a field, at the end of the mapping where it is new.
    pub(crate) fn set(
        &self,
        name: &str,
        value: &FieldText,
        patch: &mut Patch,
    ) -> Result<(), String> {
        if !self.names.iter().any(|known| known == name) {
            return self.insert(name, value, patch);
        }
        let source = self.doc.source();
        let route = key(&self.at, name);
        let key = key_span(self.doc, &route).ok_or(UNUSUAL)?;
        if self.is_flow() {
            let old = span(self.doc, &route).ok_or(UNUSUAL)?;
            patch.replace(old.start..old.end, flow(value));
            return Ok(());
        }
        let column = key.start - line_at(source, key.start).start;
        let Some(old) = span(self.doc, &route) else {
            patch.replace(key.end + 1..key.end + 1, format!(" {}", block(value, column, source)));
            return Ok(());
        };
        let end = old.start + source.get(old.start..old.end).ok_or(UNUSUAL)?.trim_end().len();
        let start = if matches!(value, FieldText::List(_) | FieldText::Map(_)) {
            key.end + 1
        } else {
            old.start
        };
        let text = block(value, column, source);
        let rest = source.get(end..line_at(source, end).end).unwrap_or_default();
        // A comment behind the old value would become a part of the new one's last line.
        match text.split_once('\n') {
            Some((mark, lines)) if !rest.trim().is_empty() => {
                patch.replace(start..end, mark.trim_end_matches('\r'));
                let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
                patch.insert_after(source, end, &lines);
            }
            _ => patch.replace(start..end, text),
        }
        Ok(())
    }

    /// Sets a list. Items that stand on lines of their own are changed one by one, so that comments
    /// between them stay.
    pub(crate) fn set_list(
        &self,
        name: &str,
        now: &[String],
        wanted: &[String],
        patch: &mut Patch,
    ) -> Result<(), String> {
        if now == wanted {
            return Ok(());
        }
        if wanted.is_empty() {
            return self.remove(name, patch);
        }
        let source = self.doc.source();
        let items = self.items(name, now);
        let Some(head) = head_of(source, &items, now.len()) else {
            return match wanted {
                [one] if now.len() < 2 && items.is_empty() && !now.is_empty() => {
                    self.set(name, &FieldText::One(one.clone()), patch)
                }
                many => self.set(name, &FieldText::List(many.to_vec()), patch),
            };
        };
        for ((item, old), new) in items.iter().zip(now).zip(wanted) {
            if old != new {
                let text = if item.style == Style::Plain { scalar(new) } else { quoted(new) };
                patch.replace(item.start..item.end, text);
            }
        }
        items.iter().skip(wanted.len()).for_each(|gone| take_out(source, gone, patch));
        let in_quotes = items.first().is_some_and(|item| item.style != Style::Plain);
        let line = |item: &String| {
            format!("{head}{}", if in_quotes { quoted(item) } else { scalar(item) })
        };
        let added: Vec<String> = wanted.iter().skip(now.len()).map(line).collect();
        if !added.is_empty()
            && let Some(last) = items.last()
        {
            patch.insert_after(source, last.end, &added);
        }
        Ok(())
    }

    /// The items of a list, up to the first that is not found as it is written.
    fn items(&self, name: &str, now: &[String]) -> Vec<Scalar> {
        let route = key(&self.at, name);
        now.iter()
            .enumerate()
            .map_while(|(n, item)| Scalar::find(self.doc, &route.with_key(n), item))
            .collect()
    }

    /// Takes a field out; a comment on its line stays.
    pub(crate) fn remove(&self, name: &str, patch: &mut Patch) -> Result<(), String> {
        let source = self.doc.source();
        let route = key(&self.at, name);
        let key = key_span(self.doc, &route).ok_or(UNUSUAL)?;
        let end = span(self.doc, &route).map_or(key.end + 1, |value| value.end);
        let end = key.start + source.get(key.start..end).ok_or(UNUSUAL)?.trim_end().len();
        let alone = source
            .get(line_at(source, key.start).start..key.start)
            .is_some_and(|head| head.trim().is_empty());
        if self.is_flow() || !alone || self.names.len() < 2 {
            return Err(UNUSUAL.into());
        }
        let (first, last) = (line_at(source, key.start), line_at(source, end));
        if first == last {
            let rest = source.get(end..last.end).unwrap_or_default();
            let comment = (!rest.trim().is_empty()).then(|| last.end - rest.trim_start().len());
            patch.remove_line(source, key.start, comment);
            return Ok(());
        }
        let behind = source
            .get(last.end..)
            .and_then(|rest| rest.find('\n'))
            .map_or(source.len(), |n| last.end + n + 1);
        patch.replace(first.start..behind, "");
        Ok(())
    }

    /// It is written `{…}`.
    pub(crate) fn is_flow(&self) -> bool {
        self.doc.source().get(self.place.start..).is_some_and(|text| text.starts_with('{'))
    }

    fn insert(&self, name: &str, value: &FieldText, patch: &mut Patch) -> Result<(), String> {
        let source = self.doc.source();
        let stays = |name: &&String| !self.gone.contains(&name.as_str());
        let last = key(&self.at, self.names.iter().rfind(stays).ok_or(UNUSUAL)?);
        let head = key_span(self.doc, &last).ok_or(UNUSUAL)?;
        let end = span(self.doc, &last).map_or(head.end + 1, |value| value.end);
        let end = head.start + source.get(head.start..end).ok_or(UNUSUAL)?.trim_end().len();
        if self.is_flow() {
            patch.replace(end..end, format!(", {name}: {}", flow(value)));
            return Ok(());
        }
        let column = head.start - line_at(source, head.start).start;
        let text = format!("{}{name}: {}", " ".repeat(column), block(value, column, source));
        let lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        patch.insert_after(source, end, &lines);
        Ok(())
    }
}

/// Takes out the line of an item; a comment behind it stays.
fn take_out(source: &str, item: &Scalar, patch: &mut Patch) {
    let line = line_at(source, item.end);
    let rest = source.get(item.end..line.end).unwrap_or_default().trim_start();
    let comment = (!rest.is_empty()).then(|| line.end - rest.len());
    patch.remove_line(source, item.start, comment);
}

/// What stands before each of the items, `  - `, where all of them stand on lines of their own.
fn head_of(source: &str, items: &[Scalar], count: usize) -> Option<String> {
    let head = |item: &Scalar| {
        let head = source.get(line_at(source, item.start).start..item.start)?;
        (head.trim() == "-").then_some(head)
    };
    let all = items.len() == count && items.iter().all(|item| head(item).is_some());
    if all { items.first().and_then(head).map(str::to_owned) } else { None }
}
