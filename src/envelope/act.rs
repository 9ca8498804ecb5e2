//! `act`, which runs workflows of GitHub Actions on one's own machine: `[CI/build]   | text` is
//! what a step prints, `[CI/build]   ✅  Success - Main Build` what act says; coloured, the former
//! is `| text`.
//!
//! Source: `nektos/act` `pkg/runner/logger.go` (`jobLogFormatter`). Names are padded to the
//! longest.

use super::{Envelope, Head, Mark, Peeled, ansi, github};

/// Workflow and job in front of every line.
pub(super) struct Act;

impl Envelope for Act {
    fn name(&self) -> &'static str {
        "act"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("act")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'[' | b'|' | b'*')
    }

    /// Coloured output of steps does not name the job: the lines around it do.
    fn recognise(&self, head: &Head) -> bool {
        let named = |l: &[u8]| job(ansi::lead(l)).is_some();
        head.nearly_all(self, |l| named(l) || bar(ansi::lead(l)).is_some())
            && head.of(self).filter(|l| named(l)).nth(1).is_some()
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        let line = ansi::lead(line);
        match job(line) {
            Some((job, rest)) => Peeled::of_job(line, Some((job, printed(rest)))),
            None => Peeled { text: bar(line).unwrap_or(line), ..Peeled::default() },
        }
    }

    /// Actions speak as they do on GitHub.
    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        github::Github.mark(text)
    }
}

/// `CI/build` and what follows `[CI/build   ] `.
fn job(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"*DRYRUN* ").unwrap_or(line).strip_prefix(b"[")?;
    let (name, rest) = rest.split_at_checked(rest.iter().take(256).position(|b| *b == b']')?)?;
    let (workflow, job) = name.split_at_checked(memchr::memchr(b'/', name)?)?;
    // `[1/2] STEP 3/6: RUN make` is buildah's, `[linux/amd64 2/5] RUN make` BuildKit's.
    let counts = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let free = !counts(workflow) && !name.starts_with(b"linux/") && job.len() > 1;
    let rest = ansi::lead(rest.strip_prefix(b"]")?).strip_prefix(b" ")?;
    free.then_some((name.trim_ascii_end(), ansi::lead(rest)))
}

/// What a step printed, or what act says.
fn printed(rest: &[u8]) -> &[u8] {
    rest.strip_prefix(b"  ").and_then(bar).unwrap_or_else(|| rest.trim_ascii_start())
}

/// What follows `| `.
fn bar(rest: &[u8]) -> Option<&[u8]> {
    let text = ansi::lead(rest.strip_prefix(b"|")?);
    if text.is_empty() { Some(text) } else { text.strip_prefix(b" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_workflow_and_job_off() {
        let head: [&[u8]; 3] = [
            b"[CI tests/build image   ]   | #5 [2/3] RUN make",
            b"[CI tests/build image   ]   | ",
            b"[CI tests/build image   ]   \xe2\x9c\x85  Success - Main Build",
        ];
        assert!(recognises(&Act, &head));
        let peeled = Act.decode(head[0]);
        assert_eq!(
            (peeled.text, peeled.job),
            (&b"#5 [2/3] RUN make"[..], Some(&b"CI tests/build image"[..]))
        );
        assert_eq!(Act.decode(head[1]).text, b"");
        assert_eq!(Act.decode(b"\x1b[36m|\x1b[0m #5 CACHED").text, b"#5 CACHED");
        assert_eq!(Act.decode(b"\x1b[36m[CI/b] \x1b[0m  | #5 CACHED").text, b"#5 CACHED");
    }

    #[test]
    fn leaves_builders() {
        for line in [
            "[1/2] STEP 3/6: RUN make",
            "[linux/amd64 2/5] RUN make",
            "[internal] load .dockerignore",
            "[a] b",
        ] {
            assert_eq!(job(line.as_bytes()), None, "{line}");
        }
        assert!(!recognises(&Act, &[b"| a | b |", b"|---|---|", b"| 1 | 2 |"]));
    }
}
