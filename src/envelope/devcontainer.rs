//! The dev containers CLI: `[1234 ms] text` in front of what it says itself, and in Codespaces'
//! logs a stamp with a colon, `2026-05-04 09:00:00.123Z: #5 CACHED`. What a command prints gets
//! `[2026-05-04T09:00:00.123Z] ` in front of each piece as it arrives, however many lines that is
//! (`devcontainers/ci`, the log of VS Code).
//!
//! Source: `devcontainers/cli` `src/spec-utils/log.ts`. Knows no CI.

use super::{Envelope, Head, Mark, Peeled, Stamp, Words, ansi, echo, stamp, wrap};

/// Milliseconds or a stamp.
pub(super) struct Devcontainer;

impl Envelope for Devcontainer {
    fn name(&self) -> &'static str {
        "devcontainer"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'[' || first.is_ascii_digit()
    }

    fn words(&self) -> Words {
        &[b"@devcontainers/cli ", b"Start: Run: ", b"Z] #", b"Z]  => ", b"Z] [+] Building "]
    }

    fn recognise(&self, head: &Head) -> bool {
        let says = |line: &[u8]| {
            let stamped = || stamped(line).or_else(|| piece(line)).map(|(_, text)| text);
            let text = millis(line).or_else(stamped).unwrap_or_default();
            text.starts_with(b"@devcontainers/cli ") || text.starts_with(b"Start: Run: ")
        };
        head.any(self, says) || is_in_pieces(self, head)
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        let plain = || Peeled { text: millis(line).unwrap_or(line), ..Peeled::default() };
        let timed = |(stamp, text)| Peeled {
            text,
            stamp: Some(Stamp::Rfc3339(stamp)),
            ..Peeled::default()
        };
        stamped(line).or_else(|| piece(line)).map_or_else(plain, timed)
    }

    /// `Start: Run: docker buildx build …`
    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        started(text.strip_prefix(b"Start: ")?)
    }
}

/// `Run: docker buildx build …`
pub(super) fn started(text: &[u8]) -> Option<Mark<'_>> {
    let command = text.strip_prefix(b"Run: ")?;
    echo::builds(command).then_some(Mark::Command(command))
}

/// `[1234 ms] text`
fn millis(line: &[u8]) -> Option<&[u8]> {
    let rest = ansi::lead(line).strip_prefix(b"[")?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    rest.get(digits..)?.strip_prefix(b" ms] ")
}

/// `[2026-05-04T09:00:00.123Z] text`, always milliseconds and UTC.
fn piece(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (stamp, rest) = stamp::date_time(line.strip_prefix(b"[")?)?;
    let text =
        rest.strip_prefix(b"] ").or_else(|| rest.strip_prefix(b"]").filter(|r| r.is_empty()))?;
    (stamp.len() == 24 && stamp.ends_with(b"Z")).then_some((stamp, text))
}

/// A builder speaks both behind such stamps and without: Jenkins has one in front of every line.
fn is_in_pieces(form: &Devcontainer, head: &Head) -> bool {
    let bare = |line: &&[u8]| wrap::begins(line) || line.starts_with(b" => ");
    head.any(form, |line| piece(line).is_some_and(|(_, text)| is_of_builder(text)))
        && head.lines.iter().any(bare)
        && !head.holds(b"[Pipeline] ")
}

fn is_of_builder(text: &[u8]) -> bool {
    wrap::begins(text) || text.starts_with(b" => ") || text.starts_with(b"[+] Building ")
}

/// `2026-05-04 09:00:00.123Z: text`
fn stamped(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (stamp, rest) = stamp::date_time(line)?;
    let text = rest.strip_prefix(b":")?;
    Some((stamp, text.strip_prefix(b" ").unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_milliseconds_and_stamps_off() {
        assert!(recognises(
            &Devcontainer,
            &[b"[2 ms] @devcontainers/cli 0.80.0. Node.js v22.1.0. linux 6.8.0 x64."]
        ));
        assert_eq!(Devcontainer.decode(b"[1234 ms] #5 CACHED").text, b"#5 CACHED");
        assert_eq!(Devcontainer.decode(b"2026-05-04 09:00:00.123Z: #5 CACHED").text, b"#5 CACHED");
        assert_eq!(
            Devcontainer.decode(b"[internal] load .dockerignore").text,
            b"[internal] load .dockerignore"
        );
        assert!(!recognises(&Devcontainer, &[b"[12 ms] GET /", b"#5 CACHED"]));
    }

    #[test]
    fn output_has_a_stamp_in_front_of_each_piece() {
        let stamped = b"[2026-05-04T09:00:00.123Z] #6 DONE 1.6s";
        let bare = b"#5 [internal] load build context";
        assert_eq!(Devcontainer.decode(stamped).text, b"#6 DONE 1.6s");
        assert_eq!(Devcontainer.decode(b"[2026-05-04T09:00:00.123Z]").text, b"");
        assert!(recognises(&Devcontainer, &[stamped, b"", bare]));
        assert!(!recognises(&Devcontainer, &[stamped, stamped]));
        assert!(!recognises(&Devcontainer, &[b"[Pipeline] sh", stamped, bare]));
    }

    #[test]
    fn what_is_run_is_a_command() {
        let said = b"Start: Run: docker buildx build --load -f a .";
        assert_eq!(
            Devcontainer.mark(said),
            Some(Mark::Command(b"docker buildx build --load -f a ."))
        );
        assert_eq!(Devcontainer.mark(b"Start: Run: docker version"), None);
    }
}
