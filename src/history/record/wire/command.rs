//! What a record keeps of a command line that builds.

use serde::{Deserialize, Serialize};

use super::{Quote, names};
use crate::model;

/// One command line, read. Values of build arguments are replaced by marks: `SHA=<arg:0293847561>`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub(in super::super) struct Command {
    /// The line, or its first.
    pub quote: Quote,
    /// The lines in which it goes on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Quote>,
    /// What is called.
    #[serde(with = "names::Tool")]
    pub tool: model::Tool,
    /// `--cache-from`, as written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cache_from: Vec<String>,
    /// `--cache-to`, as written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cache_to: Vec<String>,
    /// `--build-arg`, without values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub build_args: Vec<String>,
    /// `--no-cache`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_cache: bool,
    /// `--no-cache-filter`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_cache_filter: Vec<String>,
    /// `--layers` of buildah, `--cache` of kaniko.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<bool>,
    /// `--cache-ttl` of buildah.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_ttl: Option<String>,
    /// `--builder`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builder: Option<String>,
    /// `--driver` of `buildx create`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// `--file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// `--target`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// `--platform`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// `--tag`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// `--push`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub push: bool,
    /// `--pull`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pull: bool,
    /// Options that are part of cache keys: name and value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<KeyOption>,
}

/// Name and value of an option that is part of cache keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct KeyOption(pub String, pub String);
