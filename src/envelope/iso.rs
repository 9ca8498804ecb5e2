//! A full date in front of every line: `2026-05-04T09:00:00Z text`,
//! `[2026-05-04 09:00:00,123] text`.
//!
//! What `kubectl logs --timestamps`, `docker logs -t`, `CloudWatch` and `ts` put there. Knows no
//! CI; CI systems whose stamp is their own come first.

use super::{Envelope, Head, Peeled, Stamp, stamp};

/// Date and time.
pub(super) struct Iso;

impl Envelope for Iso {
    fn name(&self) -> &'static str {
        "iso"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'[' || first.is_ascii_digit()
    }

    fn recognise(&self, head: &Head) -> bool {
        head.nearly_all(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        match split(line) {
            Some((stamp, text)) => {
                Peeled { text, stamp: Some(Stamp::Rfc3339(stamp)), ..Peeled::default() }
            }
            None => Peeled { text: line, ..Peeled::default() },
        }
    }
}

/// One blank or tab belongs to the stamp, further ones to the text.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = line.strip_prefix(b"[");
    let (stamp, rest) = stamp::date_time(inside.unwrap_or(line))?;
    let rest = if inside.is_some() { rest.strip_prefix(b"]")? } else { rest };
    match rest {
        [] => Some((stamp, rest)),
        [b' ' | b'\t', text @ ..] => Some((stamp, text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_dates_off() {
        for line in ["2026-05-04T09:00:00Z #5 CACHED", "[2026-05-04 09:00:00,123] #5 CACHED"] {
            assert_eq!(Iso.decode(line.as_bytes()).text, b"#5 CACHED", "{line}");
            assert!(recognises(&Iso, &[line.as_bytes(), line.as_bytes()]), "{line}");
        }
    }

    #[test]
    fn leaves_logs_in_which_a_program_prints_dates() {
        assert!(!recognises(
            &Iso,
            &[b"Step 1/2 : FROM a", b" ---> 0a", b"2026-05-04T09:00:00Z INFO start"]
        ));
        assert!(!recognises(&Iso, &[b"#1 [internal] load .dockerignore", b"#1 DONE 0.0s"]));
    }
}
