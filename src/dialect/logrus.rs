//! The text form of the logging library logrus, in which several builders warn:
//! `time="2026-11-21T02:59:09Z" level=info msg="RUN npm ci"`.
//!
//! Source: `sirupsen/logrus` `text_formatter.go`.

use crate::source::find;

/// One line.
pub(super) struct LogrusLine<'a> {
    /// Time stamp.
    pub(super) clock: &'a [u8],
    /// `info`, `warning`.
    pub(super) level: &'a [u8],
    /// The message, escaped as Go's `%q` does, with the quote at its end and what follows that.
    pub(super) message: &'a [u8],
}

/// Reads a line, `None` where it has another form.
pub(super) fn read(text: &[u8]) -> Option<LogrusLine<'_>> {
    let rest = text.strip_prefix(b"time=\"")?;
    let (clock, rest) = rest.split_at_checked(memchr::memchr(b'"', rest)?)?;
    let rest = rest.strip_prefix(b"\" level=")?;
    let (level, rest) = rest.split_at_checked(memchr::memchr(b' ', rest)?)?;
    let message = rest.get(find(rest, b" msg=\"")? + 6..)?;
    Some(LogrusLine { clock, level, message })
}
