//! The jobs of a history, as text.

use serde::Serialize;

use super::store::HistoryJob;
use crate::render::escape;
use crate::trend::{self, Branch};

/// One job a line: how many runs, what it is called.
#[must_use]
pub fn listed(jobs: &[HistoryJob]) -> String {
    let line = |job: &HistoryJob| {
        let runs = if job.records == 1 { "run " } else { "runs" };
        format!("{:>7} {runs}  {}\n", job.records, escape::line(&title(job)))
    };
    if jobs.is_empty() {
        "no runs are remembered\n".to_owned()
    } else {
        jobs.iter().map(line).collect()
    }
}

/// The same for programs.
#[must_use]
pub fn listed_json(jobs: &[HistoryJob]) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        repository: &'a str,
        pipeline: &'a str,
        job: &'a str,
        leg: &'a str,
        runs: usize,
    }
    let line = |job| {
        let ((repository, pipeline), (job, leg), runs) = parts(job);
        Line { repository, pipeline, job, leg, runs }
    };
    let lines: Vec<Line> = jobs.iter().map(line).collect();
    serde_json::to_string_pretty(&lines).unwrap_or_default() + "\n"
}

/// `team/app CI build (arm64)`: what is known of it.
#[must_use]
pub fn title(job: &HistoryJob) -> String {
    let ((repository, pipeline), (name, leg), _) = parts(job);
    let leg = if leg.is_empty() { String::new() } else { format!("({leg})") };
    let words: Vec<&str> =
        [repository, pipeline, name, &leg].into_iter().filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "(a job without a name)".to_owned() } else { words.join(" ") }
}

/// What the job itself is called: it may be nothing.
#[must_use]
pub fn own_name(job: &HistoryJob) -> &str {
    parts(job).1.0
}

/// The job with these runs.
#[must_use]
pub fn with_runs(job: &HistoryJob, branches: Vec<Branch>) -> trend::RememberedJob {
    let ((repository, pipeline), (name, leg), _) = parts(job);
    let [repository, pipeline, name, leg] = [repository, pipeline, name, leg].map(str::to_owned);
    trend::RememberedJob { title: title(job), repository, pipeline, name, leg, branches }
}

fn parts(job: &HistoryJob) -> ((&str, &str), (&str, &str), usize) {
    let pair = |text| -> (&str, &str) { str::split_once(text, '\n').unwrap_or((text, "")) };
    (pair(&job.scope), pair(&job.name), job.records)
}
