//! One vertex of a `BuildKit` build while its lines come in.
//!
//! A vertex may be printed several times and end several times: `CACHED` and later `DONE`
//! (`BuildKit` `util/progress/controller/controller.go` starts it again to fetch a layer).

use chrono::{DateTime, Utc};

use crate::dialect::{self, Body};
use crate::model::{Amount, Digest, Engine, Few, Outcome, Quote, Text};

/// How a vertex ended last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    /// Not in the log.
    #[default]
    Open,
    /// `DONE`.
    Done,
    /// `CACHED`.
    Cached,
    /// `CANCELED`.
    Canceled,
    /// `ERROR`.
    Error,
}

/// What its status lines tell of a cache export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Export {
    /// Nothing.
    #[default]
    None,
    /// `preparing build cache for export`.
    Prepares,
    /// `writing layer`, `writing config`: something is sent.
    Writes,
}

/// Names, inputs, layers and images of one vertex, at the most.
pub(super) const MANY: usize = 256;

/// What was seen of a vertex.
#[derive(Debug, Default)]
pub(super) struct Vertex {
    /// Where the JSON status tells it, and it stands for itself alone.
    pub(super) digest: Option<Digest>,
    /// Names with the line of their first header.
    pub(super) names: Vec<(Text, Quote)>,
    pub(super) end: End,
    /// It ended with DONE at some time.
    pub(super) done: bool,
    pub(super) seconds: Option<f64>,
    pub(super) error: Option<Text>,
    /// The line of the last end.
    pub(super) ended: Option<Quote>,
    /// A layer of its own was fetched: the result came from a cache.
    pub(super) pulled: Option<Quote>,
    /// Such a layer was transferred, not only extracted.
    pub(super) transferred: Option<Quote>,
    /// Layers that were fetched for a step, each with the first line that lists it.
    pub(super) layers: Vec<Quote>,
    /// The command printed something.
    pub(super) logs: bool,
    /// A line of its output that says that packages are fetched.
    pub(super) downloads: Option<Quote>,
    pub(super) manifest_type: Option<Text>,
    /// `found 5 layers in cache`.
    pub(super) listed: bool,
    /// A cache is written as an image (`writing cache image manifest`), or as the older index.
    pub(super) as_image: Option<bool>,
    /// `preparing layers for inline cache`.
    pub(super) inline: Option<Quote>,
    pub(super) export: Export,
    /// Configuration and manifest of a cache that is written.
    pub(super) wrote: Few<Digest>,
    /// The image store that the lines of an image export tell.
    pub(super) engine: Engine,
    pub(super) images: Vec<Text>,
    /// `exporting config sha256:…`, `writing image sha256:…`.
    pub(super) config: Option<Text>,
    /// What a status line says of files that were sent, last.
    pub(super) sent: Option<Amount>,
    /// Vertices it takes its input from, where the log names them.
    pub(super) inputs: Vec<u32>,
    /// From when to when it was executed last, where the log says so.
    pub(super) ran: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Vertex {
    /// Takes a header.
    pub(super) fn named(&mut self, name: &[u8], line: u64, raw: &[u8]) {
        let name = name.get(..4096).unwrap_or(name);
        if self.names.len() >= MANY || self.names.iter().any(|(known, _)| known.as_bytes() == name)
        {
            return;
        }
        let name = Text::of_log(name);
        if !self.names.iter().any(|(known, _)| *known == name) {
            self.names.push((name, Quote::new(line, raw)));
        }
    }

    /// Takes a line of the command's output. Of several in a row the first is all that is seen.
    pub(super) fn printed(&mut self, line: u64, raw: &[u8]) {
        self.logs = true;
        if self.downloads.is_none() && dialect::downloads(raw) {
            self.downloads = Some(Quote::new(line, raw));
        }
    }

    /// Takes a terminal line; other bodies are none of its business.
    pub(super) fn ended(&mut self, body: Body, line: u64, raw: &[u8]) {
        self.end = match body {
            Body::Done(seconds) => {
                (self.done, self.seconds) = (true, seconds.or(self.seconds));
                End::Done
            }
            Body::Cached => End::Cached,
            Body::Canceled => End::Canceled,
            Body::Error(text) => {
                self.error = Some(Text::of_log(text));
                End::Error
            }
            // `cached: true` may follow, so this alone does not say that it was executed.
            Body::Took(seconds) => {
                self.seconds = seconds.or(self.seconds);
                if self.end == End::Cached { End::Cached } else { End::Done }
            }
            Body::Log | Body::Away | Body::Text(_) | Body::Detail => return,
        };
        self.ended = Some(Quote::new(line, raw));
    }

    /// Takes a status line: the closed list of `BuildKit`'s phrases that matter here.
    pub(super) fn status(&mut self, text: &[u8], line: u64, raw: &[u8]) {
        match text.first() {
            Some(b's' | b'e' | b'p') if is_layer(text) => {
                self.pulled = self.pulled.take().or_else(|| Some(Quote::new(line, raw)));
                if self.transferred.is_none() && !text.starts_with(b"extracting ") {
                    self.transferred = Some(Quote::new(line, raw));
                }
                self.lists(text, line, raw);
            }
            Some(b'p') if text.starts_with(b"preparing layers for inline cache") => {
                self.inline = self.inline.take().or_else(|| Some(Quote::new(line, raw)));
            }
            Some(b'p') if text.starts_with(b"preparing build cache for export") => {
                self.export = self.export.max(Export::Prepares);
            }
            Some(b'p') => {
                self.images.extend(
                    word_after(text, b"pushing manifest for ").map(|image| without_digest(&image)),
                );
            }
            Some(b'i') => {
                self.manifest_type = word_after(text, b"inferred cache manifest type: ")
                    .or(self.manifest_type.take());
            }
            Some(b't') => self.sent = sent(text, line, raw).or(self.sent.take()),
            Some(b'w') if text.starts_with(b"writing image sha256:") => {
                self.engine = Engine::Graphdriver;
                self.config = word_after(text, b"writing image ");
            }
            Some(b'w') if text.starts_with(b"writing ") => {
                self.export = Export::Writes;
                self.as_image = written_form(text).or(self.as_image);
                self.wrote.extend(written(text).filter(|digest| !self.wrote.contains(digest)));
            }
            Some(b'e')
                if text.starts_with(b"exporting manifest sha256:")
                    && self.engine == Engine::Unknown =>
            {
                self.engine = Engine::Buildkitd;
            }
            Some(b'e') if text.starts_with(b"exporting config sha256:") => {
                self.config = word_after(text, b"exporting config ");
            }
            Some(b'u') if text.starts_with(b"unpacking to ") => self.engine = Engine::Containerd,
            Some(b'n') if self.images.len() < MANY => {
                self.images.extend(word_after(text, b"naming to "));
            }
            Some(b'f') => {
                self.listed |= text.starts_with(b"found ") && text.ends_with(b" layers in cache");
            }
            _ => {}
        }
    }

    /// Base images have many layers, and an error of theirs names the image.
    fn lists(&mut self, text: &[u8], line: u64, raw: &[u8]) {
        let step = self
            .names
            .first()
            .is_some_and(|(name, _)| name.starts_with('[') && !name.contains("] FROM "));
        if !step || self.layers.len() >= MANY {
            return;
        }
        let Some(digest) = digest_in(text) else { return };
        if !self.layers.iter().any(|known| digest_in(known.text.as_bytes()) == Some(digest)) {
            self.layers.push(Quote::new(line, raw));
        }
    }

    /// What became of it, were it a step. A layer line of its own and no output is a hit whatever the
    /// last line says; `CACHED` may have been swallowed (100 ms refresh), and a `CACHED` may be
    /// followed by an execution. A `COPY --link` is merged with what stands below it, whose layers
    /// are extracted for that: only one that is fetched may be its own.
    pub(super) fn outcome(&self, is_link: bool) -> (Outcome, Option<Quote>) {
        let ended = self.ended.clone();
        let pulled = if is_link { &self.transferred } else { &self.pulled };
        match self.end {
            End::Error => (Outcome::Failed, ended),
            End::Canceled => (Outcome::Canceled, ended),
            End::Done if self.logs => (Outcome::Miss, ended),
            _ if pulled.is_some() && !self.logs => (Outcome::Hit, pulled.clone()),
            End::Cached if self.done => (Outcome::Miss, ended),
            End::Cached => (Outcome::Hit, ended),
            End::Done => (Outcome::Miss, ended),
            End::Open => (Outcome::Unknown, None),
        }
    }
}

/// Whether a text can only be a status line, never a header: needed where the log begins inside a
/// vertex.
pub(super) fn is_status(text: &[u8]) -> bool {
    const PHRASES: [&str; 22] = [
        "resolve ",
        "extracting sha256:",
        "pulling sha256:",
        "transferring ",
        "sha256:",
        "exporting layers",
        "exporting manifest",
        "exporting config",
        "exporting attestation",
        "writing ",
        "naming to ",
        "unpacking to ",
        "pushing layers",
        "pushing manifest for ",
        "preparing build cache for export",
        "sending cache export",
        "sending tarball",
        "inferred cache manifest type:",
        "copying files",
        "creating container",
        "starting container",
        "pulling image ",
    ];
    PHRASES.iter().any(|p| text.starts_with(p.as_bytes()))
}

/// `sha256:… 1.03MB / 1.03MB`, `extracting sha256:…`, `pulling sha256:…`. A digest alone is none:
/// clients of 20.10 print the vertex's own below the header.
fn is_layer(text: &[u8]) -> bool {
    const DIGEST: usize = "sha256:".len() + 64;
    text.starts_with(b"extracting sha256:")
        || text.starts_with(b"pulling sha256:")
        || (text.starts_with(b"sha256:") && text.len() > DIGEST)
}

/// `writing cache image manifest sha256:…` and `writing cache manifest sha256:…`, before `BuildKit`
/// 0.12 `writing manifest sha256:…` (`cache/remotecache/export.go`).
fn written_form(text: &[u8]) -> Option<bool> {
    if text.starts_with(b"writing cache image manifest ") {
        return Some(true);
    }
    let index =
        text.starts_with(b"writing cache manifest ") || text.starts_with(b"writing manifest ");
    index.then_some(false)
}

/// `sha256:` and 64 digits.
fn digest_in(text: &[u8]) -> Option<&str> {
    const LENGTH: usize = "sha256:".len() + 64;
    let at = memchr::memmem::find(text, b"sha256:")?;
    std::str::from_utf8(text.get(at..at + LENGTH)?).ok()
}

fn word_after(text: &[u8], start: &[u8]) -> Option<Text> {
    let rest = text.strip_prefix(start)?;
    rest.split(|b| *b == b' ').next().map(Text::of_log)
}

/// `transferring dockerfile: 156B done`, `transferring context: 1.2MB 0.3s`
fn sent(text: &[u8], line: u64, raw: &[u8]) -> Option<Amount> {
    let amount = ["transferring dockerfile: ", "transferring context: "]
        .iter()
        .find_map(|start| word_after(text, start.as_bytes()))?;
    Some(Amount { size: amount, quote: Quote::new(line, raw) })
}

/// `writing config sha256:…`, `writing cache image manifest sha256:…` and, of an index,
/// `writing manifest sha256:…`.
fn written(text: &[u8]) -> Option<Digest> {
    const STARTS: [&[u8]; 3] =
        [b"writing config ", b"writing cache image manifest ", b"writing manifest "];
    STARTS
        .iter()
        .find_map(|start| word_after(text, start))
        .and_then(|digest| Digest::parse(&digest))
}

fn without_digest(image: &Text) -> Text {
    image.split_once("@sha256:").map_or_else(|| image.clone(), |(name, _)| name.into())
}
