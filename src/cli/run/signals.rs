//! Signals while a build runs: they are the build's. This process lives on to say what came of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::flag;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};

/// What would end this process, and not the build: all that can be held back.
const ALL: [i32; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM];

/// Those of them that are not ignored already, as `nohup` has it: a build inherits that, and a
/// handler would end it. Where the system does not tell (`/proc` is Linux's), `SIGHUP` is left
/// alone.
fn held() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let is_held = |signal: &i32| match ignored {
        Some(mask) => mask >> (signal - 1) & 1 == 0,
        None => *signal != SIGHUP,
    };
    ALL.into_iter().filter(is_held).collect()
}

/// Signals that are held back.
pub(super) struct Signals {
    signals: SignalsInfo<WithOrigin>,
    /// The build is over: they end this process again.
    over: Arc<AtomicBool>,
}

impl Signals {
    pub(super) fn hold() -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let held = held();
        for signal in &held {
            flag::register_conditional_default(*signal, Arc::clone(&over))?;
        }
        Ok(Self { signals: SignalsInfo::new(held)?, over })
    }

    /// Until the result is dropped. What a terminal sends (Ctrl-C) goes to the whole group, so the
    /// build has it already; a second one would make it give up what it still wants to do. What a
    /// process sends, as the runner of a CI does, is for this process alone.
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
