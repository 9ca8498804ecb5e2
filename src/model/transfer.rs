//! Caches that a build takes in and gives out.

use super::{Quote, Text};

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
}

impl Transfer {
    /// It ended, and without an error.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.ended && self.error.is_none()
    }
}
