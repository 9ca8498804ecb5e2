//! A time of day, or the time since the start, in front of every line: `09:00:00 text`,
//! `[09:00:00] text`, `09:00:00.1  text` (Jenkins' timestamper as its pages show it),
//! `[   12.345678] text`.
//!
//! Knows no CI.

use super::{Envelope, Head, Peeled, stamp};

/// Hours, minutes, seconds.
pub(super) struct Clock;

impl Envelope for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'[' || first.is_ascii_digit()
    }

    fn recognise(&self, head: &Head) -> bool {
        head.nearly_all(self, |l| text(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: text(line).unwrap_or(line), ..Peeled::default() }
    }
}

/// Jenkins' default has two blanks, other stampers one. The classic builder's arrow has a blank of
/// its own (` ---> Using cache`), which it keeps where there are three; buildah's
/// (`--> Using cache`) has none.
fn text(line: &[u8]) -> Option<&[u8]> {
    let inside = line.strip_prefix(b"[");
    let (_, rest) = stamp::clock(inside.unwrap_or(line)).or_else(|| elapsed(inside?))?;
    let rest = if inside.is_some() { rest.strip_prefix(b"]")? } else { rest };
    match rest {
        [] => Some(rest),
        [b' ', b' ', b'-', b'-', b'-', b'>', ..] => rest.get(1..),
        [b' ', b' ', text @ ..] | [b' ' | b'\t', text @ ..] => Some(text),
        _ => None,
    }
}

/// `   12.345678] text`: seconds since the start, padded.
fn elapsed(inside: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let padding = inside.iter().take_while(|b| **b == b' ').count();
    let whole = padding + digits(inside.get(padding..)?);
    let fraction = digits(inside.get(whole..)?.strip_prefix(b".")?);
    let fits = whole > padding && fraction > 0 && inside.get(whole + 1 + fraction) == Some(&b']');
    if fits { inside.split_at_checked(whole + 1 + fraction) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_times_off() {
        for line in [
            "09:00:00 #5 CACHED",
            "09:00:00  #5 CACHED",
            "[09:00:00] #5 CACHED",
            "00:00:01.5 #5 CACHED",
        ] {
            assert_eq!(text(line.as_bytes()), Some(&b"#5 CACHED"[..]), "{line}");
        }
        assert_eq!(text(b"09:00:00  ---> Using cache"), Some(&b" ---> Using cache"[..]));
        assert_eq!(text(b"09:00:00   ---> Using cache"), Some(&b" ---> Using cache"[..]));
        assert_eq!(text(b"09:00:00  --> Using cache"), Some(&b"--> Using cache"[..]));
        assert_eq!(text(b"[    12.345678] #5 CACHED"), Some(&b"#5 CACHED"[..]));
        for line in ["09:00 x", "[1/2] STEP 1/2: FROM a", "[12] x", "[ .5] x"] {
            assert_eq!(text(line.as_bytes()), None, "{line}");
        }
    }
}
