//! Processes that write at once, and processes that are killed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::{exported, program};

const WRITERS: usize = 8;
const EACH: usize = 500;

/// `cachediag history import -` writes each line by itself where lines come one by one, and prints
/// the name of a record when it is kept for good.
#[test]
fn eight_processes_write_and_a_third_of_them_is_killed() {
    let desk = TempDir::new().unwrap();
    let seed = seed(desk.path());
    let writers: Vec<_> = (0..WRITERS).map(|writer| spawn(desk.path(), writer, &seed)).collect();
    let confirmed: Vec<(usize, Vec<String>)> = writers
        .into_iter()
        .enumerate()
        .map(|(writer, child)| thread::spawn(move || (writer, watched(child, writer % 3 == 1))))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();

    let file = rusqlite::Connection::open(desk.path().join("h.db")).unwrap();
    let whole: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    drop(file);
    let text = exported(desk.path(), "h.db");
    let ids: Vec<String> = text.lines().map(id).collect();
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "a record is there twice");
    for (writer, confirmed) in &confirmed {
        let killed = writer % 3 == 1;
        assert!(killed || confirmed.len() == EACH, "{writer} wrote {}", confirmed.len());
        assert!(
            confirmed.iter().all(|id| unique.contains(id)),
            "{writer}: a confirmed record is gone"
        );
    }
    let sum: usize = confirmed.iter().map(|(_, ids)| ids.len()).sum();
    println!("{sum} records confirmed, {} there", ids.len());
    // What was written but not confirmed before the end may be there, one record a killed process.
    assert!(ids.len() >= sum && ids.len() <= sum + WRITERS.div_ceil(3), "{} of {sum}", ids.len());
}

/// One record, of which the others are made.
fn seed(folder: &Path) -> String {
    fs::write(
        folder.join("run.log"),
        include_str!("../../../sample-logs/every-second-run/run-01.log"),
    )
    .unwrap();
    assert!(
        program(folder)
            .args(["--history", "seed.db", "run.log"])
            .output()
            .unwrap()
            .status
            .success()
    );
    exported(folder, "seed.db").trim_end().to_owned()
}

fn id(line: &str) -> String {
    line.split_once("\"id\":\"").unwrap().1[..32].to_owned()
}

fn spawn(folder: &Path, writer: usize, seed: &str) -> Child {
    let lines: String = (0..EACH)
        .map(|n| seed.replace(&id(seed), &format!("{writer:016x}{n:016x}")) + "\n")
        .collect();
    let file = format!("writer-{writer}.ndjson");
    fs::write(folder.join(&file), lines).unwrap();
    let input = fs::File::open(folder.join(file)).unwrap();
    let args = ["history", "import", "--history", "h.db", "--one-by-one", "-"];
    program(folder).args(args).stdin(input).stdout(Stdio::piped()).spawn().unwrap()
}

/// The names that the process said it had kept; a third of them are killed somewhere on the way.
fn watched(mut child: Child, killed: bool) -> Vec<String> {
    let end = if killed { fastrand::usize(1..EACH) } else { EACH };
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut confirmed = Vec::new();
    for line in out.lines() {
        // A line that was cut by the end of its writer confirms nothing.
        let line = line.unwrap();
        if line.len() == 32 {
            confirmed.push(line);
        }
        if killed && confirmed.len() == end {
            thread::sleep(Duration::from_micros(fastrand::u64(0..3000)));
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    confirmed
}
