//! GitHub Actions as `gh run view --log` prints it: `JOB<tab>STEP<tab>STAMP text`.
//!
//! Source: `cli/cli` `pkg/cmd/run/view/view.go`. The step may be `UNKNOWN STEP` on every line, the
//! first line of a step has a byte order mark after the tabs, continuation lines have no stamp.

use memchr::memchr;

use super::{Envelope, Head, Mark, Peeled, Words, github};

/// `gh run view --log`.
pub(super) struct Gh;

impl Envelope for Gh {
    fn name(&self) -> &'static str {
        "gh"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("github-actions")
    }

    fn names_jobs(&self) -> bool {
        true
    }

    fn words(&self) -> Words {
        &[b"\t"]
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |line| {
            columns(line).is_some_and(|(_, rest)| github::decode(rest).stamp.is_some())
        })
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        match columns(line) {
            Some((job, rest)) => Peeled { job: Some(job), ..github::decode(rest) },
            None => Peeled { text: line, ..Peeled::default() },
        }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        github::mark(text)
    }
}

/// The job, and what follows the second tab.
fn columns(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let (job, rest) = line.split_at_checked(memchr(b'\t', line)?)?;
    let rest = rest.get(1..)?;
    let (_, text) = rest.split_at_checked(memchr(b'\t', rest)? + 1)?;
    Some((job, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Stamp;

    #[test]
    fn splits_at_the_first_two_tabs_only() {
        let line = "build (linux, amd64)\tUNKNOWN STEP\t\u{feff}2026-05-04T09:00:00.0000000Z a\tb";
        let peeled = Gh.decode(line.as_bytes());
        assert_eq!((peeled.job, peeled.text), (Some(&b"build (linux, amd64)"[..]), &b"a\tb"[..]));
        assert_eq!(peeled.stamp, Some(Stamp::Rfc3339(b"2026-05-04T09:00:00.0000000Z")));
        assert_eq!(Gh.decode(b"job\tstep\t  tags: x").text, b"  tags: x");
    }
}
