//! Opens the file, makes it where it is not there, and brings it to this version.

use std::collections::HashMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::schema::{APPLICATION, MIGRATIONS};
use super::{ReadOnly, Store, Trouble};

/// How long another process may write before this one gives up.
const PATIENCE: Duration = Duration::from_secs(20);

impl Store {
    /// Opens a history to read and write; one that cannot be written is opened to be read.
    ///
    /// # Errors
    /// Where the file is no history, or one that this version cannot read.
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        match Self::writable(path) {
            Err(Trouble::Full) if path.exists() => Self::refused(path, ReadOnly::Full),
            Err(Trouble::ReadOnly | Trouble::Unopened(_)) if path.exists() => Self::existing(path),
            Err(Trouble::Unopened(_)) if !folder(path).exists() => {
                Err(Trouble::NoFolder(folder(path).display().to_string()))
            }
            other => other,
        }
    }

    /// Opens a history to read; one that is not there is not made.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn existing(path: &Path) -> Result<Self, Trouble> {
        if path.exists() { Self::refused(path, ReadOnly::ReadOnly) } else { Err(Trouble::Missing) }
    }

    fn refused(path: &Path, why: ReadOnly) -> Result<Self, Trouble> {
        // Who may write takes the files beside it away again when he closes it, also where he only
        // reads.
        let how = match why {
            ReadOnly::ReadOnly => OpenFlags::SQLITE_OPEN_READ_WRITE,
            ReadOnly::Full => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let connection = match connect(path, how) {
            // Where nothing can be written there is no room for the files beside a shared one; then
            // nobody writes to it.
            Err(Trouble::Unopened(_) | Trouble::ReadOnly | Trouble::Full) if path.exists() => {
                unshared(path)?
            }
            other => other?,
        };
        let store =
            Self { connection, read_only: Some(why), samples: HashMap::new(), until: i64::MAX };
        match store.version()? {
            0 => Err(Trouble::Empty),
            version if version < MIGRATIONS.len() => {
                drop(store);
                Self::writable(path)
            }
            _ => store.checked(),
        }
    }

    /// Its tables are those of this version and no others: a view or a trigger would be obeyed.
    fn checked(self) -> Result<Self, Trouble> {
        let made = Connection::open_in_memory()?;
        MIGRATIONS.iter().try_for_each(|step| made.execute_batch(step))?;
        if schema(&self.connection)? == schema(&made)? { Ok(self) } else { Err(Trouble::Altered) }
    }

    fn writable(path: &Path) -> Result<Self, Trouble> {
        let connection =
            connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let mut store =
            Self { connection, read_only: None, samples: HashMap::new(), until: i64::MAX };
        // A file of this version needs no lock.
        if store.version()? < MIGRATIONS.len() {
            store.migrate()?;
        }
        if store.connection.is_readonly("main")? {
            store.read_only = Some(ReadOnly::ReadOnly);
        }
        store.connection.pragma_update(None, "synchronous", "FULL")?;
        store.checked()
    }

    /// 0 for a file that is new. What tells it is read at one moment: another process may be making
    /// the file.
    fn version(&self) -> Result<usize, Trouble> {
        let moment = self.connection.unchecked_transaction()?;
        let number = |name| moment.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (application, version) = (number("application_id")?, number("user_version")?);
        let tables: i64 =
            moment.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let ours = application == i64::from(APPLICATION)
            || (application == 0 && version == 0 && tables == 0);
        match usize::try_from(version) {
            _ if !ours => Err(Trouble::Foreign),
            Ok(known) if known <= MIGRATIONS.len() => Ok(known),
            _ => Err(Trouble::Newer(version, MIGRATIONS.len())),
        }
    }

    /// Several processes may find the file new at the same time: the first one makes it, the others
    /// see it made.
    fn migrate(&mut self) -> Result<(), Trouble> {
        self.share()?;
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 =
            transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for step in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or_default()) {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
        Ok(transaction.commit()?)
    }

    /// Readers go on while one writes. This change alone waits for nobody by itself.
    fn share(&self) -> Result<(), Trouble> {
        let begun = Instant::now();
        loop {
            match self.connection.pragma_update(None, "journal_mode", "WAL").map_err(Trouble::from)
            {
                Err(Trouble::Busy) if begun.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(5));
                }
                done => return done,
            }
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What is in a file: kinds, names, and how each was made; not what `ANALYZE` adds.
fn schema(connection: &Connection) -> Result<Vec<(String, String, Option<String>)>, Trouble> {
    let list =
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'
                ORDER BY name LIMIT 64";
    let mut statement = connection.prepare(list)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn connect(path: &Path, how: OpenFlags) -> Result<Connection, Trouble> {
    if path.is_dir() {
        return Err(Trouble::Folder);
    }
    // Without a folder in front `:memory:` would be no file.
    let connection = Connection::open_with_flags(
        Path::new(".").join(path),
        how | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(PATIENCE)?;
    // The file may come from anybody: its tables are data.
    for (obeyed, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        connection.set_db_config(obeyed, on)?;
    }
    connection.pragma_update(None, "trusted_schema", false)?;
    // Opening reads nothing: the first look tells what the file is.
    let _: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(connection)
}

/// <https://www.sqlite.org/uri.html>: read as a file that nobody changes.
fn unshared(path: &Path) -> Result<Connection, Trouble> {
    let encoded =
        path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(format!("file:{encoded}?immutable=1"), flags)?)
}
