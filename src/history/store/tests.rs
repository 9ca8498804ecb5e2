//! Records come back as they were, whatever comes before, beside and after them.

use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use tempfile::TempDir;

use super::schema::{APPLICATION, MIGRATIONS};
use super::*;
use crate::history::{Identity, Record};
use crate::model::Run;

fn record(job: &str, second: u8) -> Record {
    let run =
        Run { digest: Some([second; 16]), source: "build.log".into(), lines: 7, ..Run::default() };
    let identity = Identity { job: Some(job.to_owned()), ..Identity::default() };
    Record::of(
        &run,
        0,
        identity,
        DateTime::from_timestamp(1_767_225_600 + i64::from(second), 0).unwrap(),
    )
}

fn desk() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("h.db");
    (folder, file)
}

fn all(file: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut store = Store::existing(file).unwrap();
    store
        .each(|read| {
            assert!(read.unread.is_empty(), "{:?}", read.unread);
            lines.extend(read.records.iter().map(Record::to_line));
            Ok::<_, Trouble>(())
        })
        .unwrap();
    lines
}

#[test]
fn a_record_counts_once_and_comes_back_as_it_was() {
    let (_folder, file) = desk();
    let records = [record("web", 1), record("api", 2)];
    assert_eq!(Store::open(&file).unwrap().add(&records).unwrap(), Added { new: 2, known: 0 });
    assert_eq!(Store::open(&file).unwrap().add(&records).unwrap(), Added { new: 0, known: 2 });
    let mut lines: Vec<String> = records.iter().map(Record::to_line).collect();
    lines.sort();
    let mut kept = all(&file);
    kept.sort();
    assert_eq!(kept, lines);
}

#[test]
fn the_newest_of_a_job_come_in_the_order_of_time() {
    let (_folder, file) = desk();
    let mut store = Store::open(&file).unwrap();
    for second in [3, 1, 5, 2, 4] {
        store.add(&[record("web", second), record("api", second + 10)]).unwrap();
    }
    let read = store.newest("\n", "web\n", 3).unwrap();
    let seconds: Vec<i64> =
        read.records.iter().map(|r| r.recorded.timestamp() - 1_767_225_600).collect();
    assert_eq!(seconds, [3, 4, 5]);
    assert_eq!(store.neighbours("\n", &["web\n".to_owned()], 9).unwrap().len(), 1);
    assert_eq!(store.jobs().unwrap().iter().map(|job| job.records).collect::<Vec<_>>(), [5, 5]);
}

/// Two records of one name differ where one log was read twice, at two times.
#[test]
fn the_order_in_which_records_come_does_not_matter() {
    let (mut later, mut other) = (record("web", 1), record("web", 1));
    later.recorded = DateTime::from_timestamp(1_767_300_000, 0).unwrap();
    "9.9.9".clone_into(&mut other.tool);
    let records = [record("web", 1), later, other, record("web", 2), record("api", 3)];
    let mut results = Vec::new();
    for turn in 0..records.len() {
        let (_folder, file) = desk();
        let mut turned = records.to_vec();
        turned.rotate_left(turn);
        for record in &turned {
            Store::open(&file).unwrap().add(std::slice::from_ref(record)).unwrap();
        }
        results.push(all(&file));
    }
    assert_eq!(results[0].len(), 3);
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn what_is_too_old_is_forgotten() {
    let (_folder, file) = desk();
    let mut store = Store::open(&file).unwrap();
    store.add(&[record("web", 1), record("web", 9), record("api", 2)]).unwrap();
    let rows = |table: &str| -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        Connection::open(&file).unwrap().query_row(&count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!((rows("records"), rows("jobs"), rows("samples")), (3, 2, 2));
    let between = DateTime::from_timestamp(1_767_225_605, 0).unwrap();
    let never = DateTime::<Utc>::MAX_UTC;
    assert_eq!(
        (store.forget(between, never).unwrap(), store.forget(between, never).unwrap()),
        (2, 0)
    );
    // The sample of a job that is remembered stays, though the record it was made of is gone.
    assert_eq!((rows("records"), rows("jobs"), rows("samples")), (1, 1, 1));
    assert_eq!(all(&file), [record("web", 9).to_line()]);
    store.add(&[record("api", 2)]).unwrap();
    assert_eq!(store.prune(between, never).unwrap(), 1);
    assert_eq!((rows("jobs"), rows("samples")), (1, 1));
}

/// What the file is, is told by three of its numbers, while another process writes them.
#[test]
fn a_file_that_is_being_made_is_never_taken_for_another_programs() {
    for _ in 0..50 {
        let (_folder, file) = desk();
        let start = Barrier::new(8);
        thread::scope(|scope| {
            for job in 0..8 {
                let (file, start) = (&file, &start);
                scope.spawn(move || {
                    start.wait();
                    Store::open(file).unwrap().add(&[record("web", job)]).unwrap();
                });
            }
        });
        assert_eq!(all(&file).len(), 8);
    }
}

fn trouble(make: impl FnOnce(&Path)) -> String {
    let (_folder, file) = desk();
    make(&file);
    let bytes = std::fs::read(&file).unwrap();
    let said = Store::open(&file)
        .and_then(|mut store| store.add(&[record("web", 1)]))
        .unwrap_err()
        .to_string();
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "it was written to, although {said}");
    said
}

#[test]
fn what_is_no_history_is_left_alone_and_said_to_be_that() {
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(4096).collect();
    assert!(
        trouble(|file| std::fs::write(file, noise).unwrap()).contains("is not a cachediag history")
    );
    let foreign = trouble(|file| {
        Connection::open(file).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    });
    assert!(foreign.contains("another program"), "{foreign}");
    let newer = trouble(|file| {
        let connection = Connection::open(file).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
    });
    assert!(newer.contains("version 99") && newer.contains("newer cachediag"), "{newer}");
}

#[test]
fn a_file_that_is_empty_can_be_written_and_has_nothing_to_read() {
    let (_folder, file) = desk();
    std::fs::write(&file, "").unwrap();
    assert!(Store::existing(&file).unwrap_err().to_string().contains("is empty"));
    Store::open(&file).unwrap().add(&[record("web", 1)]).unwrap();
    assert_eq!(all(&file).len(), 1);
}

/// The file of each released version is in `tests/history/stores/`.
#[test]
fn files_of_every_version_are_read_and_written() {
    for version in 1..=MIGRATIONS.len() {
        let (_folder, file) = desk();
        std::fs::copy(format!("tests/history/stores/v{version}.db"), &file).unwrap();
        let before = all(&file);
        assert_eq!(before.len(), 3, "version {version}");
        assert_eq!(Store::open(&file).unwrap().add(&[record("web", 77)]).unwrap().new, 1);
        assert_eq!(all(&file).len(), 4);
    }
}

/// The file may come from anybody.
#[test]
fn a_file_with_other_tables_is_refused() {
    for change in [
        "CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records; END",
        "CREATE VIEW v AS SELECT 1",
        "ALTER TABLE records RENAME TO old; CREATE VIEW records AS SELECT * FROM old",
        "CREATE TABLE more (a)",
    ] {
        let (_folder, file) = desk();
        Store::open(&file).unwrap().add(&[record("web", 1)]).unwrap();
        Connection::open(&file).unwrap().execute_batch(change).unwrap();
        for opened in [Store::open(&file), Store::existing(&file)] {
            assert!(matches!(opened, Err(Trouble::Altered)), "{change}");
        }
    }
    let (_folder, file) = desk();
    Store::open(&file).unwrap().add(&[record("web", 1)]).unwrap();
    Connection::open(&file).unwrap().execute_batch("ANALYZE").unwrap();
    assert_eq!(all(&file).len(), 1);
}

#[test]
fn a_row_that_is_too_long_is_not_read() {
    let (_folder, file) = desk();
    Store::open(&file).unwrap().add(&[record("web", 1), record("web", 2)]).unwrap();
    let long = "UPDATE records SET body = zeroblob(50000000) WHERE key = 1";
    Connection::open(&file).unwrap().execute_batch(long).unwrap();
    let read = Store::existing(&file).unwrap().newest("\n", "web\n", 9).unwrap();
    assert_eq!(
        (read.records.len(), read.unread.as_slice()),
        (1, ["it is larger than any record (4 MiB)".to_owned()].as_slice())
    );
}

#[test]
fn a_wrong_clock_does_not_outlive_the_others() {
    use crate::history::retained;
    let (_folder, file) = desk();
    let mut late = record("web", 2);
    late.recorded = DateTime::from_timestamp(4_102_444_800, 0).unwrap();
    let now = record("web", 1).recorded;
    let mut store = Store::open(&file).unwrap().until(now + TimeDelta::days(1));
    store.add(&[record("web", 1), late]).unwrap();
    assert_eq!(store.newest("\n", "web\n", 1).unwrap().records.first().unwrap().recorded, now);
    // A clock that is wrong itself removes nothing.
    let (oldest, latest) = retained(DateTime::<Utc>::UNIX_EPOCH, TimeDelta::days(90)).unwrap();
    assert_eq!(store.forget(oldest, latest).unwrap(), 0);
    let (oldest, latest) = retained(now, TimeDelta::days(90)).unwrap();
    assert_eq!(store.forget(oldest, latest).unwrap(), 1);
}

#[test]
fn nothing_is_left_beside_the_file() {
    let (folder, file) = desk();
    Store::open(&file).unwrap().add(&[record("web", 1)]).unwrap();
    all(&file);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
