//! Signals while a build runs: they are the build's. This process lives on to say what came of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};

/// Not SIGHUP: `nohup` ignores it, and a build would inherit that no more.
const ALL: [i32; 3] = [SIGINT, SIGQUIT, SIGTERM];

/// Signals that are held back.
pub(super) struct Signals {
    signals: SignalsInfo<WithOrigin>,
    /// The build is over: they end this process again.
    over: Arc<AtomicBool>,
}

impl Signals {
    pub(super) fn hold() -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        for signal in ALL {
            flag::register_conditional_default(signal, Arc::clone(&over))?;
        }
        Ok(Self { signals: SignalsInfo::new(ALL)?, over })
    }

    /// Until the result is dropped. What a terminal sends (Ctrl-C) goes to the whole group, so the build has it
    /// already; a second one would make it give up what it still wants to do. What a process sends, as the
    /// runner of a CI does, is for this process alone.
    pub(super) fn forward_to(mut self, build: u32) -> Forwarding {
        let forwarding = Forwarding { handle: self.signals.handle(), over: Arc::clone(&self.over) };
        let build = i32::try_from(build).ok().and_then(Pid::from_raw);
        thread::spawn(move || {
            for origin in &mut self.signals {
                if let (Some(build), Some(signal), true) =
                    (build, Signal::from_named_raw(origin.signal), origin.process.is_some())
                {
                    // It may have ended just now.
                    let _ = kill_process(build, signal);
                }
            }
        });
        forwarding
    }
}

/// Ends with the build: its number may soon be that of another process.
pub(super) struct Forwarding {
    handle: Handle,
    over: Arc<AtomicBool>,
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        self.handle.close();
        self.over.store(true, Ordering::SeqCst);
    }
}
