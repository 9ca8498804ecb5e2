//! Tables of valid types, attributes and values.
//!
//! Sources: `BuildKit` `cache/remotecache/*/` and `util/compression/attrs.go` (names of
//! attributes), `client/solve.go` (`tag`, `digest` of local);
//! <https://docs.docker.com/build/cache/backends/>.

/// Backends.
pub(super) const TYPES: [&str; 6] = ["registry", "local", "gha", "s3", "azblob", "inline"];

/// Values of `mode`.
pub(super) const MODES: [&str; 2] = ["min", "max"];

/// Values of `compression`.
pub(super) const COMPRESSIONS: [&str; 4] = ["uncompressed", "gzip", "estargz", "zstd"];

/// Attributes whose value is a boolean as Go's `strconv.ParseBool` reads it.
pub(super) const BOOLEANS: [&str; 4] =
    ["image-manifest", "oci-mediatypes", "force-compression", "ignore-error"];

/// What `strconv.ParseBool` takes.
pub(super) const BOOLEAN_VALUES: [&str; 12] =
    ["true", "false", "1", "0", "t", "f", "T", "F", "TRUE", "FALSE", "True", "False"];

/// Every backend takes these; those without compression of their own ignore it.
const COMMON: [&str; 6] =
    ["type", "mode", "ignore-error", "compression", "compression-level", "force-compression"];

const REGISTRY: [&str; 4] = ["ref", "image-manifest", "oci-mediatypes", "registry.insecure"];
/// Attributes of older versions, which today's pass over: the README of `BuildKit` had
/// `--export-cache type=registry,ref=…,push=true` until v0.8.
pub(super) const OBSOLETE: [&str; 1] = ["push"];

const LOCAL: [&str; 6] = ["src", "dest", "digest", "tag", "image-manifest", "oci-mediatypes"];
const GHA: [&str; 8] =
    ["scope", "url", "url_v2", "token", "timeout", "repository", "ghtoken", "version"];
const S3: [&str; 16] = [
    "bucket",
    "region",
    "prefix",
    "manifests_prefix",
    "blobs_prefix",
    "name",
    "touch_refresh",
    "endpoint_url",
    "access_key_id",
    "secret_access_key",
    "session_token",
    "use_path_style",
    "upload_parallelism",
    "disable_accept_encoding",
    "retry_mode",
    "retry_max_attempts",
];
const AZBLOB: [&str; 8] = [
    "account_url",
    "account_name",
    "secret_access_key",
    "container",
    "prefix",
    "manifests_prefix",
    "blobs_prefix",
    "name",
];

/// Attributes of a backend, in both directions: one that has no effect in one of them does no harm.
pub(super) fn attributes(kind: &str) -> Vec<&'static str> {
    let own: &[&str] = match kind {
        "registry" => &REGISTRY,
        "local" => &LOCAL,
        "gha" => &GHA,
        "s3" => &S3,
        "azblob" => &AZBLOB,
        _ => &[],
    };
    own.iter().chain(&COMMON).copied().collect()
}

/// The valid word that was most likely meant.
pub(super) fn nearest(word: &str, valid: &[&'static str]) -> Option<&'static str> {
    let word = word.trim().to_ascii_lowercase();
    let near = valid.iter().map(|v| (strsim::damerau_levenshtein(&word, v), *v)).min()?;
    // A third of the letters may differ: `maxx` is near `max`, `max` is not near `min`.
    (near.0 <= near.1.len().div_ceil(3).max(1)).then_some(near.1)
}
