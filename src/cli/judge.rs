//! The plain call: read, judge, print, and say by the exit status how it went.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args::{JudgeArgs, Look};
use super::diagnosis::{Diagnosis, To};
use super::screen::{self, Stream};
use super::{TROUBLE, mistyped, progress};
use crate::pipeline::Options;
use crate::render::Report;

const HINT: &str = "\
Reads build logs and says why the Docker build cache did not help. Give it a log:
  docker buildx build … 2>&1 | cachediag
  cachediag build.log
  cachediag logs/
More: cachediag --help";

pub(super) fn run(args: &JudgeArgs, look: Look) -> anyhow::Result<ExitCode> {
    let diagnosis = Diagnosis::open(&args.diagnosis)?;
    let config = diagnosis.project.settings.config.as_deref();
    if waits_for_nobody(&args.paths) && !only_configuration(&args.paths, config) {
        screen::complain(HINT);
        return Ok(ExitCode::from(TROUBLE));
    }
    mistyped::refuse(&args.paths)?;
    mistyped::missing("--config", config.into_iter().flatten())?;
    mistyped::missing("--checkout", &args.diagnosis.checkout)?;
    let report = progress::watched(Options { tee: args.tee, ..diagnosis.options(&args.paths) });
    let nothing = nothing_read(&report, args.paths.is_empty() && config.is_some());
    if nothing
        && args.paths.is_empty()
        && let Some(history) = &diagnosis.project.settings.history
    {
        screen::complain(&format!(
            "error: no log was given; {} is the file that remembers runs",
            history.0.display()
        ));
    }
    diagnosis.conclude(report, &To { stream: Stream::Out, look, nothing }).map(ExitCode::from)
}

/// Nothing was named and standard input is a keyboard: a hint helps more than waiting.
fn waits_for_nobody(paths: &[impl AsRef<Path>]) -> bool {
    paths.is_empty() && io::stdin().is_terminal()
}

/// No log was named and nobody pipes one in: the configuration is judged alone.
pub(super) fn only_configuration(paths: &[PathBuf], config: Option<&[PathBuf]>) -> bool {
    waits_for_nobody(paths) && config.is_some()
}

/// The configuration found by itself does not stand for the logs that were asked for.
pub(super) fn nothing_read(report: &Report, configuration_only: bool) -> bool {
    let configs = if configuration_only { report.study.configs.len() } else { 0 };
    report.study.runs.is_empty()
        && configs == 0
        && (configuration_only || !report.problems.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn one_unreadable_input_among_many_is_no_failure() {
        assert!(!nothing_read(&samples::several(), false));
        let none = Report { problems: samples::several().problems, ..Report::default() };
        assert!(nothing_read(&none, false) && nothing_read(&Report::default(), true));
    }
}
