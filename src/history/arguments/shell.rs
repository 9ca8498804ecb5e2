//! Where values stand in command lines: words, quotes, expressions. Knows nothing of what they
//! mean.

use crate::config::{Form, form, pieces};
use crate::model::shell_words;

/// A value in parts: `true` with what is written out, `false` with what the shell or the CI fills
/// in.
///
/// `1.0.$RANDOM`, `$(git rev-parse HEAD)`, `${{ github.sha }}`, `${TAG:-latest}` (whose default is
/// written out).
pub(super) fn parts(value: &str) -> Vec<(bool, &str)> {
    let (mut parts, mut written, mut at) = (Vec::new(), 0, 0);
    for piece in pieces(value) {
        let start = at;
        at += piece.text.len();
        let filled_in = match piece.form {
            // `%2F` and the like: a part of what is written.
            None | Some(Form::Percent) => continue,
            Some(Form::Variable(_, default)) => default.len(),
            Some(_) => 0,
        };
        parts.push((true, value.get(written..start).unwrap_or_default()));
        written = at;
        // `${TAG:-`, then the default, then `}`.
        let default = if filled_in > 0 { at - 1 - filled_in..at - 1 } else { at..at };
        parts.push((false, value.get(start..default.start).unwrap_or_default()));
        parts.extend(self::parts(value.get(default.clone()).unwrap_or_default()));
        parts.push((false, value.get(default.end..at).unwrap_or_default()));
    }
    parts.push((true, value.get(written..).unwrap_or_default()));
    parts.retain(|(_, part)| !part.is_empty());
    parts
}

/// The text with what is assigned to these names, or follows `build-arg`, written by
/// `hide(name, value)`.
pub(super) fn assigned(
    text: &str,
    names: &[String],
    hide: &dyn Fn(&str, &str) -> String,
) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('=') {
        done.push_str(before);
        let start = done.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        // What is in front of the name can end in a character of several bytes.
        let start = start.map_or(0, |at| {
            at + done.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8)
        });
        let (lead, name) = done.split_at_checked(start).unwrap_or((&done, ""));
        let option = lead.trim_end_matches(['"', '\'', ' ', '=', ':']).ends_with("build-arg");
        let known = !name.is_empty() && (option || names.iter().any(|known| known == name));
        let length = if known { word(after, lead.chars().next_back()) } else { 0 };
        let (raw, next) = after.split_at_checked(length).unwrap_or((after, ""));
        let value = hidden(raw, name, hide);
        done.push('=');
        done.push_str(&value);
        rest = next;
    }
    done + rest
}

fn hidden(raw: &str, name: &str, hide: &dyn Fn(&str, &str) -> String) -> String {
    let value = shell_words(raw).map_or_else(|| raw.to_owned(), |words| words.join(" "));
    let hidden = hide(name, &value);
    if hidden == value { raw.to_owned() } else { hidden }
}

/// Bytes of the word that a value begins: up to a blank outside of quotes and expressions, or to
/// the quote that was opened before the name.
fn word(text: &str, opened: Option<char>) -> usize {
    let mut quote = opened.filter(|c| matches!(c, '"' | '\''));
    let (own, mut escaped, mut over) = (quote.is_some(), false, 0);
    for (at, c) in text.char_indices() {
        match c {
            _ if at < over => {}
            _ if escaped => escaped = false,
            '\\' if quote != Some('\'') => escaped = true,
            _ if quote == Some(c) && own => return at,
            _ if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(c),
            '$' | '`' if quote != Some('\'') => {
                over = text.get(at..).and_then(form).map_or(at, |(length, _)| at + length);
            }
            _ if c.is_whitespace() && quote.is_none() => return at,
            _ => {}
        }
    }
    text.len()
}

/// The text with a value replaced wherever it is no part of a longer word.
pub(super) fn replace_word(text: &str, value: &str, by: &str) -> String {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    let (mut done, mut from) = (String::new(), 0);
    for (at, _) in text.match_indices(value) {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + value.len()..).and_then(|t| t.chars().next());
        let part = |edge: Option<char>, side: Option<char>| {
            edge.is_some_and(joins) && side.is_some_and(joins)
        };
        if part(before, value.chars().next()) || part(value.chars().next_back(), after) {
            continue;
        }
        done.push_str(text.get(from..at).unwrap_or_default());
        done.push_str(by);
        from = at + value.len();
    }
    done + text.get(from..).unwrap_or_default()
}
