//! The file: `SQLite`, written by several processes at once, never left half done.
//!
//! Keeps records and hands them out again; knows nothing of what they say.

mod body;
mod open;
mod query;
mod schema;
mod trouble;
mod write;

use std::collections::HashMap;

use rusqlite::Connection;

pub use self::query::{HistoryJob, ReadHistory};
pub use self::trouble::Trouble;
pub use self::write::Added;

/// An open history.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// Why nothing can be written to it.
    read_only: Option<ReadOnly>,
    /// Samples that were read.
    samples: HashMap<i64, String>,
    /// Records from later are left out, in microseconds since 1970.
    until: i64,
}

/// Why a history can only be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadOnly {
    ReadOnly,
    Full,
}

impl From<ReadOnly> for Trouble {
    fn from(refused: ReadOnly) -> Self {
        match refused {
            ReadOnly::ReadOnly => Self::ReadOnly,
            ReadOnly::Full => Self::Full,
        }
    }
}

#[cfg(test)]
mod tests;
