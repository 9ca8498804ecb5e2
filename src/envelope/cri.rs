//! Log files of container runtimes: `2026-05-04T09:00:00.123456789Z stdout F text`.
//!
//! Source: Kubernetes `pkg/kubelet/kuberuntime/logs/logs.go`. `P` instead of `F`: the line was cut,
//! its rest is in the next one. Knows no CI.

use super::{Envelope, Head, Peeled, Stamp, stamp};

/// Stamp, stream, full or partial.
pub(super) struct Cri;

impl Envelope for Cri {
    fn name(&self) -> &'static str {
        "cri"
    }

    fn may_begin(&self, first: u8) -> bool {
        first.is_ascii_digit()
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        decode(line)
    }
}

/// Takes the prefix off.
pub(super) fn decode(line: &[u8]) -> Peeled<'_> {
    match split(line) {
        Some((stamp, open, text)) => {
            Peeled { text, stamp: Some(Stamp::Rfc3339(stamp)), open, ..Peeled::default() }
        }
        None => Peeled { text: line, ..Peeled::default() },
    }
}

fn split(line: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let (stamp, rest) = stamp::date_time(line)?;
    let rest = rest.strip_prefix(b" stdout ").or_else(|| rest.strip_prefix(b" stderr "))?;
    match rest {
        [tag @ (b'F' | b'P'), b' ', text @ ..] => Some((stamp, *tag == b'P', text)),
        [tag @ (b'F' | b'P')] => Some((stamp, *tag == b'P', &[])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_full_and_partial_lines() {
        let peeled = Cri.decode(b"2026-05-04T09:00:00.123456789Z stderr F #5 CACHED");
        assert_eq!((peeled.text, peeled.open), (&b"#5 CACHED"[..], false));
        assert!(Cri.decode(b"2026-05-04T09:00:00.1+02:00 stdout P half").open);
        assert_eq!(split(b"2026-05-04T09:00:00.1Z stdout of the program"), None);
    }
}
