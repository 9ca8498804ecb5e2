//! One diagnosis: what it needs is opened before, its report is printed after.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context, ensure};

use super::args::{AUTO, DiagnosisArgs, FailOn, JobArgs, Look, Output, renderer};
use super::baseline::AskedBaseline;
use super::screen::{self, Stream};
use super::settings::{Project, Settings};
use super::{TROUBLE, auto, history};
use crate::pipeline::{Branched, Options};
use crate::render::{GithubSummary, Human, Renderer, Report, Summary, problem_line};

/// What a diagnosis is made with.
pub(super) struct Diagnosis<'a> {
    pub(super) project: Project,
    baseline: Option<AskedBaseline>,
    job: &'a JobArgs,
    checkout: Option<&'a PathBuf>,
}

/// Where the report goes.
pub(super) struct To {
    pub(super) stream: Stream,
    pub(super) look: Look,
    /// Nothing could be read: there is nothing to say but that.
    pub(super) nothing: bool,
}

impl<'a> Diagnosis<'a> {
    /// Reads the settings and the baseline: what is wrong with them is reported before anything is
    /// read or built.
    pub(super) fn open(args: &'a DiagnosisArgs) -> anyhow::Result<Self> {
        let project = Project::load(&args.settings, &args.scope)?;
        ensure!(
            project.settings.max_drop.is_none() || project.settings.baseline_branch.is_some(),
            "--max-drop needs the branch to compare with: --baseline-branch main"
        );
        let baseline =
            AskedBaseline::open(project.settings.baseline.as_deref(), args.update_baseline)?;
        Ok(Self { project, baseline, job: &args.job, checkout: args.checkout.as_ref() })
    }

    /// What the pipeline is asked for. A run that is remembered is one of now.
    pub(super) fn options(&self, paths: &[PathBuf]) -> Options {
        Options {
            baseline: self.baseline.as_ref().map(|kept| kept.known.clone()),
            history: history::settings(&self.project.settings, self.job),
            checkout: self.checkout.cloned(),
            branch: branched(&self.project.settings),
            ..self.project.options(paths)
        }
    }

    /// Tells the report and keeps the baseline; returns the exit status that the report deserves.
    pub(super) fn conclude(self, mut report: Report, to: &To) -> anyhow::Result<u8> {
        let settings = &self.project.settings;
        report.problems.extend(self.project.problems);
        report.top = settings.top.map(NonZeroUsize::get);
        report.details = settings.details;
        report.failing = settings.fail_on.and_then(FailOn::least);
        if !to.nothing
            && let Some(branch) = &settings.baseline_branch
        {
            without_branch(&report, branch);
        }
        tell(&report, settings, to)?;
        let mut status = status(&report, settings.fail_on.unwrap_or(FailOn::Never), to.nothing);
        if let Some(kept) = self.baseline.filter(|kept| kept.update && !to.nothing) {
            kept.update(&report)?;
            status = gates_status(&report);
        }
        // The process ends soon: giving thousands of builds back piece by piece would only take
        // time.
        std::mem::forget(report);
        Ok(status)
    }
}

fn branched(settings: &Settings) -> Option<Branched> {
    let max_drop = settings.max_drop.as_ref().map(|points| points.0);
    settings.baseline_branch.clone().map(|name| Branched { name, max_drop })
}

/// Every finding counts then: a gate that is asked for and cannot be held against anything is not
/// one that is passed.
fn without_branch(report: &Report, branch: &str) {
    let why = match &report.against {
        Some(there) if there.run.is_some() => return,
        Some(_) => format!("no run of branch {branch} is remembered"),
        None => format!("--baseline-branch {branch} needs --history FILE.db"),
    };
    screen::complain(&format!(
        "warning: {why}: every finding counts, and --max-drop is not checked"
    ));
}

/// Writes the report wherever it is wanted.
fn tell(report: &Report, settings: &Settings, to: &To) -> anyhow::Result<()> {
    // Files first: they must be there although nobody reads standard output to its end.
    for output in settings.output.iter().flatten() {
        write_file(output, report)
            .with_context(|| format!("cannot write {}", output.path.display()))?;
    }
    if to.nothing {
        report
            .problems
            .iter()
            .for_each(|problem| screen::complain(&format!("error: {}", problem_line(problem))));
        if report.problems.is_empty() {
            screen::complain("error: no configuration was found");
        }
    }
    let usual = if settings.summary { Summary.name() } else { Human.name() };
    let format = if settings.summary { None } else { settings.format.as_ref() }
        .map_or(usual, |format| &format.0);
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
    let mut file =
        OpenOptions::new().append(true).create(true).open(&path).with_context(trouble)?;
    file.write_all(GithubSummary.render(report, screen::FILE).as_bytes()).with_context(trouble)
}

fn write_file(output: &Output, report: &Report) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(&output.path)?);
    output.renderer.write(report, screen::FILE, &mut file)?;
    file.flush()
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
            [FailOn::Never, FailOn::Error, FailOn::Warning, FailOn::Note]
                .map(|fail_on| status(report, fail_on, false))
        };
        assert_eq!(fails(&samples::healthy()), [0, 0, 0, 0]);
        assert_eq!(fails(&samples::many()), [0, 0, 1, 1]);
        assert_eq!(fails(&samples::multi_stage()), [0, 1, 1, 1]);
        assert_eq!(status(&Report::default(), FailOn::Never, true), TROUBLE);
    }
}
