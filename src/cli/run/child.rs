//! The build as a process: its streams, and its end.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::log::{Lines, Log};

/// Why nothing was started, with the status that shells give.
pub(super) struct Refused {
    pub(super) status: u8,
    pub(super) message: String,
}

/// Runs the command to its end and returns its status, as shells give it: 128 and the signal where one ended it.
pub(super) fn watch(command: &[OsString], log: &Arc<Log>) -> Result<i32, Refused> {
    let (program, args) = command.split_first().ok_or_else(|| refused("", &io::ErrorKind::NotFound.into()))?;
    let name = program.to_string_lossy();
    let mut build = Command::new(program);
    build.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    if std::env::var_os(PROGRESS).is_none_or(|asked| asked.is_empty()) {
        build.env(PROGRESS, "plain");
    }
    // Before the build is there: a signal in between must not end this process alone.
    #[cfg(unix)]
    let signals = super::signals::Signals::hold().map_err(|error| refused(&name, &error))?;
    let mut child = build.spawn().map_err(|error| refused(&name, &error))?;
    #[cfg(unix)]
    let forwarding = signals.forward_to(child.id());
    let stdout = child.stdout.take().map(|stream| Copy::start(stream, io::stdout(), log));
    let stderr = child.stderr.take().map(|stream| Copy::start(stream, io::stderr(), log));
    let status = child.wait();
    #[cfg(unix)]
    drop(forwarding);
    stdout.into_iter().chain(stderr).for_each(Copy::finish);
    status.map(code).map_err(|error| refused(&name, &error))
}

/// Docker, buildx, bake and compose draw for people where they see a terminal, which they do not here: their
/// streams are pipes, so that they say `plain` by themselves. This is for tools that give them a terminal of
/// its own (`script`, a Makefile). Whoever sets the variable, or an option, gets what was asked for.
const PROGRESS: &str = "BUILDKIT_PROGRESS";

fn refused(program: &str, error: &io::Error) -> Refused {
    match error.kind() {
        io::ErrorKind::NotFound => Refused { status: 127, message: format!("{program}: command not found") },
        _ => Refused { status: 126, message: format!("{program}: cannot be started: {error}") },
    }
}

#[cfg(unix)]
fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

#[cfg(not(unix))]
fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(1)
}

/// Passes one stream through, and to the log, on a thread of its own.
struct Copy {
    thread: JoinHandle<()>,
    /// Odd while something is passed on.
    turns: Arc<AtomicU64>,
}

/// A stream that is still open after the build, and silent so long, is held by something that it left behind (a
/// daemon): that would never end.
const SILENCE: Duration = Duration::from_secs(1);

impl Copy {
    fn start(mut from: impl Read + Send + 'static, mut to: impl Write + Send + 'static, log: &Arc<Log>) -> Self {
        let turns = Arc::new(AtomicU64::new(0));
        let (log, passed) = (Arc::clone(log), Arc::clone(&turns));
        let thread = thread::spawn(move || {
            let mut lines = Lines::of(&log);
            let mut buffer = vec![0; 64 << 10];
            let mut heard = true;
            loop {
                let got = match from.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(got) => got,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => break,
                };
                passed.fetch_add(1, Ordering::SeqCst);
                let bytes = buffer.get(..got).unwrap_or_default();
                // Where nobody listens any more (`| head`) the build goes on all the same.
                heard = heard && to.write_all(bytes).and_then(|()| to.flush()).is_ok();
                lines.push(bytes);
                passed.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { thread, turns }
    }

    /// Waits for the end of the stream.
    fn finish(self) {
        let mut before = None;
        let mut silent = Duration::ZERO;
        while !self.thread.is_finished() && silent < SILENCE {
            thread::sleep(LOOK);
            let turns = self.turns.load(Ordering::SeqCst);
            let waits = before == Some(turns) && turns.is_multiple_of(2);
            silent = if waits { silent + LOOK } else { Duration::ZERO };
            before = Some(turns);
        }
    }
}

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(5);
