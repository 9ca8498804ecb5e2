//! The streams: how wide, whether in colour, and what a closed pipe means.

use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use super::args::When;
use crate::render::Screen;

/// Where there is no terminal: CI systems show this much, and it does not depend on who looks.
pub(super) const FILE: Screen = Screen { width: 100, color: false };

/// What standard output can show.
pub(super) fn of_stdout(when: Option<When>) -> Screen {
    let stdout = io::stdout();
    let color = match when {
        Some(When::Always) => true,
        Some(When::Never) => false,
        Some(When::Auto) | None => AutoStream::choice(&stdout) != ColorChoice::Never,
    };
    let size = terminal_size::terminal_size().filter(|_| stdout.is_terminal());
    Screen { width: size.map_or(FILE.width, |(width, _)| usize::from(width.0)), color }
}

/// Writes a text to standard output.
pub(super) fn print(text: &str, screen: Screen) -> io::Result<()> {
    print_by(screen, |out| out.write_all(text.as_bytes()))
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no error.
pub(super) fn print_by(screen: Screen, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // Always lets old Windows consoles show colour; AlwaysAnsi passes bytes through as they are.
    let choice = if screen.color { ColorChoice::Always } else { ColorChoice::AlwaysAnsi };
    let mut out = BufWriter::with_capacity(64 << 10, AutoStream::new(io::stdout().lock(), choice));
    match write(&mut out).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes a line to standard error; where that is closed there is nobody left to tell.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
