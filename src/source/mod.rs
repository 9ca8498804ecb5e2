//! Bytes in lines: files, directories, standard input, memory.
//!
//! Hands every line that a [`Sieve`] wants to a sink, in order and with its number, in bounded
//! memory. Knows nothing of what a line means.

mod at;
mod block;
mod checkout;
mod container;
mod digest;
mod discover;
mod find;
mod jobs;
mod like;
mod lines;
mod natural;
mod pipe;
mod placed;
mod progress;
mod same;
mod tee;

pub use checkout::{Checkout, Tracked, TrackedKind};
pub use container::{Content, EXPANDED, LogPart, Reading, Visit, Whole, each};
pub use digest::Digest;
pub use discover::{
    Entry, Found, discover, discover_configs, files_beside, read_small, read_text,
    working_directory,
};
pub use find::find;
pub use like::Likeness;
pub use natural::natural;
pub use progress::Progress;
pub use same::same_bytes;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use at::ReadAt;

/// Longest part of a line that is looked at, unless the sieve wants more of it.
pub const MAX_LINE: usize = 64 << 10;

/// What is looked at to recognise the CI system.
pub const HEAD: usize = 256 << 10;

/// Bytes scanned at a time, unless told otherwise: what a core's own cache holds from the copy by
/// the system to the scan.
pub const BLOCK: usize = 256 << 10;

/// Decides which lines are worth keeping. Called from many threads, each with a state of its own
/// that lasts for one block; a line kept too often does no harm, a line lost does.
pub trait Sieve: Sync {
    /// What is remembered within a block.
    type State: Default;
    /// How much of a line that begins so is looked at; the rest of a longer line is skipped.
    fn longest(&self, _start: &[u8]) -> usize {
        MAX_LINE
    }
    /// What is to become of the line (without its line end).
    fn wants(&self, state: &mut Self::State, line: &[u8]) -> Wanted;
}

/// What is to become of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It says nothing, and neither do the lines that follow it and are like it. It may come
    /// nevertheless: the last line of a block always does, because the next block may want it with
    /// its first.
    No(Option<Likeness>),
    /// It is kept.
    Yes,
    /// It is kept, and so is the line before: it goes on where that one ended.
    WithBefore,
}

/// Takes the wanted lines in order: 1-based line number and bytes.
pub trait Sink: Send {
    /// One line.
    fn line(&mut self, number: u64, bytes: &[u8]);
}

thread_local! {
    /// The buffer of a head that was read, for the next: many small logs would spend their time on
    /// memory.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// One input whose beginning has been read.
pub struct Input {
    /// The first [`HEAD`] bytes.
    pub head: Vec<u8>,
    body: Body,
    blocks: Blocks,
}

/// How an input is cut.
struct Blocks {
    /// Bytes scanned at a time.
    size: usize,
    /// Hears of each block of a file.
    progress: Option<Arc<Progress>>,
}

impl Default for Blocks {
    fn default() -> Self {
        Self { size: BLOCK, progress: None }
    }
}

impl Blocks {
    fn scanned(&self, bytes: u64) {
        self.progress.iter().for_each(|progress| progress.advance(bytes));
    }
}

enum Body {
    /// Bytes that can be read from any place, and how many there are.
    Placed(Box<dyn ReadAt>, u64),
    Pipe(Box<dyn Read + Send>),
}

/// Why an input is not read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// No bytes at all.
    #[error("is empty")]
    Empty,
    /// A container that is not known.
    #[error("is a {0} file: unpack it first")]
    Packed(&'static str),
    /// Something that holds no log.
    #[error("is a {0}, not a log")]
    Foreign(&'static str),
    /// An archive in which there is nothing to read.
    #[error("is an archive without logs")]
    WithoutLogs,
    /// A container that can only be read from a file.
    #[error("is a {0} archive in a stream: give it as a file")]
    NeedsFile(&'static str),
    /// A container in too many others.
    #[error("is {0} in an archive, which is not opened: unpack it first")]
    Nested(&'static str),
    /// An answer of an API that is larger than is read at once.
    #[error(
        "is a JSON document of more than {0} MiB: take the log out of it first (jq -r .content)"
    )]
    Document(u64),
    /// An archive with more in it than is looked at.
    #[error("is an archive of more than {0} members: unpack it first")]
    Members(u64),
    /// It would have to be read as a whole.
    #[error("is longer than {0} bytes, which no such file is")]
    TooLong(u64),
    /// Mostly bytes that no log has.
    #[error("is a binary file, not a log")]
    Binary,
}

impl Input {
    /// A file that holds text.
    ///
    /// # Errors
    /// Where it cannot be read or is no text.
    pub fn of_file(file: File) -> Result<Self, Unreadable> {
        let len = file.metadata()?.len();
        let head = head(&file, len)?;
        Self::of_regular(file, len, head)
    }

    /// The same of a regular file of `len` bytes, the first of which were read.
    fn of_regular(file: File, len: u64, head: Vec<u8>) -> Result<Self, Unreadable> {
        judge(&head)?;
        Ok(Self { head, body: Body::Placed(Box::new(file), len), blocks: Blocks::default() })
    }

    /// Text in memory.
    ///
    /// # Errors
    /// Where it is no text.
    pub fn of_bytes(bytes: Arc<[u8]>) -> Result<Self, Unreadable> {
        let head = bytes.get(..HEAD).unwrap_or(&bytes).to_vec();
        judge(&head)?;
        let len = bytes.len() as u64;
        Ok(Self { head, body: Body::Placed(Box::new(bytes), len), blocks: Blocks::default() })
    }

    /// Reads a stream.
    ///
    /// # Errors
    /// Where it cannot be read or is no text.
    pub fn pipe(mut stream: Box<dyn Read + Send>) -> Result<Self, Unreadable> {
        let mut head = Vec::new();
        stream.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        judge(&head)?;
        Ok(Self { head, body: Body::Pipe(stream), blocks: Blocks::default() })
    }

    /// Scans so many bytes at a time. The result cannot depend on it.
    #[must_use]
    pub fn in_blocks_of(self, bytes: usize) -> Self {
        Self { blocks: Blocks { size: bytes.max(1), ..self.blocks }, ..self }
    }

    /// Says how far a file has been read. A stream is counted where it comes from.
    #[must_use]
    pub fn counted(self, progress: Option<Arc<Progress>>) -> Self {
        Self { blocks: Blocks { progress, ..self.blocks }, ..self }
    }

    /// Gives every wanted line to the sink and returns the number of lines.
    ///
    /// # Errors
    /// Where reading stops before the end; what was read until then is with the sink.
    pub fn scan<S: Sieve>(self, sieve: &S, sink: &mut impl Sink) -> io::Result<u64> {
        let size = self.blocks.size;
        match self.body {
            Body::Placed(_, len) if len <= self.head.len().min(size) as u64 => {
                let kept = block::WantedLines::of(&self.head, sieve);
                self.blocks.scanned(len);
                kept.pour(0, sink);
                SPARE.set(self.head);
                Ok(kept.lines)
            }
            Body::Placed(bytes, len) => placed::scan(&*bytes, len, &self.blocks, sieve, sink),
            Body::Pipe(stream) if self.head.len() > size => {
                let stream = Box::new(Cursor::new(self.head).chain(stream));
                pipe::scan(Vec::new(), stream, size, sieve, sink)
            }
            Body::Pipe(stream) => pipe::scan(self.head, stream, size, sieve, sink),
        }
    }
}

/// The first bytes of a file: those of most logs.
fn head(file: &File, len: u64) -> io::Result<Vec<u8>> {
    let mut head = SPARE.take();
    head.clear();
    at::beginning(file, HEAD.min(usize::try_from(len).unwrap_or(HEAD)), &mut head)?;
    Ok(head)
}

/// A log may hold NUL and invalid UTF-8 in places, so only an unlikely share of them is refused.
fn judge(head: &[u8]) -> Result<(), Unreadable> {
    if head.is_empty() {
        return Err(Unreadable::Empty);
    }
    let sample = head.get(..8192).unwrap_or(head);
    // Counted in bytes, of which the processor takes many at once.
    let odd = |part: &[u8]| {
        part.iter().map(|b| u8::from(matches!(b, 0..=6 | 14..=26 | 28..=31))).sum::<u8>()
    };
    let odd: usize = sample.chunks(usize::from(u8::MAX)).map(odd).map(usize::from).sum();
    if odd * 10 > sample.len() * 3 { Err(Unreadable::Binary) } else { Ok(()) }
}
