//! The level of a message in front of every line, as logging libraries of programs that start
//! builds put it: `INFO: text`, `[INFO] text`, `| DEBUG | text` and `- builder - INFO - text`
//! behind a time stamp, `INFO  c.e.shop.Images - text`.
//!
//! Sources: Python's `logging` (`BASIC_FORMAT`, and what its manual recommends), loguru
//! (`_defaults.py`: `| INFO     | module:function:12 - text`), winston. Only where nearly every
//! line has one. Knows no CI.

use super::{Envelope, Head, Peeled};

/// Level of a message.
pub(super) struct Level;

impl Envelope for Level {
    fn name(&self) -> &'static str {
        "level"
    }

    fn recognise(&self, head: &Head) -> bool {
        head.nearly_all(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: split(line).unwrap_or(line), ..Peeled::default() }
    }
}

/// What follows the level and its separator.
fn split(line: &[u8]) -> Option<&[u8]> {
    // The final error of a client: `ERROR: failed to solve: …`.
    if line.starts_with(b"ERROR: ") {
        return None;
    }
    let before = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b' ' | b'-' | b'|' | b'[' | b']' | b'.' | b'_' | b',' | b':')
    };
    let free = line.iter().take(64).take_while(|b| before(b)).count();
    let start = (0..free)
        .find(|at| starts_word(line, *at) && level(line.get(*at..).unwrap_or_default()) > 0)?;
    let (_, rest) = line.split_at_checked(start)?;
    let rest = rest.get(level(rest)..)?;
    if let Some(message) = behind_logger(rest) {
        return Some(message);
    }
    let separated = rest.strip_prefix(b"]").unwrap_or(rest);
    let text = separated.trim_ascii_start();
    let bar = [&b"|"[..], b"-", b":"]
        .iter()
        .find_map(|mark| text.strip_prefix(*mark))
        .and_then(after_mark);
    let message = bar.or_else(|| {
        (separated.len() < rest.len()).then(|| separated.strip_prefix(b" ").unwrap_or(separated))
    })?;
    Some(without_place(message))
}

/// `  tc.shop/web - text`: the logger's name stands between (logback's own pattern
/// `%-5level %logger{36} - %msg`).
fn behind_logger(rest: &[u8]) -> Option<&[u8]> {
    let name = rest.strip_prefix(b" ")?.trim_ascii_start();
    let blank = memchr::memchr(b' ', name).filter(|end| *end > 1)?;
    after_mark(name.get(blank..)?.strip_prefix(b" -")?)
}

/// One blank, or nothing at all, behind the separator: ` ---> Using cache` keeps its own.
fn after_mark(rest: &[u8]) -> Option<&[u8]> {
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b" ") }
}

fn starts_word(line: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| line.get(before)).is_none_or(|b| !b.is_ascii_alphanumeric())
}

/// Length of the level that the text begins with; 0 where it does not.
fn level(text: &[u8]) -> usize {
    const LEVELS: [&[u8]; 9] =
        [b"INFO", b"DEBUG", b"WARNING", b"WARN", b"ERROR", b"info", b"debug", b"warn", b"error"];
    let word = text.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    LEVELS.iter().find(|l| text.get(..word) == Some(**l)).map_or(0, |l| l.len())
}

/// `app.build:run:42 - ` of loguru.
fn without_place(text: &[u8]) -> &[u8] {
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'<' | b'>' | b':');
    let end = text.iter().take(128).take_while(|b| part(b)).count();
    let (place, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    let line = place.rsplit(|b| *b == b':').next().unwrap_or_default();
    let counted = !line.is_empty() && line.iter().all(u8::is_ascii_digit);
    let known = counted && place.split(|b| *b == b':').count() == 3;
    match rest.strip_prefix(b" - ") {
        Some(rest) if known => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_levels_off_where_nearly_all_lines_have_one() {
        for line in [
            "INFO: #5 CACHED",
            "[INFO] #5 CACHED",
            "info: #5 CACHED",
            "| DEBUG | #5 CACHED",
            "- builder - INFO - #5 CACHED",
            ",123 - builder - INFO - #5 CACHED",
            "| INFO     | app.build:run:42 - #5 CACHED",
            "INFO  tc.shop/web - #5 CACHED",
            "[main] DEBUG c.e.shop.Images - #5 CACHED",
        ] {
            let head = [line.as_bytes(), line.as_bytes()];
            assert!(recognises(&Level, &head), "{line}");
            assert_eq!(Level.decode(head[0]).text, b"#5 CACHED", "{line}");
        }
        assert_eq!(Level.decode(b"INFO:  ---> Using cache").text, b" ---> Using cache");
        assert_eq!(Level.decode(b"INFO  c.e.Web -  ---> Using cache").text, b" ---> Using cache");
        assert_eq!(Level.decode(b"[INFO]").text, b"");
    }

    #[test]
    fn leaves_what_builders_print() {
        for line in [
            "INFO[0003] RUN npm ci",
            "ERROR: failed to solve: x",
            "#5 ERROR: process did not complete",
            "#5 1.2 INFO: x",
            "[internal] load .dockerignore",
            "=> ERROR [4/5] RUN make  1.2s",
            "time=\"2026-01-01T00:00:00Z\" level=info msg=\"RUN x\"",
            "Step 1/2 : FROM error",
        ] {
            assert_eq!(split(line.as_bytes()), None, "{line}");
        }
    }
}
