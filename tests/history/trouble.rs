//! A history that cannot be used is a problem in the report, and no reason to say nothing of the log.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{absolute, report};

const SICK: &str = "sample-logs/docker-driver-refuses-export/run-01.log";

/// The report on a sick log, whatever became of the history.
fn diagnosed(folder: &Path, history: &str) -> (Value, String) {
    let log = absolute(SICK);
    let report = report(folder, &["--history", history, log.to_str().unwrap()]);
    assert_eq!(report["findings"][0]["rule"], "export-unsupported-by-driver");
    let problem = report["problems"][0]["message"].as_str().unwrap_or_default().to_owned();
    (report, problem)
}

#[test]
fn files_that_are_no_history_are_named_and_left_alone() {
    let desk = TempDir::new().unwrap();
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(4096).collect();
    fs::write(desk.path().join("noise.db"), &noise).unwrap();
    let (_, problem) = diagnosed(desk.path(), "noise.db");
    assert!(problem.contains("is no history"), "{problem}");
    assert_eq!(fs::read(desk.path().join("noise.db")).unwrap(), noise);

    let (_, problem) = diagnosed(desk.path(), "no/such/folder.db");
    assert!(problem.contains("there is no folder no/such"), "{problem}");
    let (_, problem) = diagnosed(desk.path(), ".");
    assert!(problem.contains("is a folder"), "{problem}");
    let (_, problem) = diagnosed(desk.path(), ":memory:");
    assert!(problem.is_empty() && desk.path().join(":memory:").exists(), "{problem}");

    fs::copy(absolute("tests/history/stores/v1.db"), desk.path().join("later.db")).unwrap();
    rusqlite::Connection::open(desk.path().join("later.db")).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let (_, problem) = diagnosed(desk.path(), "later.db");
    assert!(problem.contains("version 7, written by a newer cachediag"), "{problem}");
}

/// Cut at every page: some of these files still say all that is asked of them.
#[test]
fn a_truncated_file_is_damaged_or_still_good() {
    let desk = TempDir::new().unwrap();
    let whole = fs::read(absolute("tests/history/stores/v1.db")).unwrap();
    let mut damaged = 0;
    for length in (1..whole.len()).step_by(2048) {
        let file = desk.path().join("cut.db");
        fs::write(&file, &whole[..length]).unwrap();
        let (_, problem) = diagnosed(desk.path(), "cut.db");
        let known = ["is damaged", "is no history"].iter().any(|words| problem.contains(words));
        assert!(problem.is_empty() || known, "{length}: {problem}");
        damaged += usize::from(known);
        for left in ["cut.db-wal", "cut.db-shm"] {
            let _ = fs::remove_file(desk.path().join(left));
        }
    }
    assert!(damaged * 4 > whole.len() / 2048, "{damaged}");
}

/// A small file system of its own; `None` where this user may mount none.
struct Mounted(TempDir);

impl Mounted {
    fn new() -> Option<Self> {
        let mounted = Self(TempDir::new().unwrap());
        mount(&["-t", "tmpfs", "-o", "size=256k", "tmpfs"], mounted.0.path()).then_some(mounted)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn mount(args: &[&str], folder: &Path) -> bool {
    Command::new("mount").args(args).arg(folder).output().is_ok_and(|output| output.status.success())
}

/// A log like the sick one, but another.
fn other_log(folder: &Path) -> String {
    let file = folder.join("other.log");
    fs::write(&file, fs::read_to_string(absolute(SICK)).unwrap() + "\n").unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_file_that_cannot_be_written_is_read() {
    let Some(disk) = Mounted::new() else { return println!("skipped: this user may not mount a tmpfs") };
    let (folder, elsewhere) = (disk.0.path(), TempDir::new().unwrap());
    assert_eq!(diagnosed(folder, "h.db").1, "");
    assert!(mount(&["-o", "remount,ro"], folder));
    let said = report(folder, &["--history", "h.db", &other_log(elsewhere.path())]);
    assert_eq!(said["runs"].as_array().unwrap().len(), 2, "{said}");
    let problem = said["problems"][0]["message"].as_str().unwrap();
    assert!(problem.contains("is read-only"), "{problem}");
}

#[test]
fn a_full_disk_costs_the_record_and_nothing_else() {
    let Some(disk) = Mounted::new() else { return println!("skipped: this user may not mount a tmpfs") };
    let (folder, elsewhere) = (disk.0.path(), TempDir::new().unwrap());
    assert_eq!(diagnosed(folder, "h.db").1, "");
    let mut filler = fs::File::create(folder.join("filler")).unwrap();
    while filler.write_all(&[0; 1024]).is_ok() {}
    let said = report(folder, &["--history", "h.db", &other_log(elsewhere.path())]);
    assert_eq!((said["runs"].as_array().unwrap().len(), said["findings"].as_array().unwrap().len()), (2, 1));
    let problem = said["problems"][0]["message"].as_str().unwrap();
    assert!(problem.contains("disk is full"), "{problem}");
    drop(filler);
    fs::remove_file(folder.join("filler")).unwrap();
    assert_eq!(super::exported(folder, "h.db").lines().count(), 1);
    assert_eq!(diagnosed(folder, "h.db").1, "");
}
