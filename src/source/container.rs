//! Compressed files and archives, read through: `.gz`, `.zst`, `.tar`, `.tar.gz`, `.zip`, UTF-16;
//! and JSON documents of APIs.
//!
//! What a file is decides its first bytes, not its name. Members of an archive may be compressed
//! once more, but archives in archives are not opened unless they are image layouts, and nothing
//! expands without bound. Files that somebody wants as a whole are handed out so.

mod bounded;
mod cloudwatch;
mod directory;
mod document;
mod mail;
mod names;
mod packed;
mod semaphore;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use encoding_rs_io::DecodeReaderBytes;
use tempfile::SpooledTempFile;

use super::progress::CountedReader;
use super::tee::Tee;
use super::{BLOCK, Entry, Input, MAX_LINE, Progress, Unreadable, jobs, natural};
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
    /// Which files are handed out as a whole.
    pub whole: Whole,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            tee: false,
            expanded: EXPANDED,
            block: BLOCK,
            progress: None,
            whole: Whole::default(),
        }
    }
}

/// Files that are wanted as a whole, not line by line.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    /// Whether a file that begins so is one; it sees [`Whole::START`] bytes.
    pub begins: fn(&[u8]) -> bool,
    /// The longest that is read.
    pub longest: u64,
}

impl Whole {
    /// Bytes of a file that are shown.
    pub const START: usize = packed::START;

    /// Whether a file is one, or an archive of an image layout, whatever its name.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        let start = |file: File| -> io::Result<Vec<u8>> {
            let mut start = Vec::new();
            file.take(PEEK).read_to_end(&mut start)?;
            Ok(start)
        };
        File::open(path).and_then(start).is_ok_and(|start| self.wants(&start))
    }

    /// The same of the first bytes of a file.
    pub(super) fn wants(&self, start: &[u8]) -> bool {
        (self.begins)(start.get(..Self::START).unwrap_or(start)) || packed::is_layout(start)
    }
}

impl Default for Whole {
    fn default() -> Self {
        Self { begins: |_| false, longest: 0 }
    }
}

/// What is looked at of a member, or of a file in a folder, to tell what it is: enough for the
/// first header of a compressed archive.
const PEEK: u64 = 4096;

/// What is in a file.
pub enum Content {
    /// Lines.
    Log(Input),
    /// All bytes of a file that is wanted as a whole.
    Whole(Vec<u8>),
}

/// What counts while one input is opened.
struct Limits {
    budget: Budget,
    whole: Whole,
}

/// One log, by itself or in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPart {
    /// Name in the report; a member's follows its archive's: `logs.zip/0_build.txt`.
    pub name: String,
    /// Job that the member is the log of, where the archive's layout tells.
    pub job: Option<String>,
}

/// Takes each log of an input, or why it is not read.
pub type Visit<'v> = dyn FnMut(&LogPart, Result<Content, Unreadable>) + 'v;

/// Opens a file, or standard input for `-`, and visits every log in it.
pub fn each(entry: &Entry, reading: &Reading, visit: &mut Visit) {
    let part = LogPart { name: entry.name.clone(), job: None };
    let visit: &mut Visit = &mut |part, content| {
        let cut = |content| match content {
            Content::Log(input) => Content::Log(input.in_blocks_of(reading.block)),
            whole @ Content::Whole(_) => whole,
        };
        visit(part, content.map(cut));
    };
    if let Err(e) = open(entry, &part, reading, visit) {
        visit(&part, Err(e));
    }
}

fn open(
    entry: &Entry,
    part: &LogPart,
    reading: &Reading,
    visit: &mut Visit,
) -> Result<(), Unreadable> {
    let limits = &Limits { budget: Budget::new(reading.expanded), whole: reading.whole };
    if let Some(bytes) = &entry.bytes {
        return open_bytes(bytes, part, limits, visit);
    }
    if entry.path == Path::new("-") {
        let stdin: Box<dyn Read + Send> = if reading.tee {
            Box::new(Tee::new(io::stdin(), io::stdout()))
        } else {
            Box::new(io::stdin())
        };
        return expand(part, stdin, Depth::default(), limits, visit);
    }
    let mut file = File::open(&entry.path)?;
    let known = file.metadata()?;
    if !known.is_file() {
        return expand(part, Box::new(file), Depth::default(), limits, visit);
    }
    let head = super::head(&file, known.len())?;
    let form = packed(&head);
    if matches!(form, Packed::No) && !limits.begins(&head) {
        let input = Input::of_regular(file, known.len(), head);
        log(part, input.map(|input| input.counted(reading.progress.clone())), visit);
        return Ok(());
    }
    // Windows moves on where it reads.
    file.rewind()?;
    match form {
        Packed::Zip => unzip(part, counted(file, reading), limits, visit),
        _ => expand(part, Box::new(counted(file, reading)), Depth::default(), limits, visit),
    }
}

fn open_bytes(
    bytes: &Arc<[u8]>,
    part: &LogPart,
    limits: &Limits,
    visit: &mut Visit,
) -> Result<(), Unreadable> {
    match packed(bytes) {
        Packed::No if !limits.begins(bytes) => {
            log(part, Input::of_bytes(bytes.clone()), visit);
            Ok(())
        }
        Packed::Zip => unzip(part, Cursor::new(bytes), limits, visit),
        _ => expand(part, Box::new(Cursor::new(bytes.clone())), Depth::default(), limits, visit),
    }
}

fn log(part: &LogPart, input: Result<Input, Unreadable>, visit: &mut Visit) {
    visit(part, input.map(Content::Log));
}

impl Limits {
    fn begins(&self, start: &[u8]) -> bool {
        (self.whole.begins)(start.get(..Whole::START).unwrap_or(start))
    }
}

fn counted(file: File, reading: &Reading) -> CountedReader<File> {
    CountedReader { inner: file, progress: reading.progress.clone() }
}

/// How many containers are around a stream.
#[derive(Clone, Copy, Default)]
struct Depth {
    archives: u8,
    layers: u8,
}

/// Takes one container off, and the next, until there is text.
fn expand(
    part: &LogPart,
    mut stream: Box<dyn Read + Send>,
    depth: Depth,
    limits: &Limits,
    visit: &mut Visit,
) -> Result<(), Unreadable> {
    let mut start = Vec::new();
    stream.by_ref().take(PEEK).read_to_end(&mut start)?;
    let form = packed(&start);
    let wanted = limits.begins(&start);
    // A `.dockerbuild` is compressed, and lies in an archive that may be so, too.
    let layout = depth.archives == 1 && packed::is_layout(&start);
    let nested = depth.archives > 0 && !layout;
    let stream = Box::new(Cursor::new(start).chain(stream));
    let inner = Depth { layers: depth.layers + 1, ..depth };
    match form {
        Packed::No | Packed::Document if wanted => visit(part, whole(stream, limits)),
        Packed::Gzip | Packed::Zstd if depth.layers > 1 && !layout => {
            return Err(Unreadable::Nested("compressed file"));
        }
        Packed::Zip | Packed::Tar if nested => return Err(Unreadable::Nested("archive")),
        Packed::Gzip => {
            let decoder = flate2::read::MultiGzDecoder::new(stream);
            expand(part, Box::new(Bounded::new(decoder, &limits.budget)), inner, limits, visit)?;
        }
        Packed::Zstd => {
            let mut decoder = zstd::Decoder::new(stream)?;
            decoder.window_log_max(WINDOW)?;
            let decoder = Explained(decoder);
            expand(part, Box::new(Bounded::new(decoder, &limits.budget)), inner, limits, visit)?;
        }
        Packed::Utf16 => log(part, Input::pipe(Box::new(DecodeReaderBytes::new(stream))), visit),
        Packed::Document => log(part, document(Bounded::new(stream, &limits.budget)), visit),
        Packed::Tar => untar(part, stream, inner, limits, visit)?,
        Packed::Zip => return Err(Unreadable::NeedsFile("zip")),
        Packed::Other(kind) => return Err(Unreadable::Packed(kind)),
        Packed::Foreign(kind) => return Err(Unreadable::Foreign(kind)),
        Packed::No => log(part, Input::pipe(stream), visit),
    }
    Ok(())
}

/// What `.zst` may look back, as a power of two: 32 MiB. `zstd` itself stays below without `--long`
/// and `--ultra`.
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

/// Bytes of a file that are copied at a time.
const AT_ONCE: usize = 64 << 10;

/// A file that is wanted as a whole.
fn whole(stream: impl Read, limits: &Limits) -> Result<Content, Unreadable> {
    let longest = limits.whole.longest;
    // Room that is not written to costs nothing; a list that grows copies megabytes again and again.
    let mut bytes = Vec::with_capacity(usize::try_from(longest).unwrap_or_default());
    let stream = Bounded::new(stream, &limits.budget).take(longest + 1);
    let mut stream = BufReader::with_capacity(AT_ONCE, stream);
    // `read_to_end` clears the room that it then reads into, in the end all of it.
    loop {
        let part = stream.fill_buf()?;
        if part.is_empty() {
            break;
        }
        bytes.extend_from_slice(part);
        let taken = part.len();
        stream.consume(taken);
    }
    if bytes.len() as u64 > longest {
        return Err(Unreadable::TooLong(longest));
    }
    Ok(Content::Whole(bytes))
}

/// The log in the answer of an API, which is read as a whole; what is none is a log itself.
fn document(mut stream: impl Read + Send + 'static) -> Result<Input, Unreadable> {
    let mut bytes = Vec::new();
    stream.by_ref().take(DOCUMENT).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == DOCUMENT {
        // Lines of JSON are a log; an answer is one line, or has a bracket around its lines.
        let lines = bytes.starts_with(b"{")
            && bytes.get(..MAX_LINE).is_some_and(|start| start.contains(&b'\n'));
        let whole = Box::new(Cursor::new(bytes).chain(stream));
        return if lines { Input::pipe(whole) } else { Err(Unreadable::Document(DOCUMENT >> 20)) };
    }
    let log = document::log(&bytes).unwrap_or(bytes);
    Input::pipe(Box::new(Cursor::new(log)))
}

fn untar(
    part: &LogPart,
    stream: impl Read,
    depth: Depth,
    limits: &Limits,
    visit: &mut Visit,
) -> Result<(), Unreadable> {
    let mut archive = tar::Archive::new(stream);
    let mut names = names::MemberName::default();
    let (mut members, mut read, mut image) = (0, false, false);
    // Raw: the crate would read a name of any length.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        members += 1;
        if members > directory::MEMBERS {
            return Err(Unreadable::Members(directory::MEMBERS));
        }
        let Some(name) = names.of(&mut entry)? else { continue };
        image |= matches!(name.trim_start_matches("./"), "oci-layout" | "repositories");
        if entry.header().entry_type().is_file() && !is_of_image(&name) {
            let depth = Depth { archives: depth.archives + 1, ..depth };
            let visit: &mut Visit = &mut |part, content| {
                read |= content.is_ok();
                visit(part, content);
            };
            wanted(part, &name, entry, depth, limits, visit);
        }
    }
    match (read, image) {
        (true, _) => Ok(()),
        (false, true) => Err(Unreadable::Foreign("container image")),
        (false, false) => Err(Unreadable::WithoutLogs),
    }
}

/// A member of what `docker save` writes, which has the name of a log.
fn is_of_image(name: &str) -> bool {
    let name = name.trim_start_matches("./");
    let digest = |name: &str| name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
    matches!(name, "manifest.json" | "repositories")
        || name.strip_suffix(".json").is_some_and(digest)
        || name.ends_with("/layer.tar")
}

fn unzip(
    part: &LogPart,
    mut file: impl Read + Seek,
    limits: &Limits,
    visit: &mut Visit,
) -> Result<(), Unreadable> {
    directory::check(&mut file)?;
    let mut archive = zip::ZipArchive::new(file).map_err(io::Error::other)?;
    let mut names: Vec<String> = archive.file_names().flatten().map(Cow::into_owned).collect();
    names.sort_by(|a, b| natural(a, b));
    let whole = jobs::whole(names.iter().map(String::as_str));
    for name in names.iter().filter(|name| !jobs::is_copy(name, &whole)) {
        match archive.by_name(name) {
            Ok(entry) => wanted(part, name, entry, Depth { archives: 1, layers: 1 }, limits, visit),
            Err(e) if super::discover::is_log(Path::new(name)) => {
                visit(&inside(part, name), Err(io::Error::other(e).into()));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// Reads a member that has the name of a log, or begins as a file that is wanted as a whole.
fn wanted(
    part: &LogPart,
    name: &str,
    mut entry: impl Read,
    depth: Depth,
    limits: &Limits,
    visit: &mut Visit,
) {
    if super::discover::is_log(Path::new(name)) {
        return member(part, name, entry, depth, limits, visit);
    }
    let mut start = Vec::new();
    let read = Bounded::new(entry.by_ref(), &limits.budget).take(PEEK).read_to_end(&mut start);
    if read.is_err() || !limits.whole.wants(&start) {
        return;
    }
    let plain = matches!(packed(&start), Packed::No | Packed::Document) && limits.begins(&start);
    let entry = Cursor::new(start).chain(entry);
    if plain {
        return visit(&inside(part, name), whole(entry, limits));
    }
    member(part, name, entry, depth, limits, visit);
}

/// Copies a member out, so that its scan needs nothing of the archive, and reads it.
fn member(
    part: &LogPart,
    name: &str,
    entry: impl Read,
    depth: Depth,
    limits: &Limits,
    visit: &mut Visit,
) {
    let part = inside(part, name);
    let mut copy = SpooledTempFile::new(IN_MEMORY);
    let copied = io::copy(&mut Bounded::new(entry, &limits.budget), &mut copy)
        .and_then(|_| copy.flush())
        .and_then(|()| copy.rewind());
    let read = copied
        .map_err(Unreadable::from)
        .and_then(|()| expand(&part, Box::new(copy), depth, limits, visit));
    if let Err(e) = read {
        visit(&part, Err(e));
    }
}

fn inside(part: &LogPart, name: &str) -> LogPart {
    LogPart { name: format!("{}/{name}", part.name), job: jobs::job_of(name) }
}

#[cfg(test)]
mod tests;
