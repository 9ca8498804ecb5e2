//! `kubectl logs --prefix`: `[pod/build-x7k2p/main] text`, with `--timestamps` a stamp after it.
//!
//! `--timestamps` alone is a plain stamp and left to that form. Knows no CI.

use super::{Envelope, Head, Peeled, Stamp, stamp};

/// Prefix of pod and container.
pub(super) struct Kubectl;

impl Envelope for Kubectl {
    fn name(&self) -> &'static str {
        "kubectl"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'['
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| prefix(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        let Some((container, rest)) = prefix(line) else {
            return Peeled { text: line, ..Peeled::default() };
        };
        let stamped = stamp::date_time(rest).filter(|(s, _)| s.get(10) == Some(&b'T'));
        let (stamp, text) = match stamped {
            Some((stamp, [b' ', text @ ..])) => (Some(Stamp::Rfc3339(stamp)), text),
            Some((stamp, [])) => (Some(Stamp::Rfc3339(stamp)), &[][..]),
            _ => (None, rest),
        };
        Peeled { text, stamp, job: Some(container), ..Peeled::default() }
    }
}

/// Splits `pod/NAME/CONTAINER` from the text.
fn prefix(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"[pod/")?;
    let (name, text) = rest.split_at_checked(memchr::memchr(b']', rest)?)?;
    let text =
        text.strip_prefix(b"] ").or_else(|| text.strip_prefix(b"]").filter(|t| t.is_empty()))?;
    Some((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_prefix_and_stamp_off() {
        let peeled =
            Kubectl.decode(b"[pod/build-x7k2p/main] 2026-05-04T09:00:00.123456789Z #5 CACHED");
        assert_eq!((peeled.text, peeled.job), (&b"#5 CACHED"[..], Some(&b"build-x7k2p/main"[..])));
        assert_eq!(Kubectl.decode(b"[pod/a/b] 2026 was a year").text, b"2026 was a year");
        assert_eq!(
            Kubectl.decode(b"[internal] load .dockerignore").text,
            b"[internal] load .dockerignore"
        );
    }
}
