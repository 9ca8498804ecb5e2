//! The configuration of an exported cache: one record for each step, with what it depends on.
//!
//! The same JSON is the configuration blob of a cache in a registry or a directory, the index
//! object of S3, Azure and gha, and, in base64, a field of an image that carries its cache inline.
//!
//! Source: `moby/buildkit` `cache/remotecache/v1/spec.go`, `cache/remotecache/inline/inline.go`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use super::{Given, Kind, Page, What, formula};
use crate::model::{Digest, EvidenceKind, Quote, borrowed_text};

/// A configuration of its own.
pub(super) struct Bare;

/// The configuration of an image.
pub(super) struct Inline;

/// What is read of a cache configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CacheConfig {
    pub(super) records: Vec<CacheRecord>,
    /// Digest of the configuration as the builder wrote it, where a tool has put white space into
    /// it.
    pub(super) written: Option<Digest>,
    /// It is a field of an image.
    pub(super) inline: bool,
    /// It was made of a definition, and holds neither contents nor results.
    pub(super) defined: bool,
}

/// One step, base image or content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CacheRecord {
    pub(super) digest: Option<Digest>,
    /// The digest as it is written, and the line of the file where it is.
    pub(super) quote: Quote,
    /// For each input the records that it may be.
    pub(super) inputs: Vec<Vec<Link>>,
    /// When its result was made; `None` where the cache does not hold the result.
    pub(super) created: Option<DateTime<Utc>>,
    /// The cache holds its result.
    pub(super) stored: bool,
    /// What a definition tells besides; an exported cache has none.
    pub(super) defined: Option<Box<Defined>>,
}

/// What the definition of a build tells of a step or base image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Defined {
    /// The layer that it made, of a base image all of its layers, where the attestation lists them.
    pub(super) layer: Option<Digest>,
    /// The digest of its vertex in the build that it was made by.
    pub(super) vertex: Option<Digest>,
    /// The command of a RUN or the path of a WORKDIR.
    pub(super) text: Option<Box<str>>,
    /// It is a command.
    pub(super) runs: bool,
    /// It merges results.
    pub(super) merges: bool,
    /// Parts of the operation.
    pub(super) fields: Given,
}

impl CacheRecord {
    /// The command of a RUN or the path of a WORKDIR, where a definition tells it.
    pub(super) fn text(&self) -> Option<&str> {
        self.defined.as_ref()?.text.as_deref()
    }

    /// A definition tells that it is a command.
    pub(super) fn runs(&self) -> bool {
        self.defined.as_ref().is_some_and(|defined| defined.runs)
    }

    /// Its layer, of a base image all of its layers, where an attestation lists them.
    pub(super) fn layer(&self) -> Option<Digest> {
        self.defined.as_ref()?.layer
    }
}

/// A record that an input may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) record: usize,
    pub(super) selector: Option<Digest>,
}

#[derive(Deserialize)]
struct WireCache<'a> {
    #[serde(borrow)]
    records: Vec<WireRecord<'a>>,
}

#[derive(Deserialize)]
struct WireRecord<'a> {
    #[serde(default)]
    layers: Vec<WireResult>,
    #[serde(default)]
    chains: Vec<serde::de::IgnoredAny>,
    digest: &'a str,
    #[serde(borrow, default)]
    inputs: Vec<Vec<WireLink<'a>>>,
}

#[derive(Deserialize)]
struct WireResult {
    #[serde(rename = "createdAt", default, deserialize_with = "time")]
    created: Option<DateTime<Utc>>,
}

/// As Go writes it; `serde` would try the forms of other languages first.
fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = borrowed_text(from)? else { return Ok(None) };
    let time = DateTime::parse_from_rfc3339(&text).map_err(serde::de::Error::custom)?;
    Ok(Some(time.to_utc()))
}

#[derive(Deserialize)]
struct WireLink<'a> {
    #[serde(default)]
    selector: Option<&'a str>,
    #[serde(default)]
    link: usize,
}

impl Kind for Bare {
    fn name(&self) -> &'static str {
        "cache configuration"
    }

    fn evidence_kind(&self) -> EvidenceKind {
        EvidenceKind::CacheConfig
    }

    fn begins(&self, start: &[u8]) -> bool {
        super::has_keys(start, &["layers", "blob"])
            || super::has_keys(start, &["records", "digest"])
    }

    fn read(&self, bytes: &[u8]) -> Option<Result<What, String>> {
        // Only the beginning of one is one that is cut off.
        let known = super::has_keys(bytes, &["records", "digest"])
            || bytes.starts_with(b"{\"layers\":[{\"blob\":");
        known.then(|| read(bytes).map(What::Cache))
    }

    fn page(&self) -> Option<Page> {
        Some(PAGE)
    }
}

const PAGE: Page = Page {
    name: "configuration of an exported cache",
    proves: "which step has another operation, base image or files than in the run before; that \
        nothing differs, and whether the cache held the result",
    get: &[
        ("registry", "crane config registry.example.com/team/web:buildcache > cache-$RUN.json"),
        (
            "registry, without crane",
            "skopeo inspect --config --raw docker://registry.example.com/team/web:buildcache > \
                cache-$RUN.json",
        ),
        (
            "registry, BuildKit before 0.21 without image-manifest=true",
            "REPO=registry.example.com/team/web; crane blob $REPO@$(crane manifest $REPO:buildcache \
                | jq -r '.manifests[] | select(.mediaType | endswith(\"cacheconfig.v0\")).digest') > \
                cache-$RUN.json",
        ),
        ("type=local", "cachediag build.log DIR: the folder of the cache, layers need not be kept"),
        ("type=s3", "aws s3 cp s3://BUCKET/PREFIX/manifests/buildkit cache-$RUN.json"),
        (
            "type=azblob",
            "az storage blob download -c CONTAINER -n PREFIX/manifests/buildkit -f cache-$RUN.json",
        ),
        (
            "type=gha",
            "only a job reads it: export a second cache, --cache-to type=local,dest=cache,mode=max",
        ),
    ],
};

impl Kind for Inline {
    fn name(&self) -> &'static str {
        "inline cache of an image"
    }

    fn evidence_kind(&self) -> EvidenceKind {
        EvidenceKind::CacheConfig
    }

    fn begins(&self, start: &[u8]) -> bool {
        super::has_keys(start, &["architecture"]) || super::has_keys(start, &[FIELD])
    }

    fn read(&self, bytes: &[u8]) -> Option<Result<What, String>> {
        super::has_keys(bytes, &[FIELD]).then(|| inline(bytes).map(What::Cache))
    }
}

/// Field of an image's configuration (`exptypes.ExporterInlineCache`).
const FIELD: &str = "moby.buildkit.cache.v0";

fn inline(bytes: &[u8]) -> Result<CacheConfig, String> {
    #[derive(Deserialize)]
    struct Image {
        #[serde(rename = "moby.buildkit.cache.v0")]
        cache: String,
    }
    let image: Image = super::json(bytes)?;
    let config = BASE64_STANDARD.decode(image.cache).map_err(|e| e.to_string())?;
    Ok(CacheConfig { inline: true, written: None, ..read(&config)? })
}

/// Reads the JSON.
pub(super) fn read(bytes: &[u8]) -> Result<CacheConfig, String> {
    // An image holds the records alone.
    let records = if bytes.first() == Some(&b'[') {
        super::json(bytes)
    } else {
        super::json(bytes).map(|wire: WireCache| wire.records)
    };
    let wire: Vec<WireRecord> = records?;
    let count = wire.len();
    let mut lines = LineFinder { bytes, at: 0, line: 1 };
    let records: Vec<CacheRecord> =
        wire.iter().map(|record| record.read(count, &mut lines)).collect();
    if records.iter().all(|record| record.digest.is_none()) {
        return Err("holds no record".to_owned());
    }
    let written = match super::compact(bytes) {
        Cow::Borrowed(_) => None,
        Cow::Owned(compact) => Some(formula::of_bytes(&compact)),
    };
    Ok(CacheConfig { records, written, ..CacheConfig::default() })
}

impl WireRecord<'_> {
    fn read(&self, count: usize, lines: &mut LineFinder) -> CacheRecord {
        let one = |link: &WireLink| Link {
            record: link.link,
            selector: link.selector.and_then(Digest::parse),
        };
        let alternatives =
            |links: &Vec<WireLink>| links.iter().filter(|l| l.link < count).map(one).collect();
        CacheRecord {
            digest: Digest::parse(self.digest),
            quote: Quote::new(lines.of(self.digest), self.digest.as_bytes()),
            inputs: self.inputs.iter().map(alternatives).collect(),
            created: self.layers.iter().filter_map(|layer| layer.created).max(),
            stored: !self.layers.is_empty() || !self.chains.is_empty(),
            ..CacheRecord::default()
        }
    }
}

/// Finds lines of texts that follow each other in a file.
struct LineFinder<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl LineFinder<'_> {
    /// The line of a text that was borrowed from the bytes, and lies behind the one before.
    fn of(&mut self, text: &str) -> u64 {
        let start = self.bytes.as_ptr().addr();
        let upto = text.as_ptr().addr().saturating_sub(start);
        if let Some(between) = self.bytes.get(self.at..upto) {
            self.line += memchr::memchr_iter(b'\n', between).count() as u64;
            self.at = upto;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_holds_the_records_alone() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let records = format!(
            r#"[{{"digest":"{digest}"}},{{"layers":[{{"layer":5,"createdAt":"2026-01-02T03:04:05Z"}}],"digest":"{digest}","inputs":[[{{"link":0}}]]}}]"#
        );
        let image = |cache: &str| {
            let cache = BASE64_STANDARD.encode(cache);
            inline(format!(r#"{{"architecture":"amd64","{FIELD}":"{cache}"}}"#).as_bytes())
        };
        let read = image(&records).unwrap();
        assert_eq!(
            read.records.iter().map(|record| record.stored).collect::<Vec<_>>(),
            [false, true]
        );
        assert!(read.inline);
        assert!(image("[]").is_err() && image("[{").is_err() && image("{}").is_err());
    }
}
