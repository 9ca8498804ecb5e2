//! Why an operation of a CI's cache went wrong, in the words of all CI systems.
//!
//! A pure function of a line that a CI's envelope took for one about its cache: the answers of
//! stores (HTTP, S3, tar, zip) are the same everywhere. Knows no CI by name.

use memchr::memmem;

/// Why a cache was not restored or not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheReason {
    /// The key is taken: another job saves it, or has saved it.
    Conflict,
    /// The token or account may not read or write.
    Denied,
    /// The cache is larger than the CI takes.
    TooLarge,
    /// All caches together are larger than the CI keeps.
    QuotaUsedUp,
    /// Too many requests in a short time.
    RateLimited,
    /// The cache service or the way to it failed.
    Service,
    /// The service no longer answers to clients of this age.
    ClientRetired,
    /// The stored archive cannot be unpacked.
    Broken,
    /// There is nothing at the path that is to be saved.
    NothingThere,
    /// A file that is to be saved may not be read.
    Unreadable,
    /// The key is made of files that changed while the job ran.
    KeyMoved,
    /// The disk that the archive is written to is full.
    DiskFull,
    /// There is no shared store: the cache stays on this machine.
    LocalOnly,
}

use CacheReason::{
    Broken, ClientRetired, Conflict, Denied, DiskFull, LocalOnly, NothingThere, QuotaUsedUp,
};
use CacheReason::{KeyMoved, RateLimited, Service, TooLarge, Unreadable};

/// The reason a line gives; `None` where it gives none.
///
/// The most telling words come first: clients before 2026 say `another job may be creating this
/// cache` to whatever the service refused, and put its answer behind.
#[must_use]
pub fn cache_reason(line: &[u8]) -> Option<CacheReason> {
    let says = |words: &str| memmem::find(line, words.as_bytes()).is_some();
    let first = WORDS.iter().find(|(words, _)| says(words)).map(|(_, reason)| *reason);
    first.or_else(|| by_status(line)).or_else(|| says("another job may be ").then_some(Conflict))
}

/// `actions/toolkit` `packages/cache/src` (GitHub); `gitlab-runner` `commands/helpers`; Atlassian's
/// artifacts; `azure-pipelines-agent` `PipelineCache`; `buildkite/agent` `internal/cache`; errors
/// of S3, node and Go.
const WORDS: &[(&str, CacheReason)] = &[
    ("cache write denied", Denied),
    ("cache read denied", Denied),
    ("AccessDenied", Denied),
    ("SignatureDoesNotMatch", Denied),
    ("InvalidAccessKeyId", Denied),
    ("ExpiredToken", Denied),
    ("This legacy service is shutting down", ClientRetired),
    ("uses a deprecated version of", ClientRetired),
    ("You've hit a rate limit", RateLimited),
    ("Rate limited: ", RateLimited),
    ("Too Many Requests", RateLimited),
    ("Cache storage quota has been hit", QuotaUsedUp),
    (" limit, not saving cache", TooLarge),
    (" is too big (Limit is set to ", TooLarge),
    (" upload limit, so ", TooLarge),
    ("No URL provided, cache will ", LocalOnly),
    (": Cannot open: Permission denied", Unreadable),
    (": Cannot stat: Permission denied", Unreadable),
    (": Permission denied", Unreadable),
    ("EACCES: permission denied, ", Unreadable),
    (": Cannot open: No such file or directory", NothingThere),
    (": Cannot stat: No such file or directory", NothingThere),
    ("could not chdir to ", NothingThere),
    ("key has changed in its resolved value between restore and save", KeyMoved),
    ("No space left on device", DiskFull),
    ("ENOSPC: no space left on device", DiskFull),
    (": Wrote only ", DiskFull),
    ("Path Validation Error", NothingThere),
    ("' does not exist", NothingThere),
    ("as the path does not exist", NothingThere),
    ("grown beyond configured maximum size", TooLarge),
    ("No files to cache", NothingThere),
    ("Cache already exists. Scope", Conflict),
    ("not a valid zip file", Broken),
    ("unexpected EOF", Broken),
    ("invalid checksum", Broken),
    ("digest mismatch", Broken),
    ("failed verification", Broken),
    ("tar\" failed with error", Broken),
    ("Error untarring cache", Broken),
    ("Failed to unarchive cache", Broken),
    ("internal error has occurred in cache backend", Service),
    ("VssServiceResponseException", Service),
    ("context deadline exceeded", Service),
    ("timeout", Service),
    ("timed out", Service),
    ("ETIMEDOUT", Service),
    ("ECONNRE", Service),
    ("ENOTFOUND", Service),
    ("EAI_AGAIN", Service),
    ("getaddrinfo", Service),
    ("Incomplete download", Service),
];

/// What tar says of a file, and why it gives up: `tar: ./overlay2: Cannot open: Permission denied`,
/// `tar: 0a_archive.tar: Wrote only 4096 of 10240 bytes`, `tar: could not chdir to '/x'`.
#[must_use]
pub(super) fn is_of_tar(line: &[u8]) -> bool {
    let said = ["tar: ", "/tar: ", "tar.exe: "]
        .iter()
        .any(|name| memmem::find(line, name.as_bytes()).is_some_and(|at| at < 40));
    said && matches!(cache_reason(line), Some(Unreadable | NothingThere | DiskFull))
}

/// The HTTP status of an answer: `Cache service responded with 503`, `Received: 403 Forbidden`,
/// `Failed request: (500) …`. GitHub's first cache service, shut down in April 2025, answers 422,
/// since July 2025 its front door answers 400.
fn by_status(line: &[u8]) -> Option<CacheReason> {
    const BEFORE: [(&[u8], bool); 4] = [
        (b"Cache service responded with ", true),
        (b"Received: ", false),
        (b"received: ", false),
        (b"request: (", false),
    ];
    BEFORE.iter().find_map(|(words, github)| {
        let digits = line.get(memmem::find(line, words)? + words.len()..)?.get(..3)?;
        match digits {
            b"401" | b"403" => Some(Denied),
            b"413" => Some(TooLarge),
            b"400" | b"422" if *github => Some(ClientRetired),
            b"429" => Some(RateLimited),
            [b'5', a, b] if a.is_ascii_digit() && b.is_ascii_digit() => Some(Service),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(line: &str) -> Option<CacheReason> {
        cache_reason(line.as_bytes())
    }

    #[test]
    fn the_services_answer_counts_not_what_the_client_makes_of_it() {
        let reserve = "Failed to save: Unable to reserve cache with key k, another job may be \
            creating this cache.";
        let with = |details: &str| reason(&format!("{reserve} More details: {details}"));
        assert_eq!(reason(reserve), Some(Conflict));
        assert_eq!(
            with("Cache already exists. Scope: refs/heads/main, Key: k, Version: 0a"),
            Some(Conflict)
        );
        assert_eq!(with("cache write denied: token has no writable scopes"), Some(Denied));
        assert_eq!(
            with("This legacy service is shutting down, effective April 15, 2025."),
            Some(ClientRetired)
        );
    }

    #[test]
    fn reads_a_status() {
        assert_eq!(
            reason("Failed to restore: Cache service responded with 422"),
            Some(ClientRetired)
        );
        assert_eq!(reason("Error: Cache service responded with 400"), Some(ClientRetired));
        assert_eq!(reason("Cache service responded with 503"), Some(Service));
        assert_eq!(reason("FATAL: received: 403 Forbidden"), Some(Denied));
        assert_eq!(reason("WARNING: Received: 422 Unprocessable Entity"), None);
        assert_eq!(
            reason("Rate limited: Failed request: (429) Too Many Requests: rate limit exceeded"),
            Some(RateLimited)
        );
    }

    #[test]
    fn gives_none_where_the_line_gives_none() {
        for line in [
            "Cache \"docker: docker.tar\": Upload failed",
            "Failed to cache item.",
            "failed to upload cache",
        ] {
            assert_eq!(reason(line), None, "{line}");
        }
    }
}
