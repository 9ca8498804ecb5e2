//! Woodpecker CI: `[step:L12:3s] text` of `woodpecker-cli exec`, and plain logs of its server.
//!
//! Source: `woodpecker-ci/woodpecker` `cli/exec/line.go` (`"[%s:L%d:%ds] %s"`).

use super::{Envelope, Head, Mark, Peeled, Words, drone};

/// Log of a pipeline.
pub(super) struct Woodpecker;

impl Envelope for Woodpecker {
    fn name(&self) -> &'static str {
        "woodpecker"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("woodpecker")
    }

    fn words(&self) -> Words {
        &[b":L", b"/woodpecker/src/"]
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| split(l).is_some()) || head.holds_early(b"/woodpecker/src/")
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled::of_job(line, split(line))
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        drone::mark(text)
    }
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"[")?;
    let (head, text) = rest.split_at_checked(rest.iter().take(128).position(|b| *b == b']')?)?;
    let mut parts = head.rsplitn(3, |b| *b == b':');
    let (seconds, number, step) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let fits = seconds.strip_suffix(b"s").is_some_and(digits)
        && number.strip_prefix(b"L").is_some_and(digits);
    let text =
        text.strip_prefix(b"] ").or_else(|| text.strip_prefix(b"]").filter(|t| t.is_empty()))?;
    fits.then_some((step, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_step_off() {
        let peeled = Woodpecker.decode(b"[build:L12:3s] #5 CACHED");
        assert_eq!((peeled.text, peeled.job), (&b"#5 CACHED"[..], Some(&b"build"[..])));
        for line in ["[internal] load .dockerignore", "[a:b:c] x", "[a:L1:s] x"] {
            assert_eq!(split(line.as_bytes()), None, "{line}");
        }
    }
}
