//! `cachediag run -- COMMAND`: starts a build, shows it live, and diagnoses what it said.
//!
//! The build's streams stay its own, byte for byte; the report goes to standard error, after them.
//! The exit status is the build's; only where that is 0 can a finding or a gate change it.

mod child;
mod log;
#[cfg(unix)]
mod signals;

use std::process::ExitCode;
use std::sync::Arc;

use self::log::WholeLines;
use super::args::{AUTO, Look, RunArgs};
use super::diagnosis::{Diagnosis, To};
use super::screen::{self, Stream};
use crate::pipeline;

/// What evidence is quoted from: `output:44`.
const NAME: &str = "output";

pub(super) fn run(args: &RunArgs, look: Look) -> anyhow::Result<ExitCode> {
    let diagnosis = Diagnosis::open(&args.diagnosis)?;
    let log = Arc::new(WholeLines::new());
    let built = match child::watch(&args.command, &log) {
        Ok(status) => status,
        Err(refused) => {
            screen::complain(&format!("cachediag: {}", refused.message));
            return Ok(ExitCode::from(refused.status));
        }
    };
    let judged = judge(&log, diagnosis, look).unwrap_or_else(|error| {
        // The image is built: that nothing can be said of its cache is no reason to fail.
        screen::complain(&format!("error: {error:#}"));
        0
    });
    // Something that the build left behind may still hold it.
    log.remove();
    match built {
        0 => Ok(ExitCode::from(judged)),
        failed => std::process::exit(failed),
    }
}

fn judge(log: &WholeLines, diagnosis: Diagnosis, look: Look) -> anyhow::Result<u8> {
    let format = diagnosis.project.settings.format.as_ref();
    if format.is_none_or(|format| format.0 == "human" || format.0 == AUTO) {
        // Between what the build said last and the report.
        screen::complain("");
    }
    let mut report = pipeline::run_on(log.entry(NAME), &diagnosis.options(&[]));
    report.problems.extend(log.problem(NAME));
    diagnosis.conclude(report, &To { stream: Stream::Err, look, nothing: false })
}
