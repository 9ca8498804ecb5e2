//! What a build said on both streams, as one log.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memchr::memrchr;

use crate::model::Problem;
use crate::source::Entry;

/// Whole lines, in the order in which they ended: two streams never meet within one.
pub(super) struct WholeLines(Mutex<KeptLog>);

struct KeptLog {
    room: Room,
    /// Why not all of it is there.
    trouble: Option<io::Error>,
}

/// Where it is kept.
enum Room {
    /// On the disk, because a build may say more than memory holds; without a name where the system
    /// allows it, so that nothing is left there whatever ends this process.
    Disk(File, Place),
    /// Where there is no folder to write to: as much as [`MEMORY`].
    Memory(Vec<u8>),
}

/// Under which path it is read.
#[cfg(unix)]
type Place = PathBuf;
/// And which is removed with it.
#[cfg(not(unix))]
type Place = tempfile::TempPath;

/// Bytes that are kept without a disk.
const MEMORY: usize = 12 << 20;

impl WholeLines {
    pub(super) fn new() -> Self {
        let folders = [
            std::env::temp_dir(),
            PathBuf::from("."),
            PathBuf::from("/var/tmp"),
            PathBuf::from("/dev/shm"),
        ];
        let room =
            folders.iter().find_map(|folder| on_disk(folder)).unwrap_or(Room::Memory(Vec::new()));
        Self(Mutex::new(KeptLog { room, trouble: None }))
    }

    fn kept(&self) -> MutexGuard<'_, KeptLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was said until now, to be read under this name.
    pub(super) fn entry(&self, name: &str) -> Entry {
        match &self.kept().room {
            Room::Disk(_, path) => Entry {
                path: AsRef::<Path>::as_ref(path).to_owned(),
                name: name.to_owned(),
                bytes: None,
            },
            Room::Memory(bytes) => Entry {
                path: PathBuf::from(name),
                name: name.to_owned(),
                bytes: Some(Arc::from(bytes.as_slice())),
            },
        }
    }

    /// Takes it off the disk: the process may end without giving anything back.
    pub(super) fn remove(&self) {
        self.kept().room = Room::Memory(Vec::new());
    }

    /// The build goes on though there may be no room for what it says.
    fn append(&self, bytes: &[u8]) {
        let mut kept = self.kept();
        if kept.trouble.is_none() {
            kept.trouble = kept.room.append(bytes).err();
        }
    }

    /// What is missing in it.
    pub(super) fn problem(&self, source: &str) -> Option<Problem> {
        let kept = self.kept();
        kept.trouble.as_ref().map(|error| Problem {
            source: source.to_owned(),
            line: None,
            message: format!("not all of it could be kept: {error}"),
        })
    }
}

impl Room {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Disk(file, _) => file.write_all(bytes),
            Self::Memory(kept) if kept.len() + bytes.len() > MEMORY => {
                let limit = MEMORY >> 20;
                Err(io::Error::other(format!(
                    "no temporary folder can be written to, and it has more than {limit} MiB"
                )))
            }
            Self::Memory(kept) => {
                kept.extend_from_slice(bytes);
                Ok(())
            }
        }
    }
}

/// A file that has no name any more, and the path under which this process opens it again.
#[cfg(unix)]
fn on_disk(folder: &Path) -> Option<Room> {
    use std::os::fd::AsRawFd;
    let file = tempfile::tempfile_in(folder).ok()?;
    let path = PathBuf::from(format!("/dev/fd/{}", file.as_raw_fd()));
    File::open(&path).is_ok().then_some(Room::Disk(file, path))
}

#[cfg(not(unix))]
fn on_disk(folder: &Path) -> Option<Room> {
    let file = tempfile::Builder::new().prefix("cachediag-").tempfile_in(folder).ok()?;
    let (file, path) = file.into_parts();
    Some(Room::Disk(file, path))
}

/// A line that does not end is kept in pieces of this size.
const LONGEST: usize = 1 << 20;

/// One of the streams: holds a line back until it has ended.
pub(super) struct StreamLines<'l> {
    log: &'l WholeLines,
    begun: Vec<u8>,
}

impl<'l> StreamLines<'l> {
    pub(super) fn of(log: &'l WholeLines) -> Self {
        Self { log, begun: Vec::new() }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.begun.extend_from_slice(bytes);
        let whole = memrchr(b'\n', &self.begun).map_or(0, |at| at + 1);
        let whole = if self.begun.len() - whole > LONGEST { self.begun.len() } else { whole };
        if whole > 0 {
            let rest = self.begun.split_off(whole);
            self.log.append(&self.begun);
            self.begun = rest;
        }
    }
}

impl Drop for StreamLines<'_> {
    /// The last line of a stream may have no end.
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            self.begun.push(b'\n');
            self.log.append(&self.begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(log: &WholeLines) -> String {
        let entry = log.entry("output");
        entry.bytes.map_or_else(
            || std::fs::read_to_string(&entry.path).unwrap(),
            |bytes| String::from_utf8(bytes.to_vec()).unwrap(),
        )
    }

    fn in_memory() -> WholeLines {
        WholeLines(Mutex::new(KeptLog { room: Room::Memory(Vec::new()), trouble: None }))
    }

    #[test]
    fn two_streams_never_meet_within_a_line() {
        for log in [WholeLines::new(), in_memory()] {
            let (mut one, mut two) = (StreamLines::of(&log), StreamLines::of(&log));
            one.push(b"#1 [1/2] FR");
            two.push(b"warning\nand");
            one.push(b"OM alpine\n#1 DO");
            drop(two);
            one.push(b"NE\n");
            drop(one);
            assert_eq!(text(&log), "warning\n#1 [1/2] FROM alpine\nand\n#1 DONE\n");
        }
    }

    #[test]
    fn a_line_without_end_is_not_held_for_ever() {
        let log = WholeLines::new();
        let mut lines = StreamLines::of(&log);
        lines.push(&vec![b'x'; LONGEST + 1]);
        assert!(lines.begun.is_empty());
    }

    #[test]
    fn memory_has_a_bound_and_says_so() {
        let log = in_memory();
        log.append(&vec![b'x'; MEMORY]);
        assert!(log.problem("output").is_none());
        log.append(b"y");
        assert!(log.problem("output").unwrap().message.contains("12 MiB"));
        assert_eq!(text(&log).len(), MEMORY);
    }
}
