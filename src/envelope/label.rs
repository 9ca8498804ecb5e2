//! A name in brackets in front of every line: `[build-and-push] text` (`tkn taskrun logs`,
//! npm-run-all, concurrently, and other programs that run several at once).
//!
//! Only where nearly every line has one: `[internal] load …` is `BuildKit`'s own. Knows no CI.

use super::{Envelope, Head, Peeled};

/// The name of a step or process.
pub(super) struct Label;

impl Envelope for Label {
    fn name(&self) -> &'static str {
        "label"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'['
    }

    fn recognise(&self, head: &Head) -> bool {
        head.nearly_all(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled::of_job(line, split(line))
    }
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    const KEPT: [&[u8]; 4] = [b"internal", b"auth", b"context", b"warning"];
    let begins = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let rest = line.strip_prefix(b"[").filter(|r| r.first().is_some_and(begins))?;
    let named =
        |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    let (name, rest) = rest.split_at_checked(rest.iter().take(64).position(|b| !named(b))?)?;
    let text =
        rest.strip_prefix(b"] ").or_else(|| rest.strip_prefix(b"]").filter(|r| r.is_empty()))?;
    (!KEPT.contains(&name)).then_some((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_names_off_where_all_lines_have_one() {
        assert!(recognises(&Label, &[b"[build] #5 CACHED", b"[push] #6 CACHED"]));
        assert_eq!(Label.decode(b"[build] #5 CACHED").text, b"#5 CACHED");
        assert_eq!(Label.decode(b"[0] #5 CACHED").text, b"#5 CACHED");
        assert!(!recognises(&Label, &[b"[build] #5 CACHED", b"#6 CACHED", b"#7 CACHED"]));
    }

    #[test]
    fn leaves_what_builders_print() {
        for line in [
            "[internal] load .dockerignore",
            "[1/2] STEP 1/3: FROM a",
            "[+] Building 1.2s",
            "[INFO] x",
        ] {
            assert_eq!(split(line.as_bytes()), None, "{line}");
        }
    }
}
