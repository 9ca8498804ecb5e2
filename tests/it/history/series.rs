//! What one process finds in all logs of a series, the last of many processes finds in its own log
//! and the history.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use super::{absolute, report};

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
    let logs = logs(folder);
    findings(&report(folder, &logs.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn one_by_one(folder: &Path) -> Vec<String> {
    let desk = TempDir::new().unwrap();
    let history = desk.path().join("h.db");
    let mut last = Value::Null;
    let mut seen = Vec::new();
    for (n, log) in logs(folder).into_iter().enumerate() {
        let mut args = vec!["--history", history.to_str().unwrap(), &log];
        let (bytes, run) = (fs::read(folder.join(&log)).unwrap(), n.to_string());
        // Byte by byte the same log counts once, but in two runs of a CI.
        if seen.contains(&bytes) {
            args.extend(["--run-id", &run]);
        }
        seen.push(bytes);
        last = report(folder, &args);
        // A problem with a line is the log's own: builds of Compose that print into each other,
        // say.
        let problems = last["problems"].as_array().unwrap();
        let of_history =
            problems.iter().filter(|problem| problem["line"].is_null()).collect::<Vec<_>>();
        assert!(of_history.is_empty(), "{} {log}: {of_history:?}", folder.display());
    }
    findings(&last)
}

/// Rule, subject and how sure.
fn findings(report: &Value) -> Vec<String> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let one = |finding: &Value| {
        format!(
            "{} {} {}",
            text(finding, "rule"),
            text(finding, "fingerprint"),
            text(finding, "confidence")
        )
    };
    let mut all: Vec<String> = report["findings"].as_array().unwrap().iter().map(one).collect();
    all.sort();
    all
}
