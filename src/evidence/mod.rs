//! Files beside the log that tell of a build: exported caches, build records, attestations.
//!
//! They hold what a log hides: digests of files and operations, arguments, base images. Each kind
//! is told by its content, never by its name; what is read is attached to the steps of the build
//! that it is of. No value that may be a secret is kept: only names, and digests that cannot be
//! turned back. To add a kind: one new file, its `mod` line and its row in [`EVIDENCE`].

mod align;
mod alone;
mod assign;
mod attach;
mod cacheconfig;
mod checkout;
mod content;
mod foreign;
mod formula;
mod graph;
mod guess;
mod layers;
mod llb;
mod metrics;
mod operation;
mod page;
mod provenance;
mod record;
mod status;
mod store;
mod stored;

pub use align::align;
pub use attach::{Attached, attach};
pub use checkout::name_files;
pub use page::{Page, pages};

use std::borrow::Cow;

use memchr::{memchr, memchr3, memmem};
use serde::Deserialize;

use self::cacheconfig::CacheConfig;
use self::metrics::Measured;
use self::provenance::Attested;
use self::record::Record;
use self::store::Operations;
use crate::model::{Digest, EvidenceKind, Few, Part, Run};

/// A kind of file.
trait Kind: Sync {
    /// Its name in sentences: `cache configuration`.
    fn name(&self) -> &'static str;
    /// What it proves things as.
    fn evidence_kind(&self) -> EvidenceKind;
    /// Whether a file that begins so may be one. Asked of every file, so it only looks for a few
    /// words.
    fn begins(&self, start: &[u8]) -> bool;
    /// What the file says, or why it cannot be read; `None` where it is no such file.
    fn read(&self, bytes: &[u8]) -> Option<Result<What, String>>;
    /// What the user reads of it; `None` where it is part of another kind.
    fn page(&self) -> Option<Page> {
        None
    }
}

/// All kinds, the most telling first.
static EVIDENCE: &[&dyn Kind] = &[
    &cacheconfig::Bare,
    &cacheconfig::Inline,
    &status::Status,
    &record::Stored,
    &record::Inspected,
    &provenance::Metadata,
    &provenance::Provenance,
    &metrics::Metrics,
    &store::Store,
];

/// Build arguments, or other named parts of an operation.
type Given = Few<Part>;

/// Bytes of a file that are looked at to tell whether it may be evidence.
pub const START: usize = 512;

/// Longest file that is read: `BuildKit` itself reads no cache configuration above 1 MiB.
pub const LONGEST: u64 = 16 << 20;

/// Parts that a file is read with, at most: ten times those of a build of thousands of steps. What
/// is read of a part takes more room than the part itself.
const PARTS: usize = 400_000;

/// One file that was read.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Name of the file as the user gave it.
    source: String,
    /// What it is, in sentences.
    kind: &'static str,
    /// Digest of its bytes: what a manifest or a log calls it.
    digest: Digest,
    /// What it proves things as.
    told: EvidenceKind,
    /// The reference of the build it belongs to, where another file says so.
    of: Option<String>,
    what: What,
}

/// What a file says.
#[derive(Clone, Debug)]
enum What {
    /// An exported cache.
    Cache(CacheConfig),
    /// The log of a stored build.
    Log(Box<Run>),
    /// What the builder remembers of it.
    Record(Record),
    /// How the image was made.
    Attested(Box<Attested>),
    /// Hits and misses as the builder counted them.
    Metrics(Measured),
    /// Plain texts of operations.
    Store(Operations),
}

/// Whether a file that begins so may be evidence.
#[must_use]
pub fn begins(start: &[u8]) -> bool {
    let start = start.get(..START).unwrap_or(start);
    EVIDENCE.iter().any(|kind| kind.begins(start))
}

/// What a file says; `None` where it is no evidence, an error text where it is some that cannot be
/// read.
#[must_use]
pub fn read(source: &str, bytes: &[u8]) -> Option<Result<Evidence, String>> {
    let start = bytes.get(..START).unwrap_or(bytes);
    if bytes.first() == Some(&b'{') && begins(start) && json_parts(bytes) > PARTS {
        return Some(Err(format!("holds more than {PARTS} parts, and is not read")));
    }
    // To look for words in all of a file takes time: the kinds whose beginning it has come first.
    let mut kinds = EVIDENCE.to_vec();
    kinds.sort_by_cached_key(|kind| !kind.begins(start));
    let read = || kinds.iter().find_map(|kind| Some((*kind, kind.read(bytes)?)));
    let (Some((kind, what)), digest) = rayon::join(read, || formula::of_bytes(bytes)) else {
        return None;
    };
    Some(match what {
        Ok(what) => Ok(Evidence {
            source: source.to_owned(),
            kind: kind.name(),
            digest,
            told: kind.evidence_kind(),
            of: None,
            what,
        }),
        Err(why) => Err(format!("is a {} that cannot be read: {why}", kind.name())),
    })
}

/// The archive or folder of a layout: `web.dockerbuild` of `web.dockerbuild/blobs/sha256/ab…`, else
/// the file itself.
#[must_use]
pub fn layout(source: &str) -> &str {
    source.rsplit_once("/blobs/sha256/").map_or(source, |(layout, _)| layout)
}

#[cfg(test)]
mod tests;

/// Members and elements, and what looks like it inside texts.
fn json_parts(bytes: &[u8]) -> usize {
    // They stand close together: to compare each byte is faster than to search for the next one,
    // and to count in bytes lets many be compared at once.
    let few =
        |few: &[u8]| few.iter().map(|byte| u8::from(matches!(byte, b'{' | b'[' | b','))).sum();
    bytes.chunks(usize::from(u8::MAX)).map(few).map(|count: u8| usize::from(count)).sum()
}

/// Where JSON is not what it has to be. What `serde` says of it quotes the value that stands there,
/// which may be that of a build argument.
fn misread(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Eof => "the file ends too early",
        Category::Syntax => "this is not JSON",
        Category::Data => "a value of another kind is expected",
        Category::Io => "it cannot be read on",
    };
    format!("line {}, column {}: {what}", error.line(), error.column())
}

/// A JSON object that has all of these keys, in whatever depth.
fn has_keys(bytes: &[u8], keys: &[&str]) -> bool {
    let quoted = |key: &&str| memmem::find(bytes, format!("\"{key}\"").as_bytes()).is_some();
    bytes.trim_ascii_start().first() == Some(&b'{') && keys.iter().all(quoted)
}

/// What JSON says. Its text is checked at once, which is faster than string by string.
fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    let text = str::from_utf8(bytes).map_err(|e| e.to_string())?;
    serde_json::from_str(text).map_err(|e| misread(&e))
}

/// The first key of a JSON object: what stands for the whole is told without a search through it.
fn first_key(bytes: &[u8]) -> Option<&[u8]> {
    let inside = bytes.trim_ascii_start().strip_prefix(b"{")?;
    let key = inside.trim_ascii_start().strip_prefix(b"\"")?;
    key.get(..memchr(b'"', key)?)
}

/// JSON without white space between its tokens: the form that `BuildKit` writes.
fn compact(json: &[u8]) -> Cow<'_, [u8]> {
    if memchr3(b' ', b'\n', b'\t', json).or_else(|| memchr(b'\r', json)).is_none() {
        return Cow::Borrowed(json);
    }
    let mut compact = Vec::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for &byte in json {
        if inside {
            (inside, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            inside = byte == b'"';
        }
        compact.push(byte);
    }
    Cow::Owned(compact)
}
