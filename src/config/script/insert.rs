//! Where new options and new lines of a script go, so that they look like those around them.

use super::shell::Word;
use crate::config::patch::{Patch, indent_at, line_at};
use crate::config::yaml::{Document, Scalar, Style};

/// Where options are added.
pub(super) struct InsertionPoint {
    /// Offset in the file.
    pub(super) at: usize,
    /// What stands between two words there: a blank, or a continued line with its indentation.
    pub(super) gap: String,
}

impl InsertionPoint {
    /// Behind the word `behind`; else where lines are continued, at the first option that has a
    /// line of its own; else behind the verb, in front of the word `first`.
    pub(super) fn find(
        source: &str,
        scalar: &Scalar,
        words: &[Word],
        first: usize,
        behind: Option<usize>,
    ) -> Option<Self> {
        let gap = |word: usize| {
            let (before, after) = (words.get(word.checked_sub(1)?)?, words.get(word)?);
            source.get(scalar.end_offset(before.range.end)?..scalar.offset(after.range.start)?)
        };
        let broken = |word: &usize| gap(*word).is_some_and(|gap| gap.contains('\n'));
        let option =
            |word: &usize| words.get(*word).is_some_and(|word| word.value.starts_with('-'));
        let next = match behind {
            Some(word) => word + 1,
            None => (first..words.len()).find(|word| broken(word) && option(word)).unwrap_or(first),
        };
        let before = words.get(next.checked_sub(1)?)?;
        // The value of `--cache-from \ x` is on a line of its own as little as the option of a
        // value is.
        let near = [next, next.saturating_sub(1), next.saturating_sub(2)];
        let line = near
            .iter()
            .filter(|word| **word >= first)
            .find(|word| broken(word))
            .and_then(|word| gap(*word));
        Some(Self { at: scalar.end_offset(before.range.end)?, gap: line.unwrap_or(" ").to_owned() })
    }
}

/// Inserts lines in front of the command that holds `at`: into the block, or as items of the list.
/// A script of one line becomes a block.
pub(super) fn lines_before(
    doc: &Document,
    scalar: &mut Scalar,
    at: usize,
    lines: &[String],
    patch: &mut Patch,
) -> Result<(), String> {
    let source = doc.source();
    if scalar.style == Style::Literal {
        let start = scalar
            .offset(line_of(&scalar.value, at))
            .ok_or("the script is written in an unusual way")?;
        let indent = indent_at(source, start);
        let lines: Vec<String> = lines.iter().map(|line| format!("{indent}{line}")).collect();
        patch.insert_before(source, start, &lines);
        return Ok(());
    }
    let head = source.get(line_at(source, scalar.start).start..scalar.start).unwrap_or_default();
    if let Some(indent) =
        head.trim_end().strip_suffix('-').filter(|indent| indent.trim().is_empty())
    {
        let lines: Vec<String> = lines.iter().map(|line| format!("{indent}- {line}")).collect();
        patch.insert_before(source, scalar.start, &lines);
        return Ok(());
    }
    to_block(source, scalar, head, lines, patch)
}

/// `command: docker build .` becomes `command: |` with the lines below it.
fn to_block(
    source: &str,
    scalar: &mut Scalar,
    head: &str,
    lines: &[String],
    patch: &mut Patch,
) -> Result<(), String> {
    const NO: &str =
        "the script is neither a list nor a block, so no line can be put in front of the command";
    let quote = usize::from(scalar.style != Style::Plain);
    let plain = source.get(scalar.start + quote..scalar.end.saturating_sub(quote))
        == Some(scalar.value.as_str());
    let key = head.trim_end();
    if !plain
        || scalar.style == Style::Folded
        || !key.ends_with(':')
        || key.contains(['{', '[', '&', '"'])
    {
        return Err(NO.into());
    }
    let column = key.len() - key.trim_start_matches([' ', '-']).len();
    let indent = " ".repeat(column + 2);
    let indent = indent.as_str();
    let end = if source.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: String = lines.iter().flat_map(|line| [indent, line.as_str(), end]).collect();
    let block = format!("|{end}{lines}");
    patch.replace(scalar.start..scalar.start + quote, block + indent);
    if quote == 1 {
        patch.replace(scalar.end - 1..scalar.end, "");
    }
    scalar.style = Style::Literal;
    Ok(())
}

/// Begin of the line that holds `at`, together with lines it continues.
fn line_of(script: &str, at: usize) -> usize {
    let mut start = at;
    loop {
        let head = script.get(..start).unwrap_or_default();
        let begin = head.rfind('\n').map_or(0, |n| n + 1);
        let before =
            script.get(..begin.saturating_sub(1)).unwrap_or_default().trim_end_matches([' ', '\t']);
        let continued = ["\\", "&&", "||", "|"].iter().any(|end| before.ends_with(end));
        if begin == 0 || !continued {
            let line = script.get(begin..).unwrap_or_default();
            return begin + (line.len() - line.trim_start_matches([' ', '\t']).len());
        }
        start = begin - 1;
    }
}
