//! What the cache key of a step is made of, as digests: files beside a log hold it, no log does.
//!
//! Digests are the same on every builder, so those of two runs can be compared. No value can be
//! read from them.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Few, Text};

/// The first bytes of a SHA-256: enough to tell any two apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 16]);

impl Digest {
    /// Of `sha256:` and 64 hexadecimal digits, as `BuildKit` writes it; `None` where it is no such
    /// text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        Self::of_hex(hex.get(..32)?)
    }

    /// Of its own [`fmt::Display`].
    #[must_use]
    pub fn of_hex(hex: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let pairs = hex.as_bytes().chunks_exact(2);
        if pairs.len() != bytes.len() || hex.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let [high, low] = pair else { return None };
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// Of a whole SHA-256.
    #[must_use]
    pub fn of_sha256(whole: &[u8; 32]) -> Self {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(whole).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }
}

/// What a hexadecimal digit stands for.
fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A file beside the log that tells of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// The configuration of an exported cache.
    CacheConfig,
    /// A build record, as `docker buildx history export` writes it.
    DockerBuild,
    /// An attestation of how the image was made.
    Provenance,
    /// What `--metadata-file` wrote.
    Metadata,
    /// `docker buildx history inspect`.
    Inspect,
    /// `--debug-json-cache-metrics`.
    Metrics,
    /// The daemon's cache store, as its debug address shows it.
    Store,
    /// A commit of the checkout.
    Checkout,
}

impl EvidenceKind {
    const ALL: [(Self, &str); 8] = [
        (Self::CacheConfig, "cacheconfig"),
        (Self::DockerBuild, "dockerbuild"),
        (Self::Provenance, "provenance"),
        (Self::Metadata, "metadata"),
        (Self::Inspect, "inspect"),
        (Self::Metrics, "metrics"),
        (Self::Store, "store"),
        (Self::Checkout, "checkout"),
    ];

    /// As reports and records call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(told, _)| *told == self).map_or("", |(_, name)| name)
    }

    /// The one of this name; `None` where this version does not know it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(told, _)| *told)
    }
}

/// A part that has a name: a field of an operation (`argument V`, `user`), a build argument, a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Its name.
    pub name: Text,
    /// Digest of its value; `None` where a history keeps none, as of a secret.
    pub value: Option<Digest>,
}

/// Everything the result of one step depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepKey {
    /// The operation: instruction, arguments, environment, user, options. `None` where the file
    /// does not hold it.
    pub operation: Option<Digest>,
    /// What it takes its files from: the step or base image below it, then sources that are copied
    /// or mounted.
    pub inputs: Few<KeyInput>,
    /// Fields of the operation, where the file names them: `argument V`.
    pub fields: Few<Part>,
    /// Files of a copy, each with the digest of its content and mode, where a commit has the very
    /// digest of all.
    pub files: Few<(Text, Digest)>,
    /// Whether the cache holds its result; without it the record names the step only. `None` where
    /// no cache tells.
    pub stored: Option<bool>,
    /// When its result was made, where the cache holds it.
    pub created: Option<DateTime<Utc>>,
    /// The layer that it made, where an attestation tells it.
    pub layer: Option<Digest>,
    /// Some earlier build, of whose steps files alone tell, had the same operation.
    pub known: bool,
}

impl StepKey {
    /// The files that it takes are known.
    #[must_use]
    pub fn has_files(&self) -> bool {
        !self.files.is_empty()
    }
}

/// One input of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyInput {
    /// The path that is taken of it.
    pub selector: Option<Digest>,
    /// Contents, or base images, that it may be: any one of them is enough for a hit.
    pub contents: Few<Digest>,
    /// Of a base image all of its layers, where an attestation tells them.
    pub layers: Option<Digest>,
    /// It may be the result of a step.
    pub step: bool,
}

impl KeyInput {
    /// Whether both are the same: `None` where the digests do not tell.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> Option<bool> {
        if self.contents.is_empty() || other.contents.is_empty() {
            return None;
        }
        let same = self.contents.iter().any(|content| other.contents.contains(content));
        (same || !self.has_layers_of(other)).then_some(same)
    }

    /// Both are base images with the same layers: under another digest they are the same one only
    /// where the builder knew them by their layers.
    #[must_use]
    pub fn has_layers_of(&self, other: &Self) -> bool {
        self.layers.is_some() && self.layers == other.layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_as_it_is_written() {
        let text = format!("sha256:{}", "0123456789abcdef".repeat(4));
        let digest = Digest::parse(&text).unwrap();
        assert_eq!(Digest::of_hex(&digest.to_string()), Some(digest));
        for wrong in [
            "",
            "sha256:",
            "md5:00",
            &text.to_uppercase(),
            &text.replace('9', "g"),
            &format!("{text}0"),
        ] {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn one_content_in_common_is_enough() {
        let digest = |n: char| Digest::of_hex(&n.to_string().repeat(32)).unwrap();
        let input = |of: &str| KeyInput {
            contents: of.chars().map(digest).collect(),
            ..KeyInput::default()
        };
        assert_eq!(input("ab").is_same(&input("bc")), Some(true));
        assert_eq!(input("ab").is_same(&input("c")), Some(false));
        assert_eq!(input("").is_same(&input("c")), None);
        let layers = |n, of| KeyInput { layers: Some(digest(n)), ..input(of) };
        assert_eq!(layers('1', "a").is_same(&layers('1', "b")), None);
        assert_eq!(layers('1', "a").is_same(&layers('2', "b")), Some(false));
    }
}
