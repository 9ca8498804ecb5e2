//! `cachediag check`: judges configuration alone. No log is read, standard input neither.

use std::path::Path;
use std::process::ExitCode;

use anyhow::ensure;

use super::args::{CheckArgs, DiagnosisArgs, JobArgs, Look};
use super::diagnosis::{Diagnosis, To};
use super::screen::Stream;
use super::settings::Settings;
use super::{TROUBLE, screen};
use crate::pipeline::{self, Options};
use crate::triage::Gates;

pub(super) fn run(args: &CheckArgs, look: Look) -> anyhow::Result<ExitCode> {
    for file in &args.files {
        ensure!(file.exists(), "{}: no such file or directory", file.display());
    }
    let diagnosis_args = diagnosis(args);
    let mut diagnosis = Diagnosis::open(&diagnosis_args)?;
    // Configuration is of no run.
    diagnosis.project.settings.baseline_branch = None;
    let options = Options {
        configuration_only: true,
        // What is asked of builds, and of earlier runs, is for their logs.
        gates: Gates::default(),
        history: None,
        ..diagnosis.options(&[])
    };
    let report = pipeline::run(&options);
    if report.study.configs.is_empty() && only_files(args) {
        // A hook names each file that changed: one that says nothing about a cache is no mistake.
        let names: Vec<_> = args.files.iter().map(|file| file.display().to_string()).collect();
        screen::complain(&format!(
            "not a configuration file that cachediag knows: {}",
            names.join(", ")
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let nothing = report.study.configs.is_empty();
    let to = To { stream: Stream::Out, look, nothing };
    let status = diagnosis.conclude(report, &to)?;
    Ok(ExitCode::from(if nothing { TROUBLE } else { status }))
}

fn only_files(args: &CheckArgs) -> bool {
    args.files.iter().all(|file| Path::is_file(file))
}

fn diagnosis(args: &CheckArgs) -> DiagnosisArgs {
    let mut settings = Settings::of_config(Some(&args.files));
    settings.format.clone_from(&args.format);
    settings.details = args.details;
    settings.output.clone_from(&args.output);
    settings.fail_on = args.fail_on;
    settings.baseline.clone_from(&args.baseline);
    DiagnosisArgs {
        settings,
        scope: args.scope.clone(),
        update_baseline: false,
        checkout: None,
        job: JobArgs::default(),
    }
}
