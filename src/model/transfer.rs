//! Caches that a build takes in and gives out.

use super::{Digest, Few, Quote, Text};

/// Kind of cache backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum CacheKind {
    /// A reference in a registry.
    Registry,
    /// A directory.
    Local,
    /// GitHub Actions cache service.
    Gha,
    /// Amazon S3.
    S3,
    /// Azure blob storage.
    Azblob,
    /// Inside the image.
    Inline,
    /// Not printed.
    #[default]
    Unknown,
}

/// Whether an import found a cache where it looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Found {
    /// The log shows that there was none, or none that could be read.
    No,
    /// It was asked, and the back end prints the same whether something was there or not.
    #[default]
    Unknown,
    /// There was one. An image without inline cache counts as one; it has no records.
    Yes,
}

/// One cache import or export.
#[derive(Clone, Debug, Default)]
pub struct Transfer {
    /// Reference; exports do not print theirs.
    pub reference: Option<Text>,
    /// Backend.
    pub kind: CacheKind,
    /// Error text, `None` where it went well.
    pub error: Option<Text>,
    /// It ended (a terminal line was seen).
    pub ended: bool,
    /// Seconds.
    pub seconds: Option<f64>,
    /// Header line.
    pub header: Quote,
    /// Line that tells the end.
    pub verdict: Option<Quote>,
    /// `inferred cache manifest type`, where printed.
    pub manifest_type: Option<Text>,
    /// The engine read it from an image that it had: it names no type, though its version does so
    /// of what it reads from a registry.
    pub own_image: bool,
    /// Whether an export writes the cache as an image, or as the older index of layers; `None`
    /// where it prints neither.
    pub as_image: Option<bool>,
    /// Whether the import listed layers, where that is printed: `found 5 layers in cache`, kaniko's
    /// cached layers.
    pub listed: Option<bool>,
    /// Configuration and manifest of the cache that was written, where printed.
    pub wrote: Few<Digest>,
}

impl Transfer {
    /// It ended, and without an error.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.ended && self.error.is_none()
    }

    /// Whether the import found a cache. Registries and directories end in an error where there is
    /// none, Azure's storage lists layers only where it has some, and S3 and GitHub's service end
    /// in `DONE` in both cases (`moby/buildkit`
    /// `cache/remotecache/{s3/s3,gha/gha,azblob/importer}.go`).
    #[must_use]
    pub fn found(&self) -> Found {
        match (self.ok(), self.listed) {
            (false, _) if self.error.is_some() => Found::No,
            (false, _) => Found::Unknown,
            (true, Some(true)) => Found::Yes,
            (true, Some(false)) => Found::No,
            (true, None) => match self.kind {
                CacheKind::Registry | CacheKind::Local | CacheKind::Inline => Found::Yes,
                CacheKind::Gha | CacheKind::S3 | CacheKind::Azblob | CacheKind::Unknown => {
                    Found::Unknown
                }
            },
        }
    }
}
