//! Joins the lines of a Dockerfile into instructions, as `BuildKit` does.
//!
//! Source: `frontend/dockerfile/parser/parser.go`, `Parse`: comments and empty lines inside of a
//! continued instruction are dropped, all other blanks are kept.

use super::heredoc;

/// One instruction as written, joined over its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Joined {
    /// Without the escape characters at line ends and the line ends themselves.
    pub(super) text: String,
    /// 1-based first line.
    pub(super) line: u64,
    /// 1-based last line, that of the last here-document's end included.
    pub(super) end: u64,
    /// Bodies of its here-documents.
    pub(super) bodies: Vec<String>,
}

/// All instructions.
///
/// # Errors
/// A here-document has no end.
pub(super) fn instructions(text: &str) -> Result<Vec<Joined>, String> {
    let escape = escape(text);
    let mut lines = text.trim_start_matches('\u{feff}').lines().zip(1_u64..);
    let mut all = Vec::new();
    while let Some((line, number)) = lines.next() {
        let start = line.trim_start();
        if start.is_empty() || start.starts_with('#') {
            continue;
        }
        let mut joined = Joined { line: number, end: number, ..Joined::default() };
        let mut open = push(&mut joined.text, start, escape);
        while open {
            let Some((line, number)) = lines.next() else { break };
            joined.end = number;
            let start = line.trim_start();
            if !start.is_empty() && !start.starts_with('#') {
                open = push(&mut joined.text, line, escape);
            }
        }
        for document in heredoc::documents(&joined.text) {
            let body = document.body(&mut lines).ok_or_else(|| document.unended(number))?;
            joined.end = body.end;
            joined.bodies.push(body.text);
        }
        joined.text.truncate(joined.text.trim_end().len());
        all.push(joined);
    }
    Ok(all)
}

/// Adds one line; whether the next one belongs to it. The escape character counts at the end of a
/// line, blanks behind it allowed, and not where another one stands before it.
fn push(text: &mut String, line: &str, escape: char) -> bool {
    let kept = line.trim_end_matches([' ', '\t']);
    match kept.strip_suffix(escape) {
        Some(rest) if !rest.ends_with(escape) => {
            text.push_str(rest);
            true
        }
        _ => {
            text.push_str(line);
            false
        }
    }
}

/// `` # escape=` `` among the directives, which stand before everything else
/// (`parser/directives.go`).
fn escape(text: &str) -> char {
    let directives = text.trim_start_matches('\u{feff}').lines().map_while(directive);
    let named = directives.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("escape"));
    if named.is_some_and(|(_, value)| value == "`") { '`' } else { '\\' }
}

fn directive(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim().strip_prefix('#')?.split_once('=')?;
    let name = name.trim();
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()))
        .then_some((name, value.trim()))
}
