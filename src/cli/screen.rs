//! The streams: how wide, whether in colour, and what a closed pipe means.

use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use terminal_size::terminal_size_of;

use super::args::{Charset, Look, When};
use crate::render::Screen;

/// Where there is no terminal: CI systems show this much, and it does not depend on who looks.
pub(super) const FILE: Screen = Screen { width: 100, color: false, ascii: false };

/// A terminal that does not say how wide it is (serial lines, `script`).
const SMALL: usize = 80;

/// Where something is printed.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Out,
    Err,
}

/// What standard output can show.
pub(super) fn of_stdout(look: Look) -> Screen {
    of(Stream::Out, look)
}

/// What a stream can show.
pub(super) fn of(stream: Stream, look: Look) -> Screen {
    let (choice, terminal, size) = match stream {
        Stream::Out => (
            AutoStream::choice(&io::stdout()),
            io::stdout().is_terminal(),
            terminal_size_of(io::stdout()),
        ),
        Stream::Err => (
            AutoStream::choice(&io::stderr()),
            io::stderr().is_terminal(),
            terminal_size_of(io::stderr()),
        ),
    };
    let color = match look.color {
        Some(When::Always) => true,
        Some(When::Never) => false,
        Some(When::Auto) | None => choice != ColorChoice::Never,
    };
    let ascii = match look.charset {
        Some(Charset::Ascii) => true,
        Some(Charset::Utf8) => false,
        Some(Charset::Auto) | None => ascii(terminal, &variable),
    };
    let shown = size.map(|(width, _)| usize::from(width.0));
    let nothing_said = if terminal { SMALL } else { FILE.width };
    Screen { width: columns(&variable).or(shown).unwrap_or(nothing_said), color, ascii }
}

/// A variable that is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Shells keep `COLUMNS` to themselves: where it is there, somebody wants it.
fn columns(variable: &dyn Fn(&str) -> Option<String>) -> Option<usize> {
    variable("COLUMNS")?.parse().ok().filter(|columns| *columns > 0)
}

/// The locale is not UTF-8 (`locale(7)`: the first of these that is set). Where there is none a
/// terminal is taken at its word, and a file or the log of a CI, which every viewer takes for
/// UTF-8, is not. The console of Linux has no glyphs for our marks.
fn ascii(terminal: bool, variable: &dyn Fn(&str) -> Option<String>) -> bool {
    if terminal && variable("TERM").is_some_and(|term| term == "linux") {
        return true;
    }
    match ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name)) {
        Some(locale) => !locale.to_lowercase().replace('-', "").contains("utf8"),
        None => terminal && cfg!(unix),
    }
}

/// Writes a text to standard output.
pub(super) fn print(text: &str, screen: Screen) -> io::Result<()> {
    print_by(Stream::Out, screen, |out| out.write_all(text.as_bytes()))
}

/// Writes to a stream. A reader that has seen enough (`| head`) is no error.
pub(super) fn print_by(
    stream: Stream,
    screen: Screen,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // Always lets old Windows consoles show colour; AlwaysAnsi passes bytes through as they are.
    let choice = if screen.color { ColorChoice::Always } else { ColorChoice::AlwaysAnsi };
    let mut out: Box<dyn Write> = match stream {
        Stream::Out => Box::new(AutoStream::new(io::stdout().lock(), choice)),
        Stream::Err => Box::new(AutoStream::new(io::stderr().lock(), choice)),
    };
    let mut out = BufWriter::with_capacity(64 << 10, &mut out);
    match write(&mut out).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes a line to standard error; where that is closed there is nobody left to tell.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(terminal: bool, set: &'static [(&str, &str)]) -> bool {
        ascii(terminal, &|name| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_locale_decides_between_utf_8_and_ascii() {
        for terminal in [true, false] {
            assert!(!plain(terminal, &[("LANG", "de_DE.UTF-8")]));
            assert!(!plain(terminal, &[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
            assert!(plain(terminal, &[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
            assert!(plain(terminal, &[("LANG", "de_DE.ISO-8859-1")]));
        }
        assert_eq!(plain(true, &[]), cfg!(unix));
        assert!(!plain(false, &[]));
        assert!(plain(true, &[("TERM", "linux"), ("LANG", "C.UTF-8")]));
        assert!(!plain(false, &[("TERM", "linux"), ("LANG", "C.UTF-8")]));
    }

    #[test]
    fn columns_are_a_number_or_nothing() {
        let set = |value: &'static str| columns(&move |_| Some(value.to_owned()));
        assert_eq!((set("72"), set("0"), set("wide")), (Some(72), None, None));
    }
}
