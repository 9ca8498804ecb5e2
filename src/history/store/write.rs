//! Adds and removes records. Each call is one transaction: all of it is there afterwards, or
//! nothing.

use std::collections::BTreeSet;
use std::io;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::body::{self, LARGEST};
use super::{Store, Trouble};
use crate::history::Record;

/// What became of records that were to be added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// New ones.
    pub new: usize,
    /// Those that were there already.
    pub known: usize,
}

/// A few at a time, so that no run pays for all that was left before it.
const REMOVED_AT_ONCE: usize = 1000;

impl Store {
    /// Adds records. One that is there already is not added again; of two of one name the earlier
    /// stays, so that the result does not depend on the order in which they come.
    ///
    /// # Errors
    /// Where nothing can be written; nothing has been then.
    pub fn add(&mut self, records: &[Record]) -> Result<Added, Trouble> {
        self.refuse()?;
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut added = Added::default();
        for record in records {
            let new = insert(&transaction, record)?;
            added.new += usize::from(new);
            added.known += usize::from(!new);
        }
        transaction.commit()?;
        Ok(added)
    }

    /// Removes some of the records from before a time, or from so late that a clock was wrong, and
    /// what only they needed; returns how many.
    ///
    /// # Errors
    /// Where nothing can be written.
    pub fn forget(
        &mut self,
        before: DateTime<Utc>,
        after: DateTime<Utc>,
    ) -> Result<usize, Trouble> {
        let times = [before, after].map(|time| time.timestamp_micros());
        let some = "SELECT 1 FROM records WHERE recorded < ?1 OR recorded > ?2 LIMIT 1";
        if self.read_only.is_some() || !self.connection.prepare_cached(some)?.exists(times)? {
            return Ok(0);
        }
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let removed = remove(&transaction, times)?;
        transaction.commit()?;
        Ok(removed)
    }

    /// Removes all records from before a time, or from too late, and gives the room back; returns
    /// how many.
    ///
    /// # Errors
    /// Where nothing can be written.
    pub fn prune(&mut self, before: DateTime<Utc>, after: DateTime<Utc>) -> Result<usize, Trouble> {
        self.refuse()?;
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let times = [before, after].map(|time| time.timestamp_micros());
        let removed = transaction
            .execute("DELETE FROM records WHERE recorded < ?1 OR recorded > ?2", times)?;
        transaction.execute("DELETE FROM jobs WHERE id NOT IN (SELECT job FROM records)", [])?;
        transaction.execute(
            "DELETE FROM samples WHERE id NOT IN (SELECT sample FROM records WHERE sample IS NOT NULL)
             AND id NOT IN (SELECT sample FROM jobs WHERE sample IS NOT NULL)",
            [],
        )?;
        transaction.commit()?;
        if removed > 0 {
            self.connection.execute_batch("VACUUM")?;
        }
        Ok(removed)
    }

    fn refuse(&self) -> Result<(), Trouble> {
        self.read_only.map_or(Ok(()), |refused| Err(refused.into()))
    }
}

/// Removes records, and the jobs and samples of which no record is left: a sample is of one job.
fn remove(transaction: &Transaction, [before, after]: [i64; 2]) -> rusqlite::Result<usize> {
    let old = "SELECT key, job, sample FROM records WHERE recorded < ?1 OR recorded > ?3 LIMIT ?2";
    let mut old = transaction.prepare_cached(old)?;
    let rows = old.query_map(params![before, REMOVED_AT_ONCE, after], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let rows: Vec<(i64, i64, Option<i64>)> = rows.collect::<Result<_, _>>()?;
    let mut record = transaction.prepare_cached("DELETE FROM records WHERE key = ?1")?;
    let mut job = transaction.prepare_cached(
        "DELETE FROM jobs WHERE id = ?1 AND id NOT IN (SELECT job FROM records WHERE job = ?1)",
    )?;
    let mut sample = transaction.prepare_cached(
        "DELETE FROM samples WHERE id = ?2 AND id NOT IN (SELECT sample FROM records WHERE job = ?1 AND sample = ?2)
         AND id NOT IN (SELECT sample FROM jobs WHERE id = ?1 AND sample = ?2)",
    )?;
    for (key, _, _) in &rows {
        record.execute([key])?;
    }
    for of in rows.iter().map(|(_, job, _)| job).collect::<BTreeSet<_>>() {
        job.execute([of])?;
    }
    for (of, used) in rows
        .iter()
        .filter_map(|(_, job, sample)| Some((job, sample.as_ref()?)))
        .collect::<BTreeSet<_>>()
    {
        sample.execute([of, used])?;
    }
    Ok(rows.len())
}

/// Whether it was new.
fn insert(transaction: &Transaction, record: &Record) -> Result<bool, Trouble> {
    let text = record.to_line();
    if text.len() > LARGEST {
        return Err(Trouble::Record(format!(
            "{} is larger than any record ({} MiB)",
            record.source(),
            LARGEST >> 20
        )));
    }
    let id = bytes(&record.id)
        .ok_or_else(|| Trouble::Record(format!("{} is not the name of one", record.id)))?;
    let known = known(transaction, &id)?;
    let recorded = record.recorded.timestamp_micros();
    let (job, sample) = job(transaction, record, recorded)?;
    let (sample, body) = packed(transaction, job, sample, &text)?;
    let Some(known) = known else {
        let insert =
            "INSERT INTO records (id, job, recorded, sample, body) VALUES (?1, ?2, ?3, ?4, ?5)";
        transaction.prepare_cached(insert)?.execute(params![id, job, recorded, sample, body])?;
        return Ok(true);
    };
    // The earlier of both, and of two of one time any, as long as it is always the same.
    let earlier = recorded < known.recorded;
    if earlier || (recorded == known.recorded && known.text().is_ok_and(|known| text < known)) {
        let update =
            "UPDATE records SET job = ?2, recorded = ?3, sample = ?4, body = ?5 WHERE key = ?1";
        transaction
            .prepare_cached(update)?
            .execute(params![known.key, job, recorded, sample, body])?;
    }
    Ok(false)
}

/// A record of the same name.
struct SameName {
    key: i64,
    recorded: i64,
    body: Vec<u8>,
    sample: Option<Vec<u8>>,
}

impl SameName {
    fn text(&self) -> io::Result<String> {
        let sample = self
            .sample
            .as_deref()
            .map_or(Ok(String::new()), |sample| body::unpacked(sample, ""))?;
        body::unpacked(&self.body, &sample)
    }
}

fn known(transaction: &Transaction, id: &[u8; 16]) -> rusqlite::Result<Option<SameName>> {
    let [body, text] = ["records.body", "samples.text"].map(body::bounded);
    let known = format!(
        "SELECT records.key, records.recorded, {body}, {text} FROM records
         LEFT JOIN samples ON samples.id = records.sample WHERE records.id = ?1"
    );
    let known = transaction.prepare_cached(&known)?.query_row([id], |row| {
        Ok(SameName {
            key: row.get(0)?,
            recorded: row.get(1)?,
            body: row.get(2)?,
            sample: row.get(3)?,
        })
    });
    known.optional()
}

/// The job's number and sample.
fn job(
    transaction: &Transaction,
    record: &Record,
    recorded: i64,
) -> Result<(i64, Option<i64>), Trouble> {
    let upsert = "INSERT INTO jobs (scope, name, last) VALUES (?1, ?2, ?3)
                  ON CONFLICT (scope, name) DO UPDATE SET last = max(last, excluded.last) RETURNING id, sample";
    let (scope, name) = (record.identity.scope(), record.job());
    let row = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?));
    Ok(transaction.prepare_cached(upsert)?.query_row(params![scope, name, recorded], row)?)
}

/// The body, and the sample it is compressed against: the job's, or a new one where builds of the
/// job say something else now.
fn packed(
    transaction: &Transaction,
    job: i64,
    sample: Option<i64>,
    text: &str,
) -> Result<(i64, Vec<u8>), Trouble> {
    let trouble = |e: io::Error| Trouble::Record(e.to_string());
    if let Some(sample) = sample {
        let read = format!("SELECT {} FROM samples WHERE id = ?1", body::bounded("text"));
        let alone: Vec<u8> =
            transaction.prepare_cached(&read)?.query_row([sample], |row| row.get(0))?;
        let known = body::unpacked(&alone, "").map_err(trouble)?;
        let body = body::packed(text, &known).map_err(trouble)?;
        // Against a sample that says nearly the same, a fifth is common.
        if body.len() * 2 < alone.len() {
            return Ok((sample, body));
        }
    }
    let alone = body::packed(text, "").map_err(trouble)?;
    transaction.prepare_cached("INSERT INTO samples (text) VALUES (?1)")?.execute([&alone])?;
    let sample = transaction.last_insert_rowid();
    transaction
        .prepare_cached("UPDATE jobs SET sample = ?2 WHERE id = ?1")?
        .execute([job, sample])?;
    Ok((sample, body::packed(text, text).map_err(trouble)?))
}

/// The bytes of 32 hex digits.
fn bytes(id: &str) -> Option<[u8; 16]> {
    if id.len() != 32 {
        return None;
    }
    u128::from_str_radix(id, 16).ok().map(u128::to_be_bytes)
}
