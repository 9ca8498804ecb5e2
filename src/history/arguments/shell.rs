//! Where values stand in command lines: words, quotes, expressions. Knows nothing of what they mean.

/// A value in parts: `true` with what is written out, `false` with what the shell or the CI fills in.
///
/// `1.0.$RANDOM`, `$(git rev-parse HEAD)`, `${{ github.sha }}`, `${TAG:-latest}` (whose default is written out).
pub(super) fn parts(value: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let expression = expression(rest);
        let literal = expression == 0;
        let length = if literal { literal_length(rest) } else { expression };
        let (part, after) = rest.split_at_checked(length)?;
        rest = after;
        (!part.is_empty()).then_some((literal, part))
    })
}

/// Bytes up to the next expression.
fn literal_length(text: &str) -> usize {
    let starts = text.char_indices().skip(1).map(|(at, _)| at);
    starts.into_iter().find(|at| text.get(*at..).is_some_and(|rest| expression(rest) > 0)).unwrap_or(text.len())
}

/// Bytes of the expression that the text begins with, 0 where it begins with none.
fn expression(text: &str) -> usize {
    let closed = |open: &str, close: &str| {
        let inside = text.strip_prefix(open)?;
        Some(open.len() + inside.find(close)? + close.len())
    };
    if text.starts_with("$(") {
        return balanced(text);
    }
    if text.starts_with("${{") {
        return closed("${{", "}}").unwrap_or(0);
    }
    if let Some(inside) = text.strip_prefix("${") {
        let name = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
        let operator = inside.get(name..).unwrap_or_default();
        let signs = operator.find(|c: char| !matches!(c, ':' | '-' | '+' | '=' | '?' | '}' | '#' | '%' | '/'));
        return 2 + name + signs.unwrap_or(operator.len());
    }
    if let Some(inside) = text.strip_prefix('$') {
        let name = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
        return if name > 0 { 1 + name } else { 0 };
    }
    closed("`", "`").unwrap_or(0)
}

/// Bytes up to the bracket that closes the first one; 0 where none does.
fn balanced(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ')' && depth == 0 {
            return at + 1;
        }
    }
    0
}

/// The text with what is assigned to these names, or follows `build-arg`, written by `hide(name, value)`.
pub(super) fn assigned(text: &str, names: &[String], hide: &dyn Fn(&str, &str) -> String) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('=') {
        done.push_str(before);
        let start = done.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        // What is in front of the name can end in a character of several bytes.
        let start = start.map_or(0, |at| at + done.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8));
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
    let value = shlex::split(raw).map_or_else(|| raw.to_owned(), |words| words.join(" "));
    let hidden = hide(name, &value);
    if hidden == value { raw.to_owned() } else { hidden }
}

/// Bytes of the word that a value begins: up to a blank outside of quotes and expressions, or to the
/// quote that was opened before the name.
fn word(text: &str, opened: Option<char>) -> usize {
    let mut quote = opened.filter(|c| matches!(c, '"' | '\''));
    let (own, mut depth, mut escaped) = (quote.is_some(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != Some('\'') => escaped = true,
            _ if quote == Some(c) && own => return at,
            _ if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(c),
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if c.is_whitespace() && quote.is_none() && depth == 0 => return at,
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
        let part = |edge: Option<char>, side: Option<char>| edge.is_some_and(joins) && side.is_some_and(joins);
        if part(before, value.chars().next()) || part(value.chars().next_back(), after) {
            continue;
        }
        done.push_str(text.get(from..at).unwrap_or_default());
        done.push_str(by);
        from = at + value.len();
    }
    done + text.get(from..).unwrap_or_default()
}
