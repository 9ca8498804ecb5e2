//! Argo Workflows: `argo logs` puts the pod in front: `build-x7k2p-1234567890: text`, with
//! `--timestamps` a stamp after it.
//!
//! Source: `argoproj/argo-workflows` `cmd/argo/commands/logs.go`.

use super::{Envelope, Head, Mark, Peeled, Stamp, ansi, echo, stamp};

/// Pod in front of every line.
pub(super) struct Argo;

impl Envelope for Argo {
    fn name(&self) -> &'static str {
        "argo"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("argo")
    }

    fn may_begin(&self, first: u8) -> bool {
        first.is_ascii_lowercase() || first.is_ascii_digit()
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        let Some((pod, rest)) = split(line) else {
            return Peeled { text: line, ..Peeled::default() };
        };
        let (stamp, text) = match stamp::date_time(rest) {
            Some((stamp, [b' ', text @ ..])) if stamp.get(10) == Some(&b'T') => {
                (Some(Stamp::Rfc3339(stamp)), text)
            }
            _ => (None, rest),
        };
        Peeled { text, stamp, job: Some(pod), ..Peeled::default() }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        echo::shell(text)
    }
}

/// The name may be coloured. A pod's name ends with what the cluster generated: a word of five or
/// more with a digit in it.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = ansi::lead(line);
    let named = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let (name, rest) = line.split_at_checked(line.iter().take(253).position(|b| !named(b))?)?;
    let rest = ansi::lead(rest.strip_prefix(b":")?);
    let text = if rest.is_empty() { rest } else { ansi::lead(rest.strip_prefix(b" ")?) };
    let (_, generated) = name.split_at_checked(memchr::memrchr(b'-', name)? + 1)?;
    (generated.len() >= 5 && generated.iter().any(u8::is_ascii_digit)).then_some((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_pod_off() {
        let peeled = Argo.decode(b"build-x7k2p-1234567890: 2026-05-04T09:00:00.1Z #5 CACHED");
        assert_eq!(
            (peeled.text, peeled.job),
            (&b"#5 CACHED"[..], Some(&b"build-x7k2p-1234567890"[..]))
        );
        for line in ["remote: x", "warning: x", "pre-commit: x", "npm-run-all: x"] {
            assert_eq!(split(line.as_bytes()), None, "{line}");
        }
    }
}
