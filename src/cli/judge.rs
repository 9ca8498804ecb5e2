//! The plain call: read, judge, print, and say by the exit status how it went.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use super::args::{AUTO, FailOn, JudgeArgs, Look, Output, renderer};
use super::baseline::Kept;
use super::screen::{self, Stream};
use super::settings::{Project, Settings};
use super::{TROUBLE, auto, history, progress};
use crate::pipeline::Options;
use crate::render::{GithubSummary, Human, Renderer, Report, problem_line};

const HINT: &str = "\
Reads build logs and says why the Docker build cache did not help. Give it a log:
  docker buildx build … 2>&1 | cachediag
  cachediag build.log
  cachediag logs/
More: cachediag --help";

pub(super) fn run(args: &JudgeArgs, look: Look) -> anyhow::Result<ExitCode> {
    let project = Project::load(&args.settings, &args.scope)?;
    let alone = only_configuration(&args.paths, project.settings.config.as_deref());
    if waits_for_nobody(&args.paths) && !alone {
        screen::complain(HINT);
        return Ok(ExitCode::from(TROUBLE));
    }
    let baseline = Kept::open(project.settings.baseline.as_deref(), args.update_baseline)?;
    let known = baseline.as_ref().map(|kept| kept.known.clone());
    let history = history::settings(&project.settings, &args.job);
    let options = Options { tee: args.tee, baseline: known, history, ..project.options(&args.paths) };
    let mut report = progress::watched(options);
    let nothing = nothing_read(&report, args.paths.is_empty() && project.settings.config.is_some());
    report.problems.extend(project.problems);
    let to = To { stream: Stream::Out, look, nothing };
    conclude(report, &project.settings, baseline, &to).map(ExitCode::from)
}

/// Where the report goes.
pub(super) struct To {
    pub(super) stream: Stream,
    pub(super) look: Look,
    /// Nothing could be read: there is nothing to say but that.
    pub(super) nothing: bool,
}

/// Tells the report and keeps the baseline; returns the exit status that the report deserves.
pub(super) fn conclude(report: Report, settings: &Settings, baseline: Option<Kept>, to: &To) -> anyhow::Result<u8> {
    tell(&report, settings, to)?;
    let mut status = status(&report, settings.fail_on.unwrap_or(FailOn::Never), to.nothing);
    if let Some(kept) = baseline.filter(|kept| kept.update && !to.nothing) {
        kept.update(&report)?;
        status = gates_status(&report);
    }
    // The process ends soon: giving thousands of builds back piece by piece would only take time.
    std::mem::forget(report);
    Ok(status)
}

/// Writes the report wherever it is wanted.
fn tell(report: &Report, settings: &Settings, to: &To) -> anyhow::Result<()> {
    // Files first: they must be there although nobody reads standard output to its end.
    for output in settings.output.iter().flatten() {
        write_file(output, report).with_context(|| format!("cannot write {}", output.path.display()))?;
    }
    if to.nothing {
        report.problems.iter().for_each(|problem| screen::complain(&format!("error: {}", problem_line(problem))));
        if report.problems.is_empty() {
            screen::complain("error: no configuration was found where --config points");
        }
    }
    let format = settings.format.as_ref().map_or(Human.name(), |format| &format.0);
    if format == AUTO {
        summarise(report)?;
    }
    for name in log_formats(format) {
        let renderer = renderer(name).context("no such format")?;
        // People have just been told; a program still waits for its report.
        if !to.nothing || renderer.name() != Human.name() {
            let screen = screen::of(to.stream, to.look.or(settings.look()));
            screen::print_by(to.stream, screen, |out| renderer.write(report, screen, out))?;
        }
    }
    Ok(())
}

/// What goes to standard output, in order.
fn log_formats(format: &str) -> Vec<&str> {
    if format == AUTO { auto::log().to_vec() } else { vec![format] }
}

/// Adds to the summary of the step, where the CI shows one.
fn summarise(report: &Report) -> anyhow::Result<()> {
    let Some(path) = auto::summary().map(PathBuf::from) else { return Ok(()) };
    let trouble = || format!("cannot write the step summary {}", path.display());
    let mut file = OpenOptions::new().append(true).create(true).open(&path).with_context(trouble)?;
    file.write_all(GithubSummary.render(report, screen::FILE).as_bytes()).with_context(trouble)
}

fn write_file(output: &Output, report: &Report) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(&output.path)?);
    output.renderer.write(report, screen::FILE, &mut file)?;
    file.flush()
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
fn nothing_read(report: &Report, configuration_only: bool) -> bool {
    let configs = if configuration_only { report.study.configs.len() } else { 0 };
    report.study.runs.is_empty() && configs == 0 && (configuration_only || !report.problems.is_empty())
}

fn status(report: &Report, fail_on: FailOn, nothing: bool) -> u8 {
    if nothing {
        return TROUBLE;
    }
    let fails = fail_on.least().is_some_and(|least| report.fresh().any(|f| f.severity >= least));
    u8::from(fails).max(gates_status(report))
}

fn gates_status(report: &Report) -> u8 {
    u8::from(report.gates.iter().any(|gate| !gate.passed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn status_follows_the_worst_finding() {
        let fails = |report: &Report| {
            [FailOn::Never, FailOn::Error, FailOn::Warning, FailOn::Note].map(|fail_on| status(report, fail_on, false))
        };
        assert_eq!(fails(&samples::healthy()), [0, 0, 0, 0]);
        assert_eq!(fails(&samples::many()), [0, 0, 1, 1]);
        assert_eq!(fails(&samples::multi_stage()), [0, 1, 1, 1]);
    }

    #[test]
    fn one_unreadable_input_among_many_is_no_failure() {
        assert!(!nothing_read(&samples::several(), false));
        let none = Report { problems: samples::several().problems, ..Report::default() };
        assert!(nothing_read(&none, false) && nothing_read(&Report::default(), true));
        assert_eq!(status(&none, FailOn::Never, true), TROUBLE);
    }
}
