//! A history that cannot be used is a problem in the report, and no reason to say nothing of the
//! log.

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
    assert!(problem.contains("is not a cachediag history"), "{problem}");
    assert_eq!(fs::read(desk.path().join("noise.db")).unwrap(), noise);

    let (_, problem) = diagnosed(desk.path(), "no/such/folder.db");
    assert!(problem.contains("there is no folder no/such"), "{problem}");
    let (_, problem) = diagnosed(desk.path(), ".");
    assert!(problem.contains("is a folder"), "{problem}");
    let (_, problem) = diagnosed(desk.path(), ":memory:");
    assert!(problem.is_empty() && desk.path().join(":memory:").exists(), "{problem}");

    fs::copy(absolute("tests/history/stores/v1.db"), desk.path().join("later.db")).unwrap();
    rusqlite::Connection::open(desk.path().join("later.db"))
        .unwrap()
        .pragma_update(None, "user_version", 7)
        .unwrap();
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
        let known = ["is damaged", "is not a cachediag history"]
            .iter()
            .any(|words| problem.contains(words));
        assert!(problem.is_empty() || known, "{length}: {problem}");
        damaged += usize::from(known);
        for left in ["cut.db-wal", "cut.db-shm"] {
            let _ = fs::remove_file(desk.path().join(left));
        }
    }
    assert!(damaged * 4 > whole.len() / 2048, "{damaged}");
}

/// Each page in turn becomes noise. Some of these files still say all that is asked of them; none
/// makes the program fail.
#[test]
fn noise_in_a_file_is_told_or_does_no_harm() {
    let desk = TempDir::new().unwrap();
    let whole = fs::read(absolute("tests/history/stores/v1.db")).unwrap();
    let log = absolute("sample-logs/every-second-run/run-04.log");
    let mut told = 0;
    for start in (0..whole.len()).step_by(4096) {
        let mut noisy = whole.clone();
        noisy[start..start + 4096].fill_with(|| fastrand::u8(..));
        fs::write(desk.path().join("noisy.db"), &noisy).unwrap();
        let said = report(
            desk.path(),
            &[
                "--history",
                "noisy.db",
                "--repository",
                "team/app",
                "--job",
                "image",
                log.to_str().unwrap(),
            ],
        );
        let problem = said["problems"][0]["message"].as_str().unwrap_or_default();
        let known = [
            "is damaged",
            "is not a cachediag history",
            "a record cannot be read",
            "is a database of another program",
        ];
        assert!(
            problem.is_empty() || known.iter().any(|words| problem.contains(words)),
            "{start}: {problem}"
        );
        // A report is made, and of nothing but runs that are whole.
        assert!(!said["runs"].as_array().unwrap().is_empty());
        told += usize::from(!problem.is_empty());
        for left in ["noisy.db-wal", "noisy.db-shm"] {
            let _ = fs::remove_file(desk.path().join(left));
        }
    }
    assert!(told * 2 > whole.len() / 4096, "{told}");
}

/// A later version may write records of another form into a file of this one.
#[test]
fn a_record_of_a_later_version_is_left_out_and_stays() {
    let desk = TempDir::new().unwrap();
    fs::copy(absolute("tests/history/stores/v1.db"), desk.path().join("h.db")).unwrap();
    let file = rusqlite::Connection::open(desk.path().join("h.db")).unwrap();
    let body = zstd::bulk::compress(br#"{"version":2,"what":"nobody knows yet"}"#, 3).unwrap();
    let newest = "UPDATE records SET sample = NULL, body = ?1 WHERE recorded = (SELECT \
        max(recorded) FROM records)";
    assert_eq!(file.execute(newest, [body]).unwrap(), 1);
    drop(file);
    let log = absolute("sample-logs/every-second-run/run-04.log");
    let args =
        ["--history", "h.db", "--repository", "team/app", "--job", "image", log.to_str().unwrap()];
    let said = report(desk.path(), &args);
    let problem = said["problems"][0]["message"].as_str().unwrap();
    assert!(problem.contains("a record of version 2, written by a newer cachediag"), "{problem}");
    assert_eq!(said["runs"].as_array().unwrap().len(), 3);
    let count = "SELECT count(*) FROM records";
    let file = rusqlite::Connection::open(desk.path().join("h.db")).unwrap();
    assert_eq!(file.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 4);
}

/// As a user who owns nothing there; root writes everywhere.
#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let desk = TempDir::new().unwrap();
    assert_eq!(diagnosed(desk.path(), "h.db").1, "");
    let allow =
        |mode, path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o444, &desk.path().join("h.db"));
    allow(0o555, desk.path());
    let is_root = fs::write(desk.path().join("probe"), "").is_ok();
    let elsewhere = TempDir::new().unwrap();
    let said = report(desk.path(), &["--history", "h.db", &other_log(elsewhere.path())]);
    allow(0o755, desk.path());
    assert_eq!(said["runs"].as_array().unwrap().len(), 2, "{said}");
    let problem = said["problems"][0]["message"].as_str().unwrap_or_default();
    assert!(is_root || problem.contains("is read-only"), "{problem}");
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
    Command::new("mount")
        .args(args)
        .arg(folder)
        .output()
        .is_ok_and(|output| output.status.success())
}

/// A log like the sick one, but another.
fn other_log(folder: &Path) -> String {
    let file = folder.join("other.log");
    fs::write(&file, fs::read_to_string(absolute(SICK)).unwrap() + "\n").unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_file_that_cannot_be_written_is_read() {
    let Some(disk) = Mounted::new() else {
        return println!("skipped: this user may not mount a tmpfs");
    };
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
    let Some(disk) = Mounted::new() else {
        return println!("skipped: this user may not mount a tmpfs");
    };
    let (folder, elsewhere) = (disk.0.path(), TempDir::new().unwrap());
    assert_eq!(diagnosed(folder, "h.db").1, "");
    let mut filler = fs::File::create(folder.join("filler")).unwrap();
    while filler.write_all(&[0; 1024]).is_ok() {}
    let said = report(folder, &["--history", "h.db", &other_log(elsewhere.path())]);
    assert_eq!(
        (said["runs"].as_array().unwrap().len(), said["findings"].as_array().unwrap().len()),
        (2, 1)
    );
    let problem = said["problems"][0]["message"].as_str().unwrap();
    assert!(problem.contains("disk is full"), "{problem}");
    drop(filler);
    fs::remove_file(folder.join("filler")).unwrap();
    assert_eq!(super::exported(folder, "h.db").lines().count(), 1);
    assert_eq!(diagnosed(folder, "h.db").1, "");
}
