//! Kamal, whose commands run through `SSHKit`: ` DEBUG [5b1e09d2] <tab>text`,
//! `  INFO [5b1e09d2] Running docker …`.
//!
//! Source: `capistrano/sshkit` `lib/sshkit/formatters/pretty.rb`: the level in six columns, the
//! command's number, a tab before what the command prints; each of them may be coloured. Knows no
//! CI.

use super::{Envelope, Head, Mark, Peeled, Words, ansi, echo};

/// Level, number of the command, tab.
pub(super) struct Kamal;

impl Envelope for Kamal {
    fn name(&self) -> &'static str {
        "kamal"
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'D' | b'I' | b'W' | b'E' | b'F' | b' ' | b'\t')
    }

    fn words(&self) -> Words {
        &[b"DEBUG", b"INFO", b"WARN", b"ERROR", b"FATAL"]
    }

    fn recognise(&self, head: &Head) -> bool {
        head.of(self).filter(|line| text(line).is_some()).take(2).count() > 1
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: text(line).unwrap_or(line), ..Peeled::default() }
    }

    /// `Command: docker buildx build …`. The same command follows `Running …`, with the host.
    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        let command = ansi::lead(text.strip_prefix(b"Command: ")?);
        echo::builds(command).then_some(Mark::Command(command))
    }
}

fn text(line: &[u8]) -> Option<&[u8]> {
    const LEVELS: [&[u8]; 5] = [b"DEBUG", b"INFO", b"WARN", b"ERROR", b"FATAL"];
    let line = ansi::lead(ansi::lead(line).trim_ascii_start());
    if !matches!(line.first(), Some(b'D' | b'I' | b'W' | b'E' | b'F')) {
        return None;
    }
    let rest = LEVELS.iter().find_map(|level| line.strip_prefix(*level))?;
    let number = ansi::lead(ansi::lead(rest).strip_prefix(b" [")?);
    let (number, rest) = number.split_at_checked(8)?;
    if !number.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let rest = ansi::lead(rest).strip_prefix(b"]")?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    Some(rest.strip_prefix(b"\t").unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_level_and_number_off() {
        for (line, text) in [
            (&b" DEBUG [5b1e09d2] \t#5 CACHED"[..], &b"#5 CACHED"[..]),
            (b" DEBUG [5b1e09d2] \t ---> Using cache", b" ---> Using cache"),
            (b" DEBUG [5b1e09d2] ", b""),
            (
                b"\x1b[0;30;49m DEBUG\x1b[0m [\x1b[0;32;49m5b1e09d2\x1b[0m] \t#5 CACHED",
                b"#5 CACHED",
            ),
            (b"  INFO [5b1e09d2] Finished in 1.2 seconds", b"Finished in 1.2 seconds"),
        ] {
            assert_eq!(Kamal.decode(line).text, text);
        }
        for other in [&b"INFO [main] started"[..], b" DEBUG [5b1e09d", b"INFO[0003] RUN make"] {
            assert_eq!(text(other), None);
        }
    }

    #[test]
    fn a_command_is_told_once() {
        let command = b"Command: docker buildx build -t a .";
        assert_eq!(Kamal.mark(command), Some(Mark::Command(b"docker buildx build -t a .")));
        assert_eq!(Kamal.mark(b"Running docker buildx build -t a . on localhost"), None);
        assert_eq!(Kamal.mark(b"Command: docker inspect a"), None);
    }
}
