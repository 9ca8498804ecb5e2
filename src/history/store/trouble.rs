//! Why a history cannot be used, in words that say what to do.

use rusqlite::{Error, ErrorCode};

/// Why a history cannot be read or written. The diagnosis goes on without it.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Not a file of `SQLite`.
    #[error("is not a cachediag history; choose another file, or delete it to start over")]
    NotADatabase,
    /// A database of another program.
    #[error("is a database of another program; choose another file")]
    Foreign,
    /// It has other tables than a history, or views and triggers.
    #[error(
        "is not a cachediag history any more: its tables were changed; choose another file, or \
            delete it to start over"
    )]
    Altered,
    /// Nothing was written to it so far, and nothing can be now.
    #[error("is empty: nothing was recorded in it")]
    Empty,
    /// Written by a newer version.
    #[error("is a history of version {0}, written by a newer cachediag; this one knows up to {1}")]
    Newer(i64, usize),
    /// Pages are missing or damaged.
    #[error(
        "is damaged ({0}); `cachediag history export` may save some of it; delete it to start over"
    )]
    Damaged(String),
    /// Nothing can be written to it.
    #[error("is read-only: nothing is recorded")]
    ReadOnly,
    /// The disk is full, or fails.
    #[error("cannot be written, the disk is full or fails: nothing is recorded")]
    Full,
    /// Another process held it for longer than anybody should.
    #[error("is in use by another process: nothing is recorded")]
    Busy,
    /// It is not there.
    #[error("not found; `cachediag --history` creates it")]
    Missing,
    /// It is not there, and neither is its folder.
    #[error("cannot be made: there is no folder {0}")]
    NoFolder(String),
    /// Files lie in it.
    #[error("is a folder; name a file in it")]
    Folder,
    /// It may not be opened.
    #[error("cannot be opened: {0}")]
    Unopened(String),
    /// A record in it cannot be read.
    #[error("a record cannot be read: {0}")]
    Record(String),
    /// Anything else.
    #[error("{0}")]
    Other(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let (failure, message) = match &error {
            Error::SqliteFailure(failure, message) => (failure, message),
            Error::InvalidPath(_) | Error::NulError(_) => return Self::Unopened(error.to_string()),
            // A number that is a text, a text that is no UTF-8, a row that another one names and
            // that is not there.
            _ => return Self::Damaged(error.to_string()),
        };
        let said = message.clone().unwrap_or_else(|| failure.to_string());
        match failure.code {
            ErrorCode::NotADatabase => Self::NotADatabase,
            // Names that are there twice: what is written is looked up before.
            ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation => Self::Damaged(said),
            ErrorCode::ReadOnly => Self::ReadOnly,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Self::Unopened(said),
            // A truncated file ends in the middle of a page; a full disk leaves no room for the
            // files beside it.
            ErrorCode::SystemIoFailure if is_of_reading(failure.extended_code) => {
                Self::Damaged(said)
            }
            ErrorCode::DiskFull | ErrorCode::SystemIoFailure => Self::Full,
            _ => Self::Other(error),
        }
    }
}

fn is_of_reading(code: i32) -> bool {
    use rusqlite::ffi::{SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_READ, SQLITE_IOERR_SHORT_READ};
    [SQLITE_IOERR_READ, SQLITE_IOERR_SHORT_READ, SQLITE_IOERR_CORRUPTFS].contains(&code)
}
