//! Histories made of logs, and the trends of their jobs in each format.

use std::fs;
use std::path::Path;

use cachediag::history::{self, HistorySettings, Identity, Record, Store, Trouble};
use cachediag::pipeline::{self, Options};
use cachediag::render::{Question, Report, Screen, TRENDS};
use cachediag::trend::RememberedJob;
use chrono::{DateTime, TimeDelta};

/// Reads logs one after the other into a history, as a job a day would; what the last one says.
pub(crate) fn remember(file: &Path, runs: &str) -> Option<Report> {
    let start = DateTime::from_timestamp(1_767_254_400, 0).unwrap();
    let mut last = None;
    for (n, line) in (1..).zip(runs.lines().filter(|line| !line.trim().is_empty())) {
        let mut words = line.split_whitespace();
        let path = words.next().unwrap();
        let told: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
        let told = |name: &str| {
            told.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let identity = Identity {
            job: Some(told("job").unwrap_or_else(|| "image".to_owned())),
            branch: told("branch"),
            commit: told("commit"),
            run: Some(n.to_string()),
            ..Identity::default()
        };
        let (keep, now) = (TimeDelta::days(900), start + TimeDelta::days(n));
        let (file, around) = (file.to_owned(), Identity::default());
        let history = Some(HistorySettings { file, keep, last: 20, identity, around, now });
        let report =
            pipeline::run(&Options { paths: vec![path.into()], history, ..Options::default() });
        assert!(
            report.problems.is_empty() && !report.study.runs.is_empty(),
            "{line}: {:?}",
            report.problems
        );
        last = Some(report);
    }
    last
}

/// The jobs of a history, as `cachediag trend` reads them.
pub(crate) fn jobs(file: &Path) -> Vec<RememberedJob> {
    let mut store = Store::existing(file).unwrap();
    let jobs = store.jobs().unwrap();
    let job = |job: &history::HistoryJob| {
        let records: Result<Vec<Record>, Trouble> =
            store.newest_of(job.number, 50).map(|read| read.records);
        history::with_runs(job, pipeline::branches(&records.unwrap()))
    };
    jobs.iter().map(job).collect()
}

pub(crate) fn written(
    format: &str,
    jobs: Vec<RememberedJob>,
    in_full: bool,
    screen: Screen,
) -> String {
    let format = TRENDS.iter().find(|known| known.name() == format).unwrap();
    let mut out = Vec::new();
    let question = Question { last: 50, in_full, longest: 12 };
    format.write(&mut jobs.into_iter(), question, screen, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What wants to be more than text.
pub(crate) const HOSTILE: &str =
    "<script>alert(1)</script> </td><img/src=x> `*a*` \u{1b}[2J\u{202e}\u{9b}31m ]]> &lt;b&gt;";
/// What must not be told.
pub(crate) const SECRET: &str = "hunter2hunter2";

/// Six runs of a build, three from the cache: its steps, image, branch and errors are those of a
/// stranger.
pub(crate) fn hostile(folder: &Path) -> String {
    let run = |n: usize| {
        let verdict = if n < 4 { "CACHED" } else { "DONE 1.0s" };
        let log = format!(
            "+ docker build --build-arg API_TOKEN={SECRET} --cache-to \
                type=inline,x{n}=::stop-commands::{HOSTILE} .\n#1 [internal] load build definition \
                from Dockerfile\n#1 DONE 0.0s\n\n#2 [a{n} 1/2] FROM \
                r.example.com/##[add-mask]x:1\n#2 DONE 0.0s\n\n#3 [a 2/2] RUN echo \
                ##vso[task.complete] ::error::b {HOSTILE} token={SECRET}\n#3 {verdict}\n\n#4 \
                exporting to image\n#4 DONE 0.1s\n"
        );
        let path = folder.join(format!("run-{n}.log"));
        fs::write(&path, log).unwrap();
        format!("{} job=<b>::error::{SECRET}@ branch=##[error]x\n", path.display())
    };
    (1..=6).map(run).collect()
}
