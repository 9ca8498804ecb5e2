//! Google Cloud Build: `Step #1 - "build": text`; with a single step there is no prefix.
//!
//! Source: `GoogleCloudPlatform/cloud-build-local` `build/build.go`. Steps may run side by side.

use super::{Envelope, Head, Mark, Peeled, Words, echo};

/// Log of a build.
pub(super) struct Cloudbuild;

impl Envelope for Cloudbuild {
    fn name(&self) -> &'static str {
        "cloudbuild"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("google-cloud-build")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'S' | b's' | b'F' | b'-')
    }

    fn words(&self) -> Words {
        &[
            b"Starting Step #",
            b"starting build \"",
            b"FETCHSOURCE",
            b"- REMOTE BUILD OUTPUT -",
            b"Step #",
        ]
    }

    fn recognise(&self, head: &Head) -> bool {
        let header = |l: &[u8]| {
            l.starts_with(b"Starting Step #")
                || l.starts_with(b"starting build \"")
                || l == b"FETCHSOURCE"
                || (l.starts_with(b"------")
                    && memchr::memmem::find(l, b"- REMOTE BUILD OUTPUT -").is_some())
        };
        head.any(self, header) || head.mostly(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled::of_job(line, split(line))
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        echo::shell(text)
    }
}

/// The step (its id where it has one, else `Step #1`) and the text.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"Step #")?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let after = rest.get(digits..)?;
    if let Some(text) = after.strip_prefix(b":") {
        return Some((line.get(..6 + digits)?, blank(text)?));
    }
    let id = after.strip_prefix(b" - \"")?;
    let (id, text) = id.split_at_checked(memchr::memchr(b'"', id)?)?;
    Some((id, blank(text.strip_prefix(b"\":")?)?))
}

fn blank(text: &[u8]) -> Option<&[u8]> {
    if text.is_empty() { Some(text) } else { text.strip_prefix(b" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_the_step_off() {
        let peeled = Cloudbuild.decode(b"Step #1 - \"build\": #5 CACHED");
        assert_eq!((peeled.text, peeled.job), (&b"#5 CACHED"[..], Some(&b"build"[..])));
        assert_eq!(Cloudbuild.decode(b"Step #0: Step 1/7 : FROM a").job, Some(&b"Step #0"[..]));
        for line in ["Step 1/7 : FROM a", "Step #x: y", "Starting Step #1 - \"build\""] {
            assert_eq!(Cloudbuild.decode(line.as_bytes()).job, None, "{line}");
        }
    }

    #[test]
    fn is_known_with_one_step_too() {
        assert!(recognises(&Cloudbuild, &[b"starting build \"0a1b\"", b"FETCHSOURCE"]));
        assert!(!recognises(&Cloudbuild, &[b"Step 1/7 : FROM a", b"starting build"]));
    }
}
