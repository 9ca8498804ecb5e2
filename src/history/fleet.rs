//! Many logs without a file: records of logs whose identity and time somebody else knows, and runs
//! of such records.
//!
//! Knows no clock and no environment: the same input gives the same records.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::arguments::Arguments;
use super::record::Record;
use super::{Identity, recall};
use crate::model::Run;
use crate::source::natural;

/// The record of each run of one log. What nobody says of it the log says itself.
#[must_use]
pub fn records_of(
    runs: &[Run],
    identity: &Identity,
    recorded: Option<DateTime<Utc>>,
) -> Vec<Record> {
    let of = |(at, run): (usize, &Run)| {
        let identity = identity.clone().or(Identity::of_log(run));
        let recorded = recorded.or(run.started).unwrap_or(DateTime::UNIX_EPOCH);
        Record::of(run, at, identity, recorded)
    };
    runs.iter().enumerate().map(of).collect()
}

/// The runs of records, of each job the newest `last`.
#[must_use]
pub fn runs_of(mut records: Vec<Record>, last: usize) -> Vec<Run> {
    let mut known = HashSet::new();
    records.retain(|record| known.insert(record.id.clone()));
    let by_name = |a: &Record, b: &Record| natural(a.source(), b.source());
    records.sort_by(|a, b| a.time().cmp(&b.time()).then_with(|| by_name(a, b)));
    let mut left = HashMap::new();
    let mut runs: Vec<Run> = Vec::new();
    // Each record is given up when its run is there, so that a job of many runs is not held twice.
    for record in records.into_iter().rev() {
        let seen: &mut usize = left.entry(record.job_key()).or_default();
        *seen += 1;
        if *seen <= last {
            runs.push(recall::run(&record, &Arguments::default(), true));
        }
    }
    runs.reverse();
    recall::with_unique_names(runs, Vec::new())
}
