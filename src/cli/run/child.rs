//! The build as a process: its streams, and its end.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::log::{StreamLines, WholeLines};

/// Why nothing was started, with the status that shells give.
pub(super) struct NotStarted {
    pub(super) status: u8,
    pub(super) message: String,
}

/// Runs the command to its end and returns its status, as shells give it: 128 and the signal where
/// one ended it.
pub(super) fn watch(command: &[OsString], log: &Arc<WholeLines>) -> Result<i32, NotStarted> {
    let (program, args) =
        command.split_first().ok_or_else(|| refused("", &io::ErrorKind::NotFound.into()))?;
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
    let copies: Vec<Copy> = stdout.into_iter().chain(stderr).collect();
    // Of both streams before one is waited for: what is in them now is the build's.
    let ends: Vec<u64> = copies.iter().map(Copy::end).collect();
    for (copy, end) in copies.into_iter().zip(ends) {
        copy.finish(end);
    }
    status.map(code).map_err(|error| refused(&name, &error))
}

/// Docker, buildx, bake and compose draw for people where they see a terminal, which they do not
/// here: their streams are pipes, so that they say `plain` by themselves. This is for tools that
/// give them a terminal of its own (`script`, a Makefile). Whoever sets the variable, or an option,
/// gets what was asked for.
const PROGRESS: &str = "BUILDKIT_PROGRESS";

fn refused(program: &str, error: &io::Error) -> NotStarted {
    match error.kind() {
        io::ErrorKind::NotFound => {
            NotStarted { status: 127, message: format!("{program}: command not found") }
        }
        _ => NotStarted { status: 126, message: format!("{program}: cannot be started: {error}") },
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
    /// Bytes that were read, and that were passed on.
    read: Arc<AtomicU64>,
    passed: Arc<AtomicU64>,
    waiting: Waiting,
}

/// A stream that is still open after the build, and silent so long, is held by something that it
/// left behind (a daemon): that would never end. Nor is waited longer for one that goes on
/// printing, once all that the build itself said has passed.
const SILENCE: Duration = Duration::from_secs(1);

impl Copy {
    fn start(
        mut from: impl Read + Source + Send + 'static,
        mut to: impl Write + Send + 'static,
        log: &Arc<WholeLines>,
    ) -> Self {
        let [turns, read, passed] = [(); 3].map(|()| Arc::new(AtomicU64::new(0)));
        let waiting = from.waiting();
        let log = Arc::clone(log);
        let (turn, come, gone) = (Arc::clone(&turns), Arc::clone(&read), Arc::clone(&passed));
        let thread = thread::spawn(move || {
            let mut lines = StreamLines::of(&log);
            let mut buffer = vec![0; 64 << 10];
            let mut heard = true;
            loop {
                let got = match from.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(got) => got,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => break,
                };
                come.fetch_add(got as u64, Ordering::SeqCst);
                turn.fetch_add(1, Ordering::SeqCst);
                let bytes = buffer.get(..got).unwrap_or_default();
                // Where nobody listens any more (`| head`) the build goes on all the same.
                heard = heard && to.write_all(bytes).and_then(|()| to.flush()).is_ok();
                lines.push(bytes);
                gone.fetch_add(got as u64, Ordering::SeqCst);
                turn.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { thread, turns, read, passed, waiting }
    }

    /// Bytes that have passed when all that is in the stream now has.
    fn end(&self) -> u64 {
        let waiting = (self.waiting)();
        self.read.load(Ordering::SeqCst) + waiting
    }

    /// Waits for the end of the stream, or of what the build itself said.
    fn finish(self, end: u64) {
        let begin = Instant::now();
        let mut before = None;
        let mut silent = Duration::ZERO;
        while !self.thread.is_finished() && silent < SILENCE {
            if self.passed.load(Ordering::SeqCst) >= end && begin.elapsed() > SILENCE {
                return;
            }
            thread::sleep(LOOK);
            let turns = self.turns.load(Ordering::SeqCst);
            let waits = before == Some(turns) && turns.is_multiple_of(2);
            silent = if waits { silent + LOOK } else { Duration::ZERO };
            before = Some(turns);
        }
    }
}

/// Says how many bytes wait in a stream.
type Waiting = Box<dyn Fn() -> u64>;

trait Source {
    fn waiting(&self) -> Waiting;
}

#[cfg(unix)]
impl<T: std::os::fd::AsFd> Source for T {
    fn waiting(&self) -> Waiting {
        let same = self.as_fd().try_clone_to_owned();
        Box::new(move || {
            same.as_ref().ok().and_then(|same| rustix::io::ioctl_fionread(same).ok()).unwrap_or(0)
        })
    }
}

/// A pipe of Windows holds no more than that.
#[cfg(not(unix))]
impl<T> Source for T {
    fn waiting(&self) -> Waiting {
        Box::new(|| 64 << 10)
    }
}

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(5);
