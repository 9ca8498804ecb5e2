//! Values of the model by their names on the wire. A variant that is added to the model does not
//! compile until it has a name here.

use serde::{Deserialize, Serialize};

use crate::model;

/// Form of log.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::Dialect", rename_all = "kebab-case")]
pub(super) enum Dialect {
    BuildkitPlain,
    BuildkitRawjson,
    BuildkitTty,
    Classic,
    Kaniko,
    Buildah,
}

/// Image store.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::Engine", rename_all = "kebab-case")]
pub(super) enum Engine {
    Graphdriver,
    Containerd,
    Buildkitd,
    Unknown,
}

/// End of a build.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::BuildOutcome", rename_all = "kebab-case")]
pub(super) enum BuildOutcome {
    Succeeded,
    Failed,
    Canceled,
    Unknown,
}

/// What kind of line a step is.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::StepKind", rename_all = "kebab-case")]
pub(super) enum StepKind {
    Counted,
    Fetch,
    Metadata,
    Uncached,
}

/// What became of a step.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::Outcome", rename_all = "kebab-case")]
pub(super) enum Outcome {
    Hit,
    Miss,
    Failed,
    Canceled,
    Unknown,
}

/// Kind of cache.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::CacheKind", rename_all = "kebab-case")]
pub(super) enum CacheKind {
    Registry,
    Local,
    Gha,
    S3,
    Azblob,
    Inline,
    Unknown,
}

/// Tool that a command line calls.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::Tool", rename_all = "kebab-case")]
pub(super) enum Tool {
    DockerBuild,
    BuildxBuild,
    BuildxBake,
    BuildxCreate,
    Compose,
    Buildctl,
    BuildPushAction,
    Buildah,
    Kaniko,
}

/// Direction of an operation of the CI's cache.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::CacheOperation", rename_all = "kebab-case")]
pub(super) enum CacheOperation {
    Restore,
    Save,
}

/// End of an operation of the CI's cache.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::CacheOutcome", rename_all = "kebab-case")]
pub(super) enum CacheOutcome {
    Hit,
    Partial,
    Miss,
    Saved,
    Exists,
    Skipped,
    Failed,
}

/// Why a cache was not restored or saved.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::CacheReason", rename_all = "kebab-case")]
pub(super) enum CacheReason {
    Conflict,
    Denied,
    TooLarge,
    QuotaUsedUp,
    RateLimited,
    Service,
    ClientRetired,
    Broken,
    NothingThere,
    Unreadable,
    KeyMoved,
    DiskFull,
    LocalOnly,
}

/// What a CI or its plugin says of itself.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "model::NoteKind", rename_all = "kebab-case")]
pub(super) enum NoteKind {
    ComposePluginVersion,
    ComposePluginPullsCache,
    ComposePluginPullFailed,
    ComposePluginBuilds,
    ComposePluginDriver,
    ComposeCacheFrom,
    ComposeCacheTo,
    ComposeImage,
    ComposeVersion,
    NewMachine,
    Machine,
}
