//! `BuildKit`'s frames for a terminal, as a fake terminal in a CI job leaves them.
//!
//! Source: `moby/buildkit` `util/progress/progressui/display.go` (`ttyDisplay.print`). Names are
//! cut to the width of the terminal, and lines carry no number: which frame they are of is for the
//! assembler.

use memchr::memmem;

use super::{Dialect, Event, Tty as Says};

/// Frames and their lines.
pub(super) struct Tty;

impl Dialect for Tty {
    fn read<'a>(&self, text: &'a [u8]) -> Option<Event<'a>> {
        let says = match text {
            [b'[', b'+', b']', b' ', rest @ ..] => frame(rest),
            [b' ', b'=', b'>', b' ', rest @ ..] => line(rest),
            // Markdown takes the blank at the start of a line off.
            [b'=', b'>', b' ', rest @ ..] if is_vertex(rest) || rest.starts_with(b"=> ") => {
                line(rest)
            }
            _ => None,
        };
        says.map(Event::Tty)
    }
}

/// `Building 12.3s (8/14) FINISHED    docker:default`
fn frame(rest: &[u8]) -> Option<Says<'_>> {
    let rest = rest.strip_prefix(b"Building ")?;
    let (_, rest) = rest.split_at_checked(memmem::find(rest, b"s (")?)?;
    let (_, rest) = rest.split_at_checked(memchr::memchr(b')', rest)?)?;
    let end = rest.get(1..)?.trim_ascii();
    let finished = end.strip_prefix(b"FINISHED");
    let builder = finished.unwrap_or(end).trim_ascii_start();
    let (driver, name) = builder.split_at_checked(memchr::memchr(b':', builder).unwrap_or(0))?;
    let builder = name.strip_prefix(b":").unwrap_or_default();
    Some(Says::Frame { driver, builder, finished: finished.is_some() })
}

/// `[2/5] RUN make      1.2s`, `CACHED [2/5] …`, `=> extracting sha256:…   0.1s`, `=> # output`
fn line(rest: &[u8]) -> Option<Says<'_>> {
    if rest.starts_with(b"=> # ") {
        return Some(Says::Output);
    }
    let (text, seconds) = timed(rest)?;
    Some(match text.strip_prefix(b"=> ") {
        Some(status) => Says::Status(status),
        None => Says::Vertex { text, seconds },
    })
}

/// Whether what follows an arrow can only be a vertex of `BuildKit`: other programs print
/// arrows too.
#[must_use]
pub fn is_vertex(text: &[u8]) -> bool {
    const STARTS: [&[u8]; 4] =
        [b"[", b"importing cache manifest from ", b"exporting cache", b"exporting to "];
    let verdicts = [&b"CACHED "[..], b"ERROR ", b"CANCELED "];
    let name = verdicts.iter().find_map(|v| text.strip_prefix(*v)).unwrap_or(text);
    STARTS.iter().any(|start| name.starts_with(start))
}

/// Takes the seconds at the end of the line off.
fn timed(rest: &[u8]) -> Option<(&[u8], f64)> {
    let rest = rest.trim_ascii_end();
    let (text, seconds) = rest.split_at_checked(memchr::memrchr(b' ', rest)?)?;
    let seconds =
        std::str::from_utf8(seconds.trim_ascii_start().strip_suffix(b"s")?).ok()?.parse().ok()?;
    Some((text.trim_ascii_end(), seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_frames_and_their_lines() {
        for (line, says) in [
            (
                "[+] Building 0.1s (7/15)       remote:ci",
                Says::Frame { driver: b"remote", builder: b"ci", finished: false },
            ),
            (
                "[+] Building 2.6s (17/17) FINISHED",
                Says::Frame { driver: b"", builder: b"", finished: true },
            ),
            (
                " => CACHED [2/5] RUN make    0.0s",
                Says::Vertex { text: b"CACHED [2/5] RUN make", seconds: 0.0 },
            ),
            (" => => extracting sha256:0a       0.1s", Says::Status(b"extracting sha256:0a")),
            (" => => # npm warn", Says::Output),
            ("=> [2/5] RUN make    0.3s", Says::Vertex { text: b"[2/5] RUN make", seconds: 0.3 }),
        ] {
            assert_eq!(Tty.read(line.as_bytes()), Some(Event::Tty(says)), "{line}");
        }
        for line in ["[+] Running 2/2", " => see above", "=> x 0.1s", " =>"] {
            assert_eq!(Tty.read(line.as_bytes()), None, "{line}");
        }
    }
}
