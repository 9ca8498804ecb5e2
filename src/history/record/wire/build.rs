//! What a record keeps of one build.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Below, Quote, names};
use crate::model;

/// One build of one image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub(in super::super) struct Build {
    /// Form of the log.
    #[serde(with = "names::Dialect")]
    pub dialect: model::Dialect,
    /// How it ended.
    #[serde(with = "names::BuildOutcome")]
    pub outcome: model::BuildOutcome,
    /// What stores its layers.
    #[serde(with = "names::Engine")]
    pub engine: model::Engine,
    /// Driver of the builder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Name of the builder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builder: Option<String>,
    /// The line that shows the builder being made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booted: Option<Quote>,
    /// Bake target or compose service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Number of the call in the log that made it.
    pub invocation: usize,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Its base images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<Base>,
    /// Images that steps take files from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Base>,
    /// Contexts with a name of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<String>,
    /// Caches it looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<Transfer>,
    /// Caches it wrote.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<Transfer>,
    /// The line that shows an inline cache being written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline: Option<Quote>,
    /// Final errors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Quote>,
    /// Lines that go on with an error.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Quote>,
    /// The final error that came behind a cache export.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind_export: Option<Quote>,
    /// The line that lists a layer which is not there any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<Quote>,
    /// Cache entries that were too old.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<Quote>,
    /// An image of its own steps that was deleted after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pruned: Option<Quote>,
    /// Steps whose layer was pushed to a cache, with the line that says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pushed: Vec<(usize, Quote)>,
    /// Steps whose command fetched packages, by the line of their header, with the line that says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub downloads: Vec<(u64, Quote)>,
    /// Warnings about the cache.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Quote>,
    /// References written or pushed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Digest of the image's config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// The Dockerfile, as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<Amount>,
    /// Files of the build context that were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Amount>,
    /// First line.
    pub line: u64,
    /// Stages that it was told to run without a cache, `""` for all of them, where files beside the
    /// log told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_cache: Option<Vec<String>>,
    /// All build arguments, where files beside the log told them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<Vec<Part>>,
    /// Kinds of files beside the log that told of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
    /// Two builds are interleaved: outcomes are not to be trusted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tangled: bool,
    /// The log begins inside the build, or leaves out steps.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
}

/// How much was sent to the builder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub(in super::super) struct Amount {
    /// As printed: `156B`.
    pub size: String,
    /// The line.
    pub quote: Quote,
}

/// One step of a build.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub(in super::super) struct Step {
    /// Header as printed: `[build 2/6] WORKDIR /src`.
    pub name: String,
    /// Stage; empty where it has no name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stage: String,
    /// Platform of a build for several.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// Position in its stage.
    pub position: u32,
    /// Number of positions.
    pub of: u32,
    /// First word: `RUN`.
    pub instruction: String,
    /// Text of the instruction.
    pub text: String,
    /// Whether it counts in a hit rate.
    #[serde(with = "names::StepKind")]
    pub kind: model::StepKind,
    /// What became of it.
    #[serde(with = "names::Outcome")]
    pub outcome: model::Outcome,
    /// Seconds as printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Header line.
    pub header: Quote,
    /// The line that decides what became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Below>,
    /// Hash of all it depends on, where printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The line that shows its result being stored under a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<Quote>,
    /// The line that shows its result being fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Below>,
    /// When it ran and what it takes, where the log tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ran: Option<Ran>,
    /// What it depends on, as digests, where a file beside the log tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digests: Option<Digests>,
}

/// What a step depends on: digests, no values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub(in super::super) struct Digests {
    /// Of the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// For each input the digests that it may have.
    pub inputs: Vec<Input>,
    /// Named parts of the operation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Part>,
    /// Whether the cache holds the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<bool>,
    /// When the result was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub created: Option<DateTime<Utc>>,
    /// The layer that it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
}

/// Name of a build argument or of another part of an operation, and 32 bits of the digest of its
/// value as hexadecimal digits; without them where it is named like a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Part(
    pub String,
    #[serde(default, skip_serializing_if = "Option::is_none")] pub Option<String>,
);

/// One input of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub(in super::super) struct Input {
    /// Of the path that is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Of contents or base images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<String>,
    /// Of the layers of a base image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<String>,
    /// It may be the result of a step.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub step: bool,
}

/// What only the JSON status tells of a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Ran {
    /// Steps whose results it takes, by their index.
    pub inputs: Vec<usize>,
    /// From when to when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<(String, String)>"))]
    pub time: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// A base image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub(in super::super) struct Base {
    /// Stage it begins.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stage: String,
    /// Platform of a build for several.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// Reference without digest.
    pub image: String,
    /// Digest, where printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The Dockerfile names the digest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// Its name in the store, where printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The FROM line.
    pub quote: Quote,
    /// The line that shows it being fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pulled: Option<Quote>,
}

/// A cache that was looked for or written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub(in super::super) struct Transfer {
    /// Reference, where printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Kind of cache.
    #[serde(rename = "type", with = "names::CacheKind")]
    pub kind: model::CacheKind,
    /// Message of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its end is in the log.
    pub ended: bool,
    /// Seconds as printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Header line.
    pub header: Quote,
    /// The line that tells its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Below>,
    /// Media type of its manifest, where printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest_type: Option<String>,
    /// It was read from an image that the engine had.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub own_image: bool,
    /// An export writes it as an image, where the back end prints that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_image: Option<bool>,
    /// Configuration and manifest of the cache that was written, where printed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrote: Vec<String>,
    /// It listed layers, where the back end prints that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<bool>,
}
