//! `cachediag trend`: how the remembered jobs fared from run to run.

use std::process::ExitCode;

use anyhow::{Context, bail};

use super::args::{Look, TrendArgs};
use super::{TROUBLE, history as remembered, screen};
use crate::history::{self, Store, Trouble};
use crate::pipeline;
use crate::render::Question;
use crate::trend::RememberedJob;

pub(super) fn run(args: &TrendArgs, look: Look) -> anyhow::Result<ExitCode> {
    let file = args.file.path()?;
    let trouble = || format!("{}", file.display());
    let mut store = Store::existing(&file).with_context(trouble)?;
    let jobs = match &args.job {
        Some(name) => store.jobs_called(name),
        None => store.jobs(),
    };
    let jobs = jobs.with_context(trouble)?;
    if jobs.is_empty()
        && let Some(name) = &args.job
    {
        bail!("no job is called {name}{}", remembered::meant(&store, name));
    }
    let longest = jobs.iter().map(|job| history::title(job).chars().count()).max().unwrap_or(0);
    let question = Question { last: args.last.into(), in_full: args.job.is_some(), longest };
    let screen = screen::of_stdout(look);
    let mut unread = Vec::new();
    // A job at a time: a history may hold thousands.
    let mut read = jobs.iter().filter_map(|job| with_runs(&mut store, job, args, &mut unread));
    screen::print_by(screen::Stream::Out, screen, |out| {
        args.format.write(&mut read, question, screen, out)
    })?;
    for reason in &unread {
        screen::complain(&format!("warning: {reason}"));
    }
    Ok(if unread.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(TROUBLE) })
}

/// The job with its newest runs; `None` where it has none that are asked for.
fn with_runs(
    store: &mut Store,
    job: &history::HistoryJob,
    args: &TrendArgs,
    unread: &mut Vec<String>,
) -> Option<RememberedJob> {
    let read = match &args.branch {
        Some(branch) => store.newest_on(job.number, branch, args.last.into()),
        None => store.newest_of(job.number, args.last.into()),
    };
    let read = read.unwrap_or_else(|trouble: Trouble| history::ReadHistory {
        unread: vec![format!("{}: {trouble}", history::title(job))],
        ..history::ReadHistory::default()
    });
    for reason in read.unread {
        if !unread.contains(&reason) {
            unread.push(reason);
        }
    }
    let branches = pipeline::branches(&read.records);
    (!branches.is_empty()).then(|| history::with_runs(job, branches))
}
