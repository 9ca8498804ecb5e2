//! Bamboo: `build<tab>24-Jan-2026 22:58:16<tab>text`, `error`, `command` and `simple` for `build`.
//!
//! Source: the log that Bamboo lets download (`BuildLogger`, `LogEntry`); dates are in the server's
//! zone, which is not printed, so they are no time.

use super::{Envelope, Head, Peeled};

/// Kind of line and date.
pub(super) struct Bamboo;

impl Envelope for Bamboo {
    fn name(&self) -> &'static str {
        "bamboo"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("bamboo")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'b' | b's' | b'e' | b'c')
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| text(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: text(line).unwrap_or(line), ..Peeled::default() }
    }
}

/// What follows the second tab.
fn text(line: &[u8]) -> Option<&[u8]> {
    const SHAPE: &[u8] = b"00-Aaa-0000 00:00:00\t";
    let rest = [&b"build\t"[..], b"simple\t", b"error\t", b"command\t"]
        .iter()
        .find_map(|k| line.strip_prefix(*k))?;
    let (date, text) = rest.split_at_checked(SHAPE.len())?;
    let fits = date.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'A' | b'a' => byte.is_ascii_alphabetic(),
        shape => byte == shape,
    });
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_kind_and_date_off() {
        let line: &[u8] = b"build\t24-Jan-2026 22:58:16\t ---> Using cache";
        assert!(recognises(&Bamboo, &[line, line]));
        assert_eq!(Bamboo.decode(line).text, b" ---> Using cache");
        assert_eq!(text(b"error\t24-Jan-2026 22:58:16\t"), Some(&b""[..]));
        for other in
            ["build\t24-01-2026 22:58:16\tx", "build 24-Jan-2026 22:58:16 x", "build\t24-Jan-2026"]
        {
            assert_eq!(text(other.as_bytes()), None, "{other}");
        }
    }
}
