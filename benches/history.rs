//! A history of 1,000,000 builds of 5,000 jobs: how large it is, and how fast the runs of one job
//! are found in it.
//!
//! `cargo bench --bench history` writes `target/history-bench.db` where it is not there, which
//! takes some minutes, and measures. `BUILDS=10000 cargo bench --bench history` tries it with
//! fewer.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking, and prints its figures"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use std::{env, fs};

use cachediag::history::{Record, Store};
use chrono::{DateTime, TimeDelta};
use regex::{Captures, Regex};

const JOBS: usize = 5_000;

fn main() {
    let builds: usize = env::var("BUILDS").map_or(1_000_000, |builds| builds.parse().unwrap());
    let file = format!("target/history-bench-{builds}.db");
    let begun = Instant::now();
    if fs::exists(&file).unwrap() {
        println!("{file} is there already");
    } else {
        fill(Path::new(&file), builds);
        println!("written in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let bytes = fs::metadata(&file).unwrap().len();
    println!(
        "{builds} builds of {JOBS} jobs: {} MiB, {} bytes a build",
        bytes >> 20,
        bytes / builds as u64
    );
    println!("20 newest of a job, file opened each time: {:?}", median(|turn| newest(&file, turn)));
    let log = log();
    println!("post-build run, log of 1 MiB, no history: {:?}", median(|_| post_build(&log, None)));
    println!(
        "post-build run, log of 1 MiB, history: {:?}",
        median(|turn| post_build(&log, Some((&file, turn))))
    );
}

/// Records of real runs, each with another name, run, commit and time, and other numbers in it. A
/// job is of one of the series.
fn fill(file: &Path, builds: usize) {
    const AT_ONCE: usize = 20_000;
    fastrand::seed(1);
    let seeds = seeds();
    let mut store = Store::open(file).unwrap();
    let start = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    for from in (0..builds).step_by(AT_ONCE) {
        let record = |n: usize| {
            let (job, build) = (n % JOBS, n / JOBS);
            let series = seeds.get(job % seeds.len()).unwrap();
            let mut record =
                Record::parse(&other_numbers(series.get(build % series.len()).unwrap())).unwrap();
            record.id = format!(
                "{:032x}",
                (n as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            );
            record.recorded = start + TimeDelta::milliseconds(i64::try_from(n).unwrap() * 7);
            record.identity.repository = Some("team/app".to_owned());
            record.identity.pipeline = Some(format!("pipeline-{}", job / 10));
            record.identity.job = Some(format!("job-{job}"));
            record.identity.run = Some(n.to_string());
            record.identity.commit = Some(format!("{:040x}", n * 7_919));
            record
        };
        store.add(&(from..builds.min(from + AT_ONCE)).map(record).collect::<Vec<_>>()).unwrap();
    }
}

/// No two builds take the same time (`#9 DONE 41.3s`) or say the same number of lines
/// (`"header":[44,"#9 …`).
fn other_numbers(line: &str) -> String {
    static LINES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"\[(\d+),""#).unwrap());
    static SECONDS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(DONE |"seconds":)(\d+)\.\d"#).unwrap());
    let other = |found: &Captures| format!("{}{}.{}", &found[1], &found[2], fastrand::u8(0..10));
    let line = SECONDS.replace_all(line, other);
    let mut more = 0;
    let later = |found: &Captures| {
        more += fastrand::u64(0..4);
        format!("[{},\"", found[1].parse::<u64>().unwrap() + more)
    };
    LINES.replace_all(&line, later).into_owned()
}

/// The runs of each series in `sample-logs/`, a line of JSON each.
fn seeds() -> Vec<Vec<String>> {
    let folders = fs::read_dir("sample-logs").unwrap().map(|entry| entry.unwrap().path());
    let mut series: Vec<Vec<String>> =
        folders.filter(|path| path.is_dir()).map(|folder| records(&folder)).collect();
    series.sort();
    series
}

/// What is remembered of the logs in a folder, in their order.
fn records(folder: &Path) -> Vec<String> {
    let desk = tempfile::tempdir().unwrap();
    let db = desk.path().join("seeds.db");
    run(&["--history", db.to_str().unwrap(), folder.to_str().unwrap()]);
    let mut records = Vec::new();
    let each = Store::open(&db).unwrap().each(|read| {
        records.extend(read.records);
        Ok::<_, cachediag::history::Trouble>(())
    });
    each.unwrap();
    records.sort_by_key(|record| record.recorded);
    records.iter().map(Record::to_line).collect()
}

fn newest(file: &str, turn: usize) {
    let n = turn * 997 % JOBS;
    let mut store = Store::existing(Path::new(file)).unwrap();
    let read =
        store.newest(&format!("team/app\npipeline-{}", n / 10), &format!("job-{n}\n"), 20).unwrap();
    assert!(!read.records.is_empty() && read.unread.is_empty());
}

fn post_build(log: &Path, history: Option<(&str, usize)>) {
    let Some((file, turn)) = history else { return run(&[log.to_str().unwrap()]) };
    let (n, id) = (turn * 997 % JOBS, turn.to_string());
    let (pipeline, job) = (format!("pipeline-{}", n / 10), format!("job-{n}"));
    let place =
        ["--repository", "team/app", "--pipeline", &pipeline, "--job", &job, "--run-id", &id];
    // Nothing is forgotten, so that every turn finds the same.
    run(&[&["--history", file, "--keep", "9999w"], &place[..], &[log.to_str().unwrap()]].concat());
}

fn run(args: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    assert!(command.env_clear().args(args).stdout(Stdio::null()).status().unwrap().success());
}

/// A build whose steps say much: 1 MiB.
fn log() -> std::path::PathBuf {
    let text = fs::read_to_string("sample-logs/every-second-run/run-04.log").unwrap();
    let (before, after) =
        text.split_once("#11 DONE").unwrap_or_else(|| text.split_once("\n\n#11 ").unwrap());
    let line = |n| format!("\n#11 {n}.5 added package number {n}, audited all of it\n");
    let noise = (0..18_500).map(line).collect::<Vec<_>>().concat();
    let path = Path::new("target/history-bench.log").to_owned();
    let log = format!("{before}{noise}#11 DONE{after}");
    assert!(log.len() >= 1 << 20);
    fs::write(&path, log).unwrap();
    path
}

fn median(mut measured: impl FnMut(usize)) -> Duration {
    let mut times: Vec<Duration> = (0..41)
        .map(|turn| {
            let begun = Instant::now();
            measured(turn);
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
