//! The streams: how wide, whether in colour, and what a closed pipe means.

use std::io::{self, BufWriter, Write};

use anstream::{AutoStream, ColorChoice};
use terminal_size::terminal_size_of;

use super::args::When;
use crate::render::Screen;

/// Where there is no terminal: CI systems show this much, and it does not depend on who looks.
pub(super) const FILE: Screen = Screen { width: 100, color: false };

/// Where something is printed.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Out,
    Err,
}

/// What standard output can show.
pub(super) fn of_stdout(when: Option<When>) -> Screen {
    of(Stream::Out, when)
}

/// What a stream can show.
pub(super) fn of(stream: Stream, when: Option<When>) -> Screen {
    let (choice, size) = match stream {
        Stream::Out => (AutoStream::choice(&io::stdout()), terminal_size_of(io::stdout())),
        Stream::Err => (AutoStream::choice(&io::stderr()), terminal_size_of(io::stderr())),
    };
    let color = match when {
        Some(When::Always) => true,
        Some(When::Never) => false,
        Some(When::Auto) | None => choice != ColorChoice::Never,
    };
    Screen { width: size.map_or(FILE.width, |(width, _)| usize::from(width.0)), color }
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
