//! Trends of real logs. A case is a folder with `runs.txt`: a log a line, in the order of time, with what the CI told of
//! that run (`branch=`, `commit=`). What is said of them stands beside it, for people and for programs.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod cases;
mod commands;
mod safety;

use std::path::Path;

use cachediag::history::{self, Identity, Record, Settings, Store, Trouble};
use cachediag::pipeline::{self, Options};
use cachediag::render::{Question, Screen, TRENDS};
use cachediag::trend::Job;
use chrono::{DateTime, TimeDelta};

const SCREEN: Screen = Screen { width: 100, color: false, ascii: false };

/// Reads logs one after the other into a history, as a job a day would.
fn remember(file: &Path, runs: &str) {
    let start = DateTime::from_timestamp(1_767_254_400, 0).unwrap();
    for (n, line) in (1..).zip(runs.lines().filter(|line| !line.trim().is_empty())) {
        let mut words = line.split_whitespace();
        let path = words.next().unwrap();
        let told: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
        let told = |name: &str| told.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let identity = Identity {
            job: Some(told("job").unwrap_or_else(|| "image".to_owned())),
            branch: told("branch"),
            commit: told("commit"),
            run: Some(n.to_string()),
            ..Identity::default()
        };
        let (keep, now) = (TimeDelta::days(900), start + TimeDelta::days(n));
        let history = Some(Settings { file: file.to_owned(), keep, last: 20, identity, now });
        let report = pipeline::run(&Options { paths: vec![path.into()], history, ..Options::default() });
        assert!(report.problems.is_empty() && !report.study.runs.is_empty(), "{line}: {:?}", report.problems);
    }
}

/// The jobs of a history, as `cachediag trend` reads them.
fn jobs(file: &Path) -> Vec<Job> {
    let mut store = Store::existing(file).unwrap();
    let jobs = store.jobs().unwrap();
    let job = |job: &history::Job| {
        let records: Result<Vec<Record>, Trouble> = store.newest_of(job.number, 50).map(|read| read.records);
        history::with_runs(job, pipeline::branches(&records.unwrap()))
    };
    jobs.iter().map(job).collect()
}

fn written(format: &str, jobs: Vec<Job>, in_full: bool, screen: Screen) -> String {
    let format = TRENDS.iter().find(|known| known.name() == format).unwrap();
    let mut out = Vec::new();
    let question = Question { last: 50, in_full, longest: 12 };
    format.write(&mut jobs.into_iter(), question, screen, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
