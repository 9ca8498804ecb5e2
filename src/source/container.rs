//! Compressed files and archives, read through: `.gz`, `.zst`, `.tar`, `.tar.gz`, `.zip`, UTF-16; and
//! JSON documents of APIs.
//!
//! What a file is decides its first bytes, not its name. Members of an archive may be compressed
//! once more, but archives in archives are not opened, and nothing expands without bound.

mod bounded;
mod directory;
mod document;
mod jobs;
mod names;
mod packed;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use encoding_rs_io::DecodeReaderBytes;
use tempfile::SpooledTempFile;

use super::progress::Counted;
use super::tee::Tee;
use super::{BLOCK, Entry, Input, MAX_LINE, Progress, Unreadable};
use bounded::{Bounded, Budget};
use packed::{Packed, packed};

/// How much one file may expand to unless told otherwise.
pub const EXPANDED: u64 = 4 << 30;

/// Members up to this size are kept in memory, larger ones in an unnamed file.
const IN_MEMORY: usize = 8 << 20;

/// How to read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Passes standard input through to standard output.
    pub tee: bool,
    /// Bytes one compressed file or archive may expand to.
    pub expanded: u64,
    /// Bytes scanned at a time; the result does not depend on it.
    pub block: usize,
    /// Hears how far files have been read.
    pub progress: Option<Arc<Progress>>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { tee: false, expanded: EXPANDED, block: BLOCK, progress: None }
    }
}

/// One log, by itself or in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Name in the report; a member's follows its archive's: `logs.zip/0_build.txt`.
    pub name: String,
    /// Job that the member is the log of, where the archive's layout tells.
    pub job: Option<String>,
}

/// Takes each log of an input, or why it is not read.
pub type Visit<'v> = dyn FnMut(&Part, Result<Input, Unreadable>) + 'v;

/// Opens a file, or standard input for `-`, and visits every log in it.
pub fn each(entry: &Entry, reading: &Reading, visit: &mut Visit) {
    let part = Part { name: entry.name.clone(), job: None };
    let visit: &mut Visit = &mut |part, input| visit(part, input.map(|input| input.in_blocks_of(reading.block)));
    if let Err(e) = open(entry, &part, reading, visit) {
        visit(&part, Err(e));
    }
}

fn open(entry: &Entry, part: &Part, reading: &Reading, visit: &mut Visit) -> Result<(), Unreadable> {
    let budget = Budget::new(reading.expanded);
    if let Some(bytes) = &entry.bytes {
        match packed(bytes) {
            Packed::No => visit(part, Input::of_bytes(bytes.clone())),
            Packed::Zip => unzip(part, Cursor::new(bytes), &budget, visit)?,
            _ => expand(part, Box::new(Cursor::new(bytes.clone())), Depth::default(), &budget, visit)?,
        }
        return Ok(());
    }
    if entry.path == Path::new("-") {
        let stdin: Box<dyn Read + Send> =
            if reading.tee { Box::new(Tee::new(io::stdin(), io::stdout())) } else { Box::new(io::stdin()) };
        return expand(part, stdin, Depth::default(), &budget, visit);
    }
    let mut file = File::open(&entry.path)?;
    if !file.metadata()?.is_file() {
        return expand(part, Box::new(file), Depth::default(), &budget, visit);
    }
    let mut start = Vec::new();
    (&file).take(packed::START as u64).read_to_end(&mut start)?;
    file.rewind()?;
    match packed(&start) {
        Packed::No => visit(part, Input::of_file(file).map(|input| input.counted(reading.progress.clone()))),
        Packed::Zip => unzip(part, counted(file, reading), &budget, visit)?,
        _ => expand(part, Box::new(counted(file, reading)), Depth::default(), &budget, visit)?,
    }
    Ok(())
}

fn counted(file: File, reading: &Reading) -> Counted<File> {
    Counted { inner: file, progress: reading.progress.clone() }
}

/// How many containers are around a stream.
#[derive(Clone, Copy, Default)]
struct Depth {
    archives: u8,
    layers: u8,
}

/// Takes one container off, and the next, until there is text.
fn expand(
    part: &Part,
    mut stream: Box<dyn Read + Send>,
    depth: Depth,
    budget: &Budget,
    visit: &mut Visit,
) -> Result<(), Unreadable> {
    let mut start = Vec::new();
    stream.by_ref().take(packed::START as u64).read_to_end(&mut start)?;
    let form = packed(&start);
    let stream = Box::new(Cursor::new(start).chain(stream));
    let inner = Depth { layers: depth.layers + 1, ..depth };
    match form {
        Packed::Gzip | Packed::Zstd if depth.layers > 1 => return Err(Unreadable::Nested("compressed file")),
        Packed::Zip | Packed::Tar if depth.archives > 0 => return Err(Unreadable::Nested("archive")),
        Packed::Gzip => {
            let decoder = flate2::read::MultiGzDecoder::new(stream);
            expand(part, Box::new(Bounded::new(decoder, budget)), inner, budget, visit)?;
        }
        Packed::Zstd => {
            let mut decoder = zstd::Decoder::new(stream)?;
            decoder.window_log_max(WINDOW)?;
            let decoder = Explained(decoder);
            expand(part, Box::new(Bounded::new(decoder, budget)), inner, budget, visit)?;
        }
        Packed::Utf16 => visit(part, Input::pipe(Box::new(DecodeReaderBytes::new(stream)))),
        Packed::Document => visit(part, document(Bounded::new(stream, budget))),
        Packed::Tar => untar(part, stream, inner, budget, visit)?,
        Packed::Zip => return Err(Unreadable::NeedsFile("zip")),
        Packed::Other(kind) => return Err(Unreadable::Packed(kind)),
        Packed::No => visit(part, Input::pipe(stream)),
    }
    Ok(())
}

/// What `.zst` may look back, as a power of two: 32 MiB. `zstd` itself stays below without `--long` and `--ultra`.
const WINDOW: u32 = 25;

/// Says what to do where more would be needed.
struct Explained<R>(R);

impl<R: Read> Read for Explained<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.to_string() {
            said if said.contains("too much memory") => {
                io::Error::other("needs a window of more than 32 MiB: compress it without --long")
            }
            _ => error,
        })
    }
}

/// Bytes of an answer of an API, at the most.
const DOCUMENT: u64 = 12 << 20;

/// The log in the answer of an API, which is read as a whole; what is none is a log itself.
fn document(mut stream: impl Read + Send + 'static) -> Result<Input, Unreadable> {
    let mut bytes = Vec::new();
    stream.by_ref().take(DOCUMENT).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == DOCUMENT {
        // Lines of JSON are a log; an answer is one line, or has a bracket around its lines.
        let lines = bytes.starts_with(b"{") && bytes.get(..MAX_LINE).is_some_and(|start| start.contains(&b'\n'));
        let whole = Box::new(Cursor::new(bytes).chain(stream));
        return if lines { Input::pipe(whole) } else { Err(Unreadable::Document(DOCUMENT >> 20)) };
    }
    let log = document::log(&bytes).unwrap_or(bytes);
    Input::pipe(Box::new(Cursor::new(log)))
}

fn untar(part: &Part, stream: impl Read, depth: Depth, budget: &Budget, visit: &mut Visit) -> Result<(), Unreadable> {
    let mut archive = tar::Archive::new(stream);
    let mut names = names::Names::default();
    // Raw: the crate would read a name of any length.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let Some(name) = names.of(&mut entry)? else { continue };
        if entry.header().entry_type().is_file() && super::discover::is_log(Path::new(&name)) {
            let depth = Depth { archives: 1, ..depth };
            member(part, &name, entry, depth, budget, visit);
        }
    }
    Ok(())
}

fn unzip(part: &Part, mut file: impl Read + Seek, budget: &Budget, visit: &mut Visit) -> Result<(), Unreadable> {
    directory::check(&mut file)?;
    let mut archive = zip::ZipArchive::new(file).map_err(io::Error::other)?;
    let mut names: Vec<String> = archive.file_names().flatten().map(Cow::into_owned).collect();
    names.sort_by(|a, b| natord::compare(a, b).then_with(|| a.cmp(b)));
    let whole = jobs::whole(&names);
    let wanted = names.iter().filter(|name| super::discover::is_log(Path::new(name)) && !jobs::is_copy(name, &whole));
    for name in wanted {
        match archive.by_name(name) {
            Ok(entry) => member(part, name, entry, Depth { archives: 1, layers: 1 }, budget, visit),
            Err(e) => visit(&inside(part, name), Err(io::Error::other(e).into())),
        }
    }
    Ok(())
}

/// Copies a member out, so that its scan needs nothing of the archive, and reads it.
fn member(part: &Part, name: &str, entry: impl Read, depth: Depth, budget: &Budget, visit: &mut Visit) {
    let part = inside(part, name);
    let mut copy = SpooledTempFile::new(IN_MEMORY);
    let copied =
        io::copy(&mut Bounded::new(entry, budget), &mut copy).and_then(|_| copy.flush()).and_then(|()| copy.rewind());
    let read = copied.map_err(Unreadable::from).and_then(|()| expand(&part, Box::new(copy), depth, budget, visit));
    if let Err(e) = read {
        visit(&part, Err(e));
    }
}

fn inside(part: &Part, name: &str) -> Part {
    Part { name: format!("{}/{name}", part.name), job: jobs::job_of(name) }
}

#[cfg(test)]
mod tests;
