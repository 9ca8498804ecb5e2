//! The value of a scalar from its text, by the rules of YAML 1.2, chapters 7.3 and 8.1.
//!
//! Rare forms (explicit indentation, escapes nobody writes in scripts) are `None`.

use super::Style;

/// Style, value, and for each byte of the value its range in the text.
pub(super) type Decoded = (Style, String, Vec<(usize, usize)>);

/// Reads the text of one scalar: with its quotes, or from its block mark. Line breaks at the end of
/// a block are left out: how many there are depends on text behind it.
pub(super) fn decode(raw: &str) -> Option<Decoded> {
    let mut out = Out::default();
    let style = match raw.bytes().next()? {
        b'|' => block(raw, Style::Literal, &mut out)?,
        b'>' => block(raw, Style::Folded, &mut out)?,
        b'\'' => flow(raw, Style::Single, &mut out)?,
        b'"' => flow(raw, Style::Double, &mut out)?,
        _ => flow(raw, Style::Plain, &mut out)?,
    };
    Some((style, out.value, out.bytes))
}

#[derive(Default)]
struct Out {
    value: String,
    bytes: Vec<(usize, usize)>,
}

impl Out {
    /// Text that stands as it is.
    fn copy(&mut self, text: &str, at: usize) {
        self.value.push_str(text);
        self.bytes.extend((at..at + text.len()).map(|at| (at, at + 1)));
    }

    /// A character that stands for `at..end`.
    fn push(&mut self, c: char, at: usize, end: usize) {
        self.value.push(c);
        self.bytes.extend(std::iter::repeat_n((at, end), c.len_utf8()));
    }
}

/// A line of a text: its content without line end, and where it begins.
struct ScalarLine<'a> {
    text: &'a str,
    at: usize,
}

fn lines(raw: &str) -> Vec<ScalarLine<'_>> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in raw.split_inclusive('\n') {
        found.push(ScalarLine { text: line.trim_end_matches(['\n', '\r']), at });
        at += line.len();
    }
    found
}

/// `|` and `>`, as libyaml's `yaml_parser_scan_block_scalar` reads them.
fn block(raw: &str, style: Style, out: &mut Out) -> Option<Style> {
    let lines = lines(raw);
    let (head, body) = lines.split_first()?;
    let mark = head.text.get(1..)?.split('#').next()?.trim();
    if !matches!(mark, "" | "-" | "+") {
        return None;
    }
    let indent = body
        .iter()
        .find(|l| !blank(l))
        .map_or(0, |l| l.text.len() - l.text.trim_start_matches(' ').len());
    let mut breaks: Vec<usize> = Vec::new();
    let mut last: Option<(usize, bool)> = None;
    for line in body {
        if blank(line) && line.text.len() <= indent {
            breaks.push(line.at);
            continue;
        }
        let content = line.text.get(indent..)?;
        let more = content.starts_with([' ', '\t']);
        if let Some((end, was_more)) = last {
            let folds = style == Style::Folded && !more && !was_more;
            match folds {
                true if breaks.is_empty() => out.push(' ', end, line.at + indent),
                true => {}
                false => out.push('\n', end, end),
            }
        }
        breaks.drain(..).for_each(|at| out.push('\n', at, at));
        out.copy(content, line.at + indent);
        last = Some((line.at + line.text.len(), more));
    }
    Some(style)
}

fn blank(line: &ScalarLine) -> bool {
    line.text.trim_matches(' ').is_empty()
}

/// Plain and quoted scalars; line breaks fold.
fn flow(raw: &str, style: Style, out: &mut Out) -> Option<Style> {
    let quote = usize::from(style != Style::Plain);
    let inner = raw.get(quote..raw.len().checked_sub(quote)?)?;
    let lines = lines(inner);
    let mut pending: Option<(usize, usize)> = None;
    let count = lines.len();
    for (index, line) in lines.iter().enumerate() {
        let cut = if index == 0 { line.text } else { line.text.trim_start() };
        let at = quote + line.at + (line.text.len() - cut.len());
        let escaped = style == Style::Double && ends_escaped(cut);
        let cut = match (index + 1 < count, escaped) {
            (true, true) => cut.get(..cut.len() - 1)?,
            (true, false) => cut.trim_end(),
            (false, _) => cut,
        };
        if cut.is_empty() && index > 0 && index + 1 < count {
            pending = pending.map(|(end, blanks)| (end, blanks + 1));
            continue;
        }
        match pending.take() {
            Some((end, 0)) => out.push(' ', end, at),
            Some((end, blanks)) => (0..blanks).for_each(|_| out.push('\n', end, at)),
            None => {}
        }
        characters(cut, at, style, out)?;
        pending = (!escaped).then_some((at + cut.len(), 0));
    }
    Some(style)
}

/// An odd number of backslashes at the end of a line.
fn ends_escaped(line: &str) -> bool {
    (line.len() - line.trim_end_matches('\\').len()) % 2 == 1
}

fn characters(text: &str, at: usize, style: Style, out: &mut Out) -> Option<()> {
    let mut rest = text.char_indices().peekable();
    while let Some((index, c)) = rest.next() {
        let start = at + index;
        match (style, c) {
            (Style::Single, '\'') => {
                rest.next_if(|(_, c)| *c == '\'')?;
                out.push('\'', start, start + 2);
            }
            (Style::Double, '\\') => {
                let (_, escape) = rest.next()?;
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                let meant = if digits == 0 {
                    named(escape)?
                } else {
                    let code: String =
                        (0..digits).map_while(|_| rest.next().map(|(_, c)| c)).collect();
                    char::from_u32(u32::from_str_radix(&code, 16).ok()?)?
                };
                out.push(meant, start, start + 2 + digits);
            }
            _ => out.copy(text.get(index..index + c.len_utf8())?, start),
        }
    }
    Some(())
}

fn named(escape: char) -> Option<char> {
    match escape {
        '"' | '\\' | '/' | ' ' => Some(escape),
        'n' => Some('\n'),
        't' | '\t' => Some('\t'),
        'r' => Some('\r'),
        'e' => Some('\x1b'),
        '0' => Some('\0'),
        _ => None,
    }
}
