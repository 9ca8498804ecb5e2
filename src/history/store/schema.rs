//! The tables of the file, and how a file of each earlier version becomes one of this.

/// `cadi`: marks the file as a history (`file(1)` shows it, and no other program's file is written
/// to).
pub(super) const APPLICATION: i32 = i32::from_be_bytes(*b"cadi");

/// One step a released version, the oldest first: the number of steps is the version
/// (`user_version`). A step is never changed once it is released.
pub(super) static MIGRATIONS: &[&str] = &[FIRST];

/// A record is compressed against a sample of its job, the text of an earlier record: builds of one
/// job say nearly the same.
const FIRST: &str = "
    CREATE TABLE samples (
        id INTEGER PRIMARY KEY,
        text BLOB NOT NULL             -- a record as JSON, compressed
    ) STRICT;
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY,
        scope TEXT NOT NULL,           -- repository and pipeline
        name TEXT NOT NULL,            -- job and leg
        last INTEGER NOT NULL,         -- newest record, microseconds since 1970
        sample INTEGER REFERENCES samples(id),
        UNIQUE (scope, name)
    ) STRICT;
    CREATE INDEX jobs_by_time ON jobs (scope, last);
    CREATE TABLE records (
        key INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,       -- the record's name, 16 bytes
        job INTEGER NOT NULL REFERENCES jobs(id),
        recorded INTEGER NOT NULL,     -- microseconds since 1970
        sample INTEGER REFERENCES samples(id),
        body BLOB NOT NULL             -- the record as JSON, compressed
    ) STRICT;
    CREATE INDEX records_by_job ON records (job, recorded);
    CREATE INDEX records_by_time ON records (recorded);
";
