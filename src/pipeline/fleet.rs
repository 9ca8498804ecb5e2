//! One log to its records, and records to a report, for filters that live long.

use chrono::{DateTime, Utc};

use super::reading::{self, ReadFiles};
use super::{Options, forms, judge};
use crate::evidence;
use crate::history::{self, Identity, Record};
use crate::model::{Problem, Run};
use crate::render::Report;
use crate::source::Entry;

/// The runs of one log with the record of each, and what could not be read of it. Nothing but the
/// arguments counts: no clock, no environment.
#[must_use]
pub fn records(
    log: &Entry,
    identity: &Identity,
    recorded: Option<DateTime<Utc>>,
    options: &Options,
) -> (Vec<(Run, Record)>, Vec<Problem>) {
    let options =
        Options { digested: true, max_expanded: options.max_expanded, ..Options::default() };
    let ReadFiles { mut runs, evidence, mut problems } = reading::logs(log, &options);
    problems.extend(evidence::attach(&mut runs, evidence, &[]).problems);
    let records = history::records_of(&runs, identity, recorded);
    (runs.into_iter().zip(records).collect(), problems)
}

/// Judges records as the logs that they were made of, of each job the newest `last`.
#[must_use]
pub fn judge_records(records: Vec<Record>, last: usize, options: &Options) -> Report {
    let mut runs = history::runs_of(records, last);
    let problems = forms::leave_out(&mut runs);
    judge(options, runs, Vec::new(), problems)
}
