//! What the report says of one build.

use serde::Serialize;

use super::Text;

/// One build of one image.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Build<'a> {
    /// Unique within the report; series name it.
    pub id: &'a str,
    /// Form of the log, as `buildkit-plain`. Names may be added.
    pub dialect: &'static str,
    /// How it ended.
    #[cfg_attr(test, schemars(extend("enum" = ["succeeded", "failed", "canceled", "unknown"])))]
    pub outcome: &'static str,
    /// What stores its layers, as `graphdriver`. Names may be added.
    pub engine: &'static str,
    /// Driver of the builder, as `docker-container`.
    pub driver: Option<Text<'a>>,
    /// Bake target or compose service.
    pub target: Option<Text<'a>>,
    /// 1-based line where it begins.
    pub line: u64,
    /// Its steps, in the order of their numbers.
    pub steps: Vec<Step<'a>>,
    /// Caches it looked for.
    pub imports: Vec<Transfer<'a>>,
    /// Caches it wrote.
    pub exports: Vec<Transfer<'a>>,
    /// Where the chain of its cache broke: the first step of each stage that ran again, and why.
    pub breaks: Vec<Break<'a>>,
    /// Steps from the cache, of those that count.
    pub hits: usize,
    /// Steps that count: RUN, COPY, ADD, WORKDIR that were reached.
    pub total: usize,
}

/// Where a chain broke.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Break<'a> {
    /// Header of the step as printed.
    pub step: Text<'a>,
    /// Why, as `inputs-changed`. Reasons may be added.
    pub because: &'static str,
    /// How sure.
    #[cfg_attr(test, schemars(extend("enum" = ["proven", "likely", "suspected"])))]
    pub confidence: &'static str,
    /// Kinds of files beside the log that prove it, as `cacheconfig`. Names may be added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<&'static str>,
    /// What those files show to differ from an earlier build: what the step does, what it stands on,
    /// or the files that it takes; `nothing` where its result was there to be found. Where `open` is
    /// not empty this is all that is proven, and `because` the likeliest reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(extend("enum" = ["operation", "base", "files", "nothing", null])))]
    pub differs: Option<&'static str>,
    /// Sources of a copy, or names of arguments, that are proven to differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Text<'a>>,
    /// What else may have changed, where files beside the log prove that something did and not
    /// what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<&'static str>,
}

/// One step of a build.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Step<'a> {
    /// Header as printed: `[build 2/6] WORKDIR /src`.
    pub name: Text<'a>,
    /// Stage; empty where it has no name.
    pub stage: Text<'a>,
    /// Platform of a build for several; else empty.
    pub platform: Text<'a>,
    /// First word: `RUN`.
    pub instruction: Text<'a>,
    /// What became of it. A step pulled from a remote cache is a hit.
    #[cfg_attr(test, schemars(extend("enum" = ["hit", "miss", "failed", "canceled", "unknown"])))]
    pub outcome: &'static str,
    /// Whether hit rates count it.
    pub counts: bool,
    /// Seconds as printed.
    pub seconds: Option<f64>,
    /// 1-based line of its header.
    pub line: u64,
}

/// A cache that was looked for or written.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Transfer<'a> {
    /// Reference, where one is printed.
    pub reference: Option<Text<'a>>,
    /// Kind of cache, as `registry`. Names may be added.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// How it ended; `unknown` where the log ends first.
    #[cfg_attr(test, schemars(extend("enum" = ["ok", "error", "unknown"])))]
    pub outcome: &'static str,
    /// Message as printed.
    pub error: Option<Text<'a>>,
    /// 1-based line where it begins.
    pub line: u64,
    /// Seconds as printed.
    pub seconds: Option<f64>,
}

/// One operation of the CI's own cache.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct CiCache<'a> {
    /// Name or key as printed.
    pub name: Text<'a>,
    /// Direction.
    #[cfg_attr(test, schemars(extend("enum" = ["restore", "save"])))]
    pub operation: &'static str,
    /// How it ended.
    #[cfg_attr(test, schemars(extend("enum" = ["hit", "partial", "miss", "saved", "exists", "skipped", "failed"])))]
    pub outcome: &'static str,
    /// Key it was restored from, where that is not the one asked for.
    pub restored: Option<Text<'a>>,
    /// 1-based line that says so.
    pub line: u64,
    /// That line.
    pub message: Text<'a>,
}
