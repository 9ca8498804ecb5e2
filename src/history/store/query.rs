//! Reads records: the newest of a job and of the jobs beside it, or all.

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::body;
use super::{Store, Trouble};
use crate::history::Record;
use crate::history::listed::{own_name, title};

/// Hex digits of a record's name.
const ID: usize = 32;

/// One job in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryJob {
    /// Its number in the file.
    pub number: i64,
    /// Repository and pipeline.
    pub scope: String,
    /// Job and leg.
    pub name: String,
    /// Number of records.
    pub records: usize,
}

/// What was read, and how much could not be.
#[derive(Debug, Default)]
pub struct ReadHistory {
    /// Records, the oldest first.
    pub records: Vec<Record>,
    /// Why others could not be read, once each.
    pub unread: Vec<String>,
}

impl Store {
    /// The newest records of a job, the oldest of them first.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn newest(&mut self, scope: &str, name: &str, most: usize) -> Result<ReadHistory, Trouble> {
        match self.number(scope, name)? {
            Some(number) => self.newest_of(number, most),
            None => Ok(ReadHistory::default()),
        }
    }

    /// The number of a job.
    pub(in crate::history) fn number(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Option<i64>, Trouble> {
        let number = "SELECT id FROM jobs WHERE scope = ?1 AND name = ?2";
        let mut statement = self.connection.prepare_cached(number)?;
        let numbers = statement
            .query_map([scope, name], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()?;
        Ok(numbers.first().copied())
    }

    /// Names of the jobs of a scope.
    pub(in crate::history) fn names_in(&self, scope: &str) -> Result<Vec<String>, Trouble> {
        let list = "SELECT name FROM jobs WHERE scope = ?1 ORDER BY name";
        let mut statement = self.connection.prepare_cached(list)?;
        let names = statement.query_map([scope], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// Jobs of the same scope, those that ran last first.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(in crate::history) fn neighbours(
        &self,
        scope: &str,
        names: &[String],
        most: usize,
    ) -> Result<Vec<i64>, Trouble> {
        let list = "SELECT id, name FROM jobs WHERE scope = ?1 ORDER BY last DESC, name LIMIT ?2";
        let mut statement = self.connection.prepare_cached(list)?;
        let rows = statement
            .query_map(params![scope, most + names.len()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows = rows.collect::<Result<Vec<(i64, String)>, _>>()?;
        Ok(rows
            .into_iter()
            .filter(|(_, name)| !names.contains(name))
            .map(|(id, _)| id)
            .take(most)
            .collect())
    }

    /// The jobs that are called so: by their own name, or by all that is known of them.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn jobs_called(&self, name: &str) -> Result<Vec<HistoryJob>, Trouble> {
        let called = |job: &HistoryJob| own_name(job) == name || title(job) == name;
        Ok(self.jobs()?.into_iter().filter(called).collect())
    }

    /// Leaves out what was recorded later: a clock was wrong then.
    #[must_use]
    pub fn until(mut self, latest: DateTime<Utc>) -> Self {
        self.until = latest.timestamp_micros();
        self
    }

    /// The newest records of a job by its number, the oldest of them first.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn newest_of(&mut self, job: i64, most: usize) -> Result<ReadHistory, Trouble> {
        let until = self.until;
        let mut read = self.bodies(
            "SELECT body, sample FROM records WHERE job = ?1 AND recorded <= ?3 ORDER BY recorded \
                DESC, id LIMIT ?2",
            params![job, most, until],
        )?;
        read.records.reverse();
        Ok(read)
    }

    /// The newest records of a job that are of one branch, the oldest of them first. The file does
    /// not tell branches apart, so that records are read until there are enough.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn newest_on(
        &mut self,
        job: i64,
        branch: &str,
        most: usize,
    ) -> Result<ReadHistory, Trouble> {
        const AT_ONCE: usize = 256;
        let until = self.until;
        let mut found = ReadHistory::default();
        for from in (0..).step_by(AT_ONCE) {
            let page = "SELECT body, sample FROM records WHERE job = ?1 AND recorded <= ?4 ORDER BY \
                recorded DESC, id LIMIT ?2 OFFSET ?3";
            let read = self.bodies(page, params![job, AT_ONCE, from, until])?;
            let last = read.records.len() + read.unread.len() == 0;
            found
                .records
                .extend(read.records.into_iter().filter(|record| record.branch() == Some(branch)));
            found.unread.extend(read.unread);
            if last || found.records.len() >= most {
                break;
            }
        }
        found.records.truncate(most);
        found.records.reverse();
        found.unread.sort();
        found.unread.dedup();
        Ok(found)
    }

    /// All jobs, in the order of their names.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn jobs(&self) -> Result<Vec<HistoryJob>, Trouble> {
        let list = "SELECT jobs.id, scope, name, count(records.key) FROM jobs
                    LEFT JOIN records ON records.job = jobs.id GROUP BY jobs.id ORDER BY scope, name";
        let mut statement = self.connection.prepare(list)?;
        let jobs = statement.query_map([], job)?.collect::<Result<Vec<_>, _>>()?;
        Ok(jobs.into_iter().filter(|job| job.records > 0).collect())
    }

    /// The records whose names begin so, by at least four hex digits; two at most, because of
    /// several none is meant.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn records_named(&mut self, start: &str) -> Result<ReadHistory, Trouble> {
        let end = |filler: char| {
            let digits: String = start.chars().chain(std::iter::repeat(filler)).take(ID).collect();
            u128::from_str_radix(&digits, 16).map(u128::to_be_bytes)
        };
        let is_start =
            (4..=ID).contains(&start.len()) && start.bytes().all(|b| b.is_ascii_hexdigit());
        let (true, Ok(first), Ok(last)) = (is_start, end('0'), end('f')) else {
            return Ok(ReadHistory::default());
        };
        self.bodies(
            "SELECT body, sample FROM records WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 2",
            params![first, last],
        )
    }

    /// Hands over every record in an order that depends on nothing but the records.
    ///
    /// # Errors
    /// Where the file cannot be read, or `visit` says so.
    pub fn each<E: From<Trouble>>(
        &mut self,
        mut visit: impl FnMut(ReadHistory) -> Result<(), E>,
    ) -> Result<(), E> {
        const AT_ONCE: i64 = 256;
        let mut after: Vec<u8> = Vec::new();
        loop {
            let page = "SELECT id FROM records WHERE id > ?1 ORDER BY id LIMIT ?2";
            let ids = |store: &Self| -> Result<Vec<Vec<u8>>, Trouble> {
                let mut statement = store.connection.prepare_cached(page)?;
                Ok(statement
                    .query_map(params![after, AT_ONCE], |row| row.get(0))?
                    .collect::<Result<_, _>>()?)
            };
            let ids = ids(self)?;
            let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(()) };
            let range = "SELECT body, sample FROM records WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
            visit(self.bodies(range, params![first, last])?)?;
            after.clone_from(last);
        }
    }

    /// The records that a query names by `body, sample`; all that they say together has a bound.
    fn bodies(
        &mut self,
        query: &str,
        values: impl rusqlite::Params,
    ) -> Result<ReadHistory, Trouble> {
        let query = &query.replacen("body,", &format!("{},", body::bounded("body")), 1);
        let mut statement = self.connection.prepare_cached(query)?;
        let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows = rows.collect::<Result<Vec<(Vec<u8>, Option<i64>)>, _>>()?;
        drop(statement);
        let mut read = ReadHistory::default();
        for (body, sample) in rows {
            match self.record(&body, sample) {
                Ok(record) => read.records.push(record),
                Err(reason) if !read.unread.contains(&reason) => read.unread.push(reason),
                Err(_) => {}
            }
        }
        Ok(read)
    }

    fn record(&mut self, body: &[u8], sample: Option<i64>) -> Result<Record, String> {
        let sample = match sample {
            Some(id) => self.sample(id).map_err(|trouble| trouble.to_string())?,
            None => "",
        };
        let text = body::unpacked(body, sample).map_err(|e| e.to_string())?;
        Record::parse(&text).map_err(|e| e.to_string())
    }

    fn sample(&mut self, id: i64) -> Result<&str, Trouble> {
        /// Samples that are kept: a job has few, and all jobs of a file too many.
        const KEPT: usize = 64;
        if !self.samples.contains_key(&id) {
            if self.samples.len() >= KEPT {
                self.samples.clear();
            }
            let read = format!("SELECT {} FROM samples WHERE id = ?1", body::bounded("text"));
            let packed: Vec<u8> =
                self.connection.prepare_cached(&read)?.query_row([id], |row| row.get(0))?;
            let text = body::unpacked(&packed, "").map_err(|e| Trouble::Record(e.to_string()))?;
            self.samples.insert(id, text);
        }
        Ok(self.samples.get(&id).map_or("", String::as_str))
    }
}

fn job(row: &rusqlite::Row) -> rusqlite::Result<HistoryJob> {
    Ok(HistoryJob {
        number: row.get(0)?,
        scope: row.get(1)?,
        name: row.get(2)?,
        records: row.get(3)?,
    })
}
