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

pub use self::query::{Job, Read};
pub use self::trouble::Trouble;
pub use self::write::Added;

/// An open history.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// Why nothing can be written to it.
    read_only: Option<Refused>,
    /// Samples that were read.
    samples: HashMap<i64, String>,
    /// Records from later are left out, in microseconds since 1970.
    until: i64,
}

/// Why a history can only be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    ReadOnly,
    Full,
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::ReadOnly => Self::ReadOnly,
            Refused::Full => Self::Full,
        }
    }
}

#[cfg(test)]
mod tests;
