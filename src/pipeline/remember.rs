//! Runs beside those of their jobs that were read before.

use super::{Options, judge};
use crate::config::Config;
use crate::history::{self, History, Newest};
use crate::model::{Problem, Run};
use crate::render::Report;
use crate::triage::{self, Base};

/// What the newest run of a branch has is not the fault of another.
#[derive(Clone, Debug)]
pub struct Branched {
    /// The branch.
    pub name: String,
    /// By how many percentage points less of a build's steps may come from the cache.
    pub max_drop: Option<u8>,
}

/// Judges the runs beside those of their jobs that were read before, and remembers them.
pub(super) fn remember(
    settings: &history::HistorySettings,
    options: &Options,
    runs: &[Run],
    configs: Vec<Config>,
    problems: Vec<Problem>,
) -> Report {
    let mut history = History::open(settings.clone());
    let runs = history.with_earlier(runs);
    let newest = options.branch.as_ref().map(|branch| (branch, history.newest_on(&branch.name)));
    let mut report = judge(options, runs, configs, problems);
    if let Some((branch, newest)) = newest {
        hold_against(&mut report, branch, &newest);
    }
    history.keep(&mut report);
    report
}

fn hold_against(report: &mut Report, branch: &Branched, newest: &Newest) {
    report.against = Some(newest.against(report));
    let runs = newest.runs();
    if !runs.is_empty()
        && let Some(points) = branch.max_drop
    {
        let base = Base { branch: &branch.name, runs: &runs };
        report.gates.push(triage::max_drop(&report.study, &base, points));
    }
}
