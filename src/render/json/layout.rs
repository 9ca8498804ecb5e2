//! JSON with one element of a top-level list per line, safe to print into a CI log.
//!
//! Serde's own escapes cover ASCII control characters only; and the runners of GitHub and Azure
//! obey `##[…]` and `##vso[…]` wherever they stand in a line. Both are escaped inside their
//! strings, which changes nothing for who parses the text.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::render::escape::must_show;

/// Writes the value, ending in a line break.
pub(in crate::render) fn write(value: &impl Serialize, mut out: impl io::Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut out, Layout::default()))?;
    out.write_all(b"\n")
}

/// The value as text, ending in a line break.
pub(crate) fn to_string(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    // Neither can fail: the writer is memory and the wire structs have string keys only.
    let written = write(value, &mut bytes);
    written.ok().and_then(|()| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Adds the value as it stands deep inside a report: on one line.
pub(super) fn write_inside(value: &impl Serialize, out: &mut Vec<u8>) {
    let start = out.len();
    // It cannot fail, see above.
    if value.serialize(&mut Serializer::with_formatter(&mut *out, OneLine)).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
    // Quotes and brackets need no escape, so that all strings are looked at in one go.
    let plain = out.get(start..).and_then(|line| str::from_utf8(line).ok()).is_some_and(is_plain);
    if !plain {
        let line = String::from_utf8_lossy(&out.split_off(start)).into_owned();
        // Memory takes whatever is written.
        let _ = write_shown(out, &line);
    }
}

/// A value that was written by [`write_inside`].
pub(super) struct Fragment<'a>(pub(super) &'a [u8]);

impl Serialize for Fragment<'_> {
    /// The one thing that is given to a formatter as bytes.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Everything on one line.
struct OneLine;

impl Formatter for OneLine {
    fn write_byte_array<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        written: &[u8],
    ) -> io::Result<()> {
        writer.write_all(written)
    }
}

/// One element of a top-level list on each line.
#[derive(Default)]
struct Layout {
    depth: usize,
}

/// Depth of the top-level lists' elements; the keys of the report are one less.
const ELEMENTS: usize = 2;

impl Layout {
    fn separate<W: ?Sized + io::Write>(
        &self,
        writer: &mut W,
        first: bool,
        deepest: usize,
    ) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b"," })?;
        writer.write_all(if self.depth <= deepest { b"\n" } else { b"" })
    }
}

impl Formatter for Layout {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"]")
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"}")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.separate(writer, first, ELEMENTS)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.separate(writer, first, ELEMENTS - 1)
    }

    fn write_byte_array<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        written: &[u8],
    ) -> io::Result<()> {
        writer.write_all(written)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if is_plain(fragment) {
            writer.write_all(fragment.as_bytes())
        } else {
            write_shown(writer, fragment)
        }
    }
}

/// Text of a string, with all that must not stand in a log escaped.
fn write_shown<W: ?Sized + io::Write>(writer: &mut W, text: &str) -> io::Result<()> {
    let mut before = ' ';
    for c in text.chars() {
        if must_show(c) || (c == '#' && before == '#') {
            write_escape(writer, c)?;
        } else {
            write!(writer, "{c}")?;
        }
        before = c;
    }
    Ok(())
}

/// Nothing in it needs an escape. Most text is ASCII, which is looked at without decoding it.
fn is_plain(fragment: &str) -> bool {
    let (printable, signs) = fragment.bytes().fold((true, false), |(printable, signs), byte| {
        (printable & matches!(byte, b' '..=b'~'), signs || byte == b'#')
    });
    (printable || !fragment.contains(must_show)) && !(signs && fragment.contains("##"))
}

/// Escapes as UTF-16 units: JSON knows no others.
fn write_escape<W: ?Sized + io::Write>(writer: &mut W, c: char) -> io::Result<()> {
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        write!(writer, "\\u{unit:04x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_change_nothing_for_who_parses() {
        let text = "a\u{202e}b\u{9b}c\u{e0041} ##[error] \u{1b}\"\\ é";
        let json = to_string(&[text]);
        assert!(!json.contains(|c| c != '\n' && must_show(c)) && !json.contains("##["));
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [text]);
    }

    #[test]
    fn what_is_inside_is_written_alike() {
        for text in ["plain", "a\u{202e}b\u{9b}c", "## ###[error] \u{1b}\"\\ \n é", "#"] {
            let mut inside = b"before".to_vec();
            write_inside(&[[text]], &mut inside);
            let alone = to_string(&[[text]]).replace('\n', "");
            assert_eq!(str::from_utf8(&inside).unwrap(), format!("before{alone}"));
        }
    }

    #[test]
    fn puts_each_element_of_a_top_level_list_on_its_line() {
        let value = serde_json::json!({"a": [{"x": [1, 2]}, {"y": {}}], "b": []});
        assert_eq!(to_string(&value), "{\n\"a\":[\n{\"x\":[1,2]},\n{\"y\":{}}],\n\"b\":[]}\n");
    }
}
