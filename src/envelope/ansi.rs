//! Terminal escapes inside a line: colour, hyperlinks, Buildkite's time stamps.
//!
//! Sources: ECMA-48; `buildkite/terminal-to-html` `bk.go` for `ESC _bk;t=… BEL`.

use std::borrow::Cow;

use memchr::memchr;

const ESC: u8 = 0x1b;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The line without escapes and trailing carriage returns.
#[must_use]
pub fn clean(text: &[u8]) -> Cow<'_, [u8]> {
    let text = trim_end(text);
    let Some(first) = memchr(ESC, text) else { return Cow::Borrowed(text) };
    let mut out = Vec::with_capacity(text.len());
    let (start, mut rest) = text.split_at_checked(first).unwrap_or((text, &[]));
    out.extend_from_slice(start);
    while !rest.is_empty() {
        let skip = sequence(rest);
        let plain = rest.get(skip.max(usize::from(skip == 0))..).unwrap_or_default();
        if skip == 0 {
            out.extend(rest.first());
        }
        let next = memchr(ESC, plain).unwrap_or(plain.len());
        let (text, after) = plain.split_at_checked(next).unwrap_or((plain, &[]));
        out.extend_from_slice(text);
        rest = after;
    }
    Cow::Owned(out)
}

/// The line from its first byte that is no escape and no byte order mark.
#[inline]
pub(super) fn lead(mut text: &[u8]) -> &[u8] {
    loop {
        let skip = match text.first() {
            Some(&ESC) => sequence(text),
            Some(0xef) if text.starts_with(BOM) => BOM.len(),
            _ => 0,
        };
        match (skip, text.get(skip..)) {
            (1.., Some(rest)) => text = rest,
            _ => return text,
        }
    }
}

/// Without the carriage returns that CRLF and Buildkite's CRCRLF leave.
#[inline]
pub(super) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r'] = text {
        text = rest;
    }
    text
}

/// Without the colours and erasures at the end: `Created cache ESC[0;m`, `CACHED ESC[K`.
pub(super) fn without_tail(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b'm' | b'K'] = text {
        let parameters =
            rest.iter().rev().take_while(|b| b.is_ascii_digit() || **b == b';').count();
        let Some([before @ .., ESC, b'[']) = rest.get(..rest.len() - parameters) else { break };
        text = before;
    }
    text
}

/// Length of the escape sequence at the start, 0 where there is none or it does not end.
fn sequence(text: &[u8]) -> usize {
    match text {
        [ESC, b'[', b'8', b'm', b'h', b'a', b':', note @ ..] => NOTE + console_note(note),
        [ESC, b'[', rest @ ..] => {
            rest.iter().position(|b| (0x40..=0x7e).contains(b)).map_or(0, |at| at + 3)
        }
        [ESC, b']' | b'_' | b'P' | b'^', rest @ ..] => terminated(rest),
        [ESC, 0x40..=0x7e, ..] => 2,
        _ => 0,
    }
}

/// Length of `ESC[8mha:`, which begins a Jenkins `ConsoleNote` (`hudson/console/ConsoleNote.java`).
const NOTE: usize = 7;

/// The note's base64 and the `ESC[0m` after it: nothing of it is shown.
fn console_note(note: &[u8]) -> usize {
    let end = memchr(ESC, note)
        .filter(|at| note.get(*at..).is_some_and(|end| end.starts_with(b"\x1b[0m")));
    end.map_or(0, |at| at + 4)
}

/// OSC and APC end with BEL or ESC `\`.
fn terminated(rest: &[u8]) -> usize {
    match rest.iter().position(|&b| b == 7 || b == ESC) {
        Some(at) if rest.get(at) == Some(&7) => at + 3,
        Some(at) if rest.get(at + 1) == Some(&b'\\') => at + 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_what_terminals_do_not_show() {
        for (raw, plain) in [
            ("\x1b[36mINFO\x1b[0m x\r\r", "INFO x"),
            ("a\x1b_bk;t=1700000000000\x07b", "ab"),
            ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("no escape", "no escape"),
            ("broken \x1b[12", "broken \x1b[12"),
            ("\x1b[8mha:////4Jm+AA=\x1b[0m[Pipeline] sh", "[Pipeline] sh"),
        ] {
            assert_eq!(clean(raw.as_bytes()), plain.as_bytes(), "{raw:?}");
        }
    }

    #[test]
    fn finds_the_last_shown_byte() {
        assert_eq!(without_tail(b"Created cache  \x1b[0;m\x1b[K"), b"Created cache  ");
        assert_eq!(without_tail(b"from"), b"from");
        assert_eq!(without_tail(b"12m"), b"12m");
    }

    #[test]
    fn finds_the_first_shown_byte() {
        assert_eq!(lead("\u{feff}\x1b[0K\x1b[36;1mText\x1b[0m".as_bytes()), b"Text\x1b[0m");
        assert_eq!(lead(b"\x1b_bk;t=17"), b"\x1b_bk;t=17");
    }
}
