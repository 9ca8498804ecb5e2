//! `cachediag compare`: did a change help?

use std::path::PathBuf;
use std::process::ExitCode;

use super::args::{CompareArgs, FailOn, ListFormat, Look};
use super::settings::{Project, Settings};
use super::{TROUBLE, mistyped, screen};
use crate::pipeline;
use crate::render::{self, problem_line};
use crate::triage;

pub(super) fn run(args: &CompareArgs, look: Look) -> anyhow::Result<ExitCode> {
    let project = Project::load(&Settings::default(), &args.scope)?;
    let read = |paths: &[PathBuf]| pipeline::run(&project.options(paths));
    let (before, after) = match (args.before.as_slice(), args.with.as_slice()) {
        ([before, after], []) => (std::slice::from_ref(before), std::slice::from_ref(after)),
        (_, []) => anyhow::bail!(
            "name the logs from after the change: cachediag compare old/*.log --with new/*.log"
        ),
        sides => sides,
    };
    mistyped::refuse(before)?;
    let (before, after) = (read(before), read(after));
    let problems = project.problems.iter().chain(&before.problems).chain(&after.problems);
    problems.for_each(|problem| screen::complain(&format!("warning: {}", problem_line(problem))));
    if before.study.runs.is_empty() || after.study.runs.is_empty() {
        screen::complain("error: logs are needed from before and from after the change");
        return Ok(ExitCode::from(TROUBLE));
    }
    let comparison =
        triage::compare((&before.study, &before.findings), (&after.study, &after.findings));
    let screen = screen::of_stdout(look.or(project.settings.look()));
    let text = match args.format {
        ListFormat::Human => render::comparison(&comparison, screen),
        ListFormat::Json => render::comparison_json(&comparison),
    };
    screen::print(&text, screen)?;
    let least = args.fail_on.and_then(FailOn::least);
    let worse = least.is_some_and(|least| comparison.has_new(least));
    Ok(ExitCode::from(u8::from(worse)))
}
