//! `cachediag compare`: did a change help?

use std::path::PathBuf;
use std::process::ExitCode;

use super::args::{CompareArgs, ListFormat, When};
use super::{TROUBLE, screen};
use crate::pipeline::{self, Options};
use crate::render::{self, Report, problem_line};
use crate::triage;

pub(super) fn run(args: &CompareArgs, when: When) -> anyhow::Result<ExitCode> {
    let before = read(&args.before);
    let after = read(&args.with);
    let problems = before.problems.iter().chain(&after.problems);
    problems.for_each(|problem| screen::complain(&format!("warning: {}", problem_line(problem))));
    if before.study.runs.is_empty() || after.study.runs.is_empty() {
        screen::complain("error: logs are needed from before and from after the change");
        return Ok(ExitCode::from(TROUBLE));
    }
    let comparison = triage::compare((&before.study, &before.findings), (&after.study, &after.findings));
    let screen = screen::of_stdout(when);
    let text = match args.format {
        ListFormat::Human => render::comparison(&comparison, screen),
        ListFormat::Json => render::comparison_json(&comparison),
    };
    screen::print(&text, screen)?;
    Ok(ExitCode::SUCCESS)
}

fn read(paths: &[PathBuf]) -> Report {
    pipeline::run(&Options { paths: paths.to_vec(), ..Options::default() })
}
