//! What is found in all logs of a series at once, is found in the last of them and the history.

use std::path::{Path, PathBuf};
use std::{fs, slice};

use cachediag::finding::Finding;
use cachediag::history::{HistorySettings, Identity};
use cachediag::pipeline::{self, Options};
use cachediag::render::Report;
use chrono::{TimeDelta, Utc};
use rayon::prelude::*;
use tempfile::TempDir;

use super::absolute;

/// Series of real builds with known truth, beside this repository where it is developed.
const CORPUS: &str = "../shared/corpus";

#[test]
fn one_log_after_the_other_says_what_all_of_them_say() {
    let mut series = folders(&absolute("sample-logs"));
    series.extend(folders(&absolute("tests/rules")));
    series.extend(folders(&absolute("tests/look_alikes")));
    // Of a single run there is nothing to remember.
    series.retain(|folder| logs(folder).len() > 1);
    let own = series.len();
    match fs::exists(absolute(CORPUS)) {
        Ok(true) => series.extend(folders(&absolute(CORPUS))),
        _ => {
            println!(
                "skipped: there is no {CORPUS}; the series of this repository alone are tried"
            );
        }
    }
    let results: Vec<(bool, Option<String>)> =
        series.par_iter().map(|folder| compared(folder)).collect();
    let sick = results.iter().filter(|(sick, _)| *sick).count();
    let differ: Vec<&str> = results.iter().filter_map(|(_, differs)| differs.as_deref()).collect();
    println!("{} series, {own} of them of this repository, {sick} with findings", series.len());
    assert!(own > 100 && sick > 60, "{own} {sick}");
    assert!(
        differ.is_empty(),
        "{} of {} differ:\n{}",
        differ.len(),
        series.len(),
        differ.join("\n")
    );
}

/// A history keeps nothing of a secret's value, not even whether it changed: what is found is the
/// same, not how sure it is.
const SECRETS_CHANGE: &str = "cache-ref-shared/quiet/tokens-in-turns";

/// Whether there are findings, and what both ways say where they differ.
fn compared(folder: &Path) -> (bool, Option<String>) {
    let (mut all, mut last) = (together(folder), one_by_one(folder));
    if folder.ends_with(SECRETS_CHANGE) {
        assert_ne!(all, last, "a history tells that a secret changed");
        all.iter_mut().chain(&mut last).for_each(keep_rule);
    }
    let both = || format!("{}\n  together {all:?}\n  one by one {last:?}", folder.display());
    (!all.is_empty(), (all != last).then(both))
}

fn keep_rule(finding: &mut String) {
    let rule = finding.find(' ').unwrap_or(finding.len());
    finding.truncate(rule);
}

/// Folders whose logs are runs, and those whose folders are jobs.
fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let inside: Vec<PathBuf> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    if !logs(root).is_empty() {
        found.push(root.to_owned());
    }
    for folder in inside.iter().filter(|path| path.is_dir() && !is_job(path)) {
        found.extend(folders(folder));
    }
    found.sort();
    found
}

/// Two jobs that ran side by side have a folder each.
fn is_job(folder: &Path) -> bool {
    folder.file_name().unwrap().to_string_lossy().starts_with("job-")
}

/// The logs of a series in the order in which they were written: run by run, and of one run job by
/// job.
fn logs(folder: &Path) -> Vec<String> {
    let mut found: Vec<(String, String)> = Vec::new();
    let inside = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let jobs = inside.filter(|path| path.is_dir() && is_job(path)).collect::<Vec<_>>();
    for part in jobs.iter().map(PathBuf::as_path).chain([folder]) {
        for file in fs::read_dir(part).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let is_log = [".log", ".txt", ".out"].iter().any(|end| name.ends_with(end))
                && !name.contains("rawjson");
            if is_log && file.is_file() && !name.starts_with("README") {
                let path = file.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.push((name, path));
            }
        }
    }
    found.sort_by(|a, b| natord::compare(&a.0, &b.0).then_with(|| a.1.cmp(&b.1)));
    found.into_iter().map(|(_, path)| path).collect()
}

fn together(folder: &Path) -> Vec<String> {
    findings(&judged(folder, &logs(folder), None))
}

fn one_by_one(folder: &Path) -> Vec<String> {
    let desk = TempDir::new().unwrap();
    let mut last = Vec::new();
    let mut seen = Vec::new();
    for (n, log) in logs(folder).into_iter().enumerate() {
        let bytes = fs::read(folder.join(&log)).unwrap();
        // Byte by byte the same log counts once, but in two runs of a CI.
        let run = seen.contains(&bytes).then(|| n.to_string());
        seen.push(bytes);
        let history = remembered(&desk.path().join("h.db"), run);
        let report = judged(folder, slice::from_ref(&log), Some(history));
        // A problem with a line is the log's own: builds of Compose that print into each other,
        // say.
        let mut of_history = report.problems.iter().filter(|problem| problem.line.is_none());
        assert!(of_history.next().is_none(), "{} {log}: {:?}", folder.display(), report.problems);
        last = findings(&report);
    }
    last
}

/// What lies beside the logs is their configuration.
fn judged(folder: &Path, logs: &[String], history: Option<HistorySettings>) -> Report {
    pipeline::run(&Options {
        paths: logs.iter().map(|log| folder.join(log)).collect(),
        config: vec![folder.to_owned()],
        history,
        ..Options::default()
    })
}

fn remembered(file: &Path, run: Option<String>) -> HistorySettings {
    HistorySettings {
        file: file.to_owned(),
        keep: TimeDelta::days(90),
        last: 20,
        identity: Identity { run, ..Identity::default() },
        around: Identity::default(),
        now: Utc::now(),
    }
}

/// Rule, subject and how sure.
fn findings(report: &Report) -> Vec<String> {
    let one = |finding: &Finding| {
        format!("{} {} {:?}", finding.rule, finding.fingerprint(), finding.confidence)
    };
    let mut all: Vec<String> = report.findings.iter().map(one).collect();
    all.sort();
    all
}
