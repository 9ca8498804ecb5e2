//! The bar on standard error while much is read. Off, it costs nothing; on, it only looks.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::pipeline::{self, Options};
use crate::render::Report;
use crate::source::Progress;

/// What is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Reads and judges. Files are watched, because how long they are is known. A stream is not: who
/// feeds it shows what it does.
pub(super) fn watched(options: Options) -> Report {
    let streams = options.tee
        || options.paths.is_empty()
        || options.paths.iter().any(|path| path == Path::new("-"));
    let progress = Arc::default();
    let bar = if streams { None } else { Bar::watch(&progress) };
    let report = pipeline::run(&Options { progress: bar.is_some().then_some(progress), ..options });
    drop(bar);
    report
}

/// Looks at [`Progress`] from a thread of its own until it is dropped; then the bar is gone.
struct Bar {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// `None` where nobody sees it. A dumb terminal cannot take a bar back.
    fn watch(progress: &Arc<Progress>) -> Option<Self> {
        if !io::stderr().is_terminal()
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb")
        {
            return None;
        }
        let (over, end) = channel::<()>();
        let progress = Arc::clone(progress);
        let waits = move |time| end.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
        let thread = thread::spawn(move || {
            if waits(PATIENCE) {
                let bar = bar();
                loop {
                    // Files are still being found while the first are not yet read.
                    bar.set_length(progress.total());
                    bar.set_position(progress.done());
                    if !waits(LOOK) {
                        break;
                    }
                }
                bar.finish_and_clear();
            }
        });
        Some(Self { over: Some(over), thread: Some(thread) })
    }
}

impl Drop for Bar {
    /// The report must not be printed before the bar is cleared.
    fn drop(&mut self) {
        drop(self.over.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("reading {wide_bar} {bytes} of {total_bytes}, {eta} left");
    // Every terminal has these.
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style.progress_chars("=> ")))
}
