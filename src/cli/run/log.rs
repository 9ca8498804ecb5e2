//! What a build said on both streams, as one log.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use memchr::memrchr;
use tempfile::NamedTempFile;

use crate::model::Problem;

/// Whole lines, in the order in which they ended: two streams never meet within one. On the disk, because
/// a build may say more than memory holds.
pub(super) struct Log {
    file: NamedTempFile,
    /// Why not all of it is there.
    trouble: Mutex<Option<io::Error>>,
}

impl Log {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { file: tempfile::Builder::new().prefix("cachediag-").tempfile()?, trouble: Mutex::default() })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }

    /// Takes it off the disk: the process may end without giving anything back.
    pub(super) fn remove(&self) {
        // What cannot be removed lies in a folder for such files.
        let _ = std::fs::remove_file(self.file.path());
    }

    /// The build goes on though there may be no room for what it says.
    fn append(&self, bytes: &[u8]) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_none() {
            *trouble = self.file.as_file().write_all(bytes).err();
        }
    }

    /// What is missing in it.
    pub(super) fn problem(&self, source: &str) -> Option<Problem> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().map(|error| Problem {
            source: source.to_owned(),
            line: None,
            message: format!("not all of it could be kept: {error}"),
        })
    }
}

/// A line that does not end is kept in pieces of this size.
const LONGEST: usize = 1 << 20;

/// One of the streams: holds a line back until it has ended.
pub(super) struct Lines<'l> {
    log: &'l Log,
    begun: Vec<u8>,
}

impl<'l> Lines<'l> {
    pub(super) fn of(log: &'l Log) -> Self {
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

impl Drop for Lines<'_> {
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

    #[test]
    fn two_streams_never_meet_within_a_line() {
        let log = Log::new().unwrap();
        let (mut one, mut two) = (Lines::of(&log), Lines::of(&log));
        one.push(b"#1 [1/2] FR");
        two.push(b"warning\nand");
        one.push(b"OM alpine\n#1 DO");
        drop(two);
        one.push(b"NE\n");
        drop(one);
        assert_eq!(std::fs::read_to_string(log.path()).unwrap(), "warning\n#1 [1/2] FROM alpine\nand\n#1 DONE\n");
    }

    #[test]
    fn a_line_without_end_is_not_held_for_ever() {
        let log = Log::new().unwrap();
        let mut lines = Lines::of(&log);
        lines.push(&vec![b'x'; LONGEST + 1]);
        assert!(lines.begun.is_empty());
    }
}
