//! What `actions/cache` and `actions/toolkit` say of GitHub's cache.
//!
//! Sources: `actions/toolkit` `packages/cache/src`, `actions/cache` `src` (v4 to v6);
//! `useblacksmith/setup-docker-builder` `src` for sticky disks.

use memchr::memmem;

use super::cache_reason::is_of_tar;
use super::{CacheOperation as Op, CacheOutcome as End, Mark};

/// A restore or save of a cache that may hold images; caches of the tools themselves are none.
pub(super) fn mark(text: &[u8]) -> Option<Mark<'_>> {
    let text = without_level(text);
    if let Some(Mark::CacheClue) = archive(text) {
        return Some(Mark::CacheClue);
    }
    if let [b'g' | b'u', ..] = text {
        return request(text);
    }
    if !matches!(
        text.first()?,
        b'C' | b'E'
            | b'F'
            | b'G'
            | b'K'
            | b'P'
            | b'S'
            | b'T'
            | b'U'
            | b'Y'
            | b'A'
            | b'r'
            | b'c'
            | b'R'
    ) {
        return None;
    }
    match named(text) {
        Some((name, ..)) if is_tool(name) => None,
        Some((name, operation, outcome)) => Some(Mark::Cache { name, operation, outcome }),
        None => unnamed(text).or_else(|| trouble(text)),
    }
}

/// `/usr/bin/tar: ../_temp/x: Cannot open: Permission denied`: of what the job makes, files of root
/// are often what the runner's user may not read.
fn archive(text: &[u8]) -> Option<Mark<'_>> {
    let tar = text.starts_with(b"/") || text.starts_with(b"tar: ");
    (tar && is_of_tar(text)).then_some(Mark::CacheClue)
}

/// Requests of clients that told no more of it:
/// `getCacheEntry failed: Cache service responded with 503`,
/// `uploadChunk (start: 0, end: 33554431) failed: Cache service responded with 503`
/// (`cacheHttpClient.ts`, `requestUtils.ts`). What the client makes of a chunk that is missing
/// comes below.
fn request(text: &[u8]) -> Option<Mark<'_>> {
    let failed = |operation| Some(Mark::Cache { name: b"", operation, outcome: End::Failed });
    if text.starts_with(b"getCacheEntry failed: ") {
        return failed(Op::Restore);
    }
    let chunk = text.starts_with(b"uploadChunk (") && memmem::find(text, b") failed: ").is_some();
    if chunk { failed(Op::Save) } else { None }
}

/// `##[warning]`, `[warning]` (`actions/cache` `src/utils/actionUtils.ts`), `Warning: ` (web page).
fn without_level(text: &[u8]) -> &[u8] {
    const LEVELS: [&[u8]; 8] = [
        b"##[warning]",
        b"##[error]",
        b"##[notice]",
        b"[warning]",
        b"Warning: ",
        b"Error: ",
        b"Notice: ",
        b"Cache reservation failed: ",
    ];
    LEVELS.iter().fold(text, |rest, level| rest.strip_prefix(*level).unwrap_or(rest))
}

/// Lines that name the key, up to a comma or to `. More details: cache write denied: …`.
fn named(text: &[u8]) -> Option<(&[u8], Op, End)> {
    const LINES: [(&[u8], Op, End); 13] = [
        (b"Cache restored from key: ", Op::Restore, End::Hit),
        (b"Cache hit for restore-key: ", Op::Restore, End::Partial),
        (b"Cache hit for: ", Op::Restore, End::Hit),
        (b"Cache found and can be restored from key: ", Op::Restore, End::Hit),
        (b"Cache not found for input keys: ", Op::Restore, End::Miss),
        (
            b"Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: ",
            Op::Restore,
            End::Miss,
        ),
        (b"Cache saved with key: ", Op::Save, End::Saved),
        (b"Cache hit occurred on the primary key ", Op::Save, End::Exists),
        (b"Failed to save: Unable to reserve cache with key ", Op::Save, End::Failed),
        (b"Unable to reserve cache with key ", Op::Save, End::Failed),
        (b"ReserveCacheError: Unable to reserve cache with key ", Op::Save, End::Failed),
        (b"Failed to save: Unable to finalize cache with key ", Op::Save, End::Failed),
        (b"Unable to finalize cache with key ", Op::Save, End::Failed),
    ];
    let (rest, operation, outcome) =
        LINES.iter().find_map(|(start, op, end)| Some((text.strip_prefix(*start)?, *op, *end)))?;
    let rest =
        memmem::find(rest, b". More details: ").map_or(rest, |end| rest.get(..end).unwrap_or(rest));
    Some((rest.split(|b| *b == b',').next()?.trim_ascii_end(), operation, outcome))
}

/// Binaries that actions keep for themselves: `docker.io--tonistiigi--binfmt-latest-…` of
/// setup-qemu-action, `buildx-dl-bin-0.20…` of setup-buildx-action.
fn is_tool(key: &[u8]) -> bool {
    [&b"docker.io--"[..], b"buildx-dl-", b"setup-"].iter().any(|tool| key.starts_with(tool))
}

/// Lines that only say what happened.
fn unnamed(text: &[u8]) -> Option<Mark<'_>> {
    const LINES: [(&[u8], Op, End); 19] = [
        // Other actions look at other folders.
        (b"EACCES: permission denied, scandir '/var/lib/docker", Op::Save, End::Failed),
        (b"EACCES: permission denied, lstat '/var/lib/docker", Op::Save, End::Failed),
        (b"Failed to restore: ", Op::Restore, End::Failed),
        (b"Failed to save: ", Op::Save, End::Failed),
        (b"Failed to commit sticky disk: ", Op::Save, End::Failed),
        (b"Cache upload failed because file read failed with ", Op::Save, End::Failed),
        (b"Cache action is only supported on GHES version >= ", Op::Restore, End::Skipped),
        (b"reserveCache failed: ", Op::Save, End::Failed),
        (b"cache write denied: ", Op::Save, End::Failed),
        (b"cache read denied: ", Op::Restore, End::Failed),
        (b"Cache storage quota has been hit.", Op::Save, End::Failed),
        (b"Cache size of ~", Op::Save, End::Failed),
        (b"Path Validation Error: ", Op::Save, End::Failed),
        (b"Event Validation Error: ", Op::Save, End::Skipped),
        (b"Successfully obtained sticky disk", Op::Restore, End::Hit),
        (b"Error in setupStickyDisk: ", Op::Restore, End::Failed),
        (b"Failed to setup Blacksmith builder, using local builder", Op::Restore, End::Failed),
        (b"Successfully committed sticky disk", Op::Save, End::Saved),
        (
            b"This request has been automatically failed because it uses a deprecated version",
            Op::Restore,
            End::Failed,
        ),
    ];
    if let Some(key) = text.strip_prefix(b"Getting sticky disk for ") {
        return Some(Mark::CacheKey(key.trim_ascii_end(), Op::Restore));
    }
    // Between the steps of a job's end nothing else tells saves from restores.
    if text.starts_with(b"Post job cleanup.") {
        return Some(Mark::CacheKey(b"", Op::Save));
    }
    let (_, operation, outcome) = LINES.iter().find(|(start, ..)| text.starts_with(start))?;
    let over = !text.starts_with(b"Cache size of ~")
        || memmem::find(text, b" limit, not saving cache.").is_some();
    over.then_some(Mark::Cache { name: b"", operation: *operation, outcome: *outcome })
}

/// What the service answers, to a restore or a save. Only of a save it says to what:
/// `Cache service responded with 503 during upload chunk.` (`cacheHttpClient.ts`).
fn trouble(text: &[u8]) -> Option<Mark<'_>> {
    const OF_SAVES: [&[u8]; 3] =
        [b" during chunk upload", b" during upload chunk", b" during commit cache"];
    const STARTS: [&[u8]; 5] = [
        b"Cache service responded with ",
        b"An internal error has occurred in cache backend",
        b"You've hit a rate limit, your rate limit will reset in ",
        b"Rate limited: Failed request: ",
        b"Key Validation Error: ",
    ];
    if !STARTS.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    if OF_SAVES.iter().any(|request| memmem::find(text, request).is_some()) {
        return Some(Mark::Cache { name: b"", operation: Op::Save, outcome: End::Failed });
    }
    Some(Mark::CacheTrouble)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(name: &'static str, operation: Op, outcome: End) -> Mark<'static> {
        Mark::Cache { name: name.as_bytes(), operation, outcome }
    }

    #[test]
    fn hears_the_cache_in_every_form_of_copy() {
        let reserve = "Failed to save: Unable to reserve cache with key k, another job may be \
            creating this cache.";
        for level in ["", "##[warning]", "Warning: ", "[warning]"] {
            assert_eq!(
                mark(format!("{level}{reserve}").as_bytes()),
                Some(cache("k", Op::Save, End::Failed)),
                "{level}"
            );
        }
        let denied = b"Failed to save: Unable to reserve cache with key k. More details: cache \
            write denied: x";
        assert_eq!(mark(denied), Some(cache("k", Op::Save, End::Failed)));
        assert_eq!(
            mark(b"Cache not found for input keys: a-1, a-"),
            Some(cache("a-1", Op::Restore, End::Miss))
        );
        assert_eq!(
            mark(b"Cache hit for restore-key: a-"),
            Some(cache("a-", Op::Restore, End::Partial))
        );
        assert_eq!(
            mark(b"##[warning]Failed to restore: getaddrinfo"),
            Some(cache("", Op::Restore, End::Failed))
        );
        assert_eq!(mark(b"Cache service responded with 503"), Some(Mark::CacheTrouble));
        assert_eq!(
            mark(b"Warning: Cache service responded with 429 during upload chunk."),
            Some(cache("", Op::Save, End::Failed))
        );
    }

    #[test]
    fn leaves_tools_and_other_words() {
        for line in [
            "Cache saved with key: docker.io--tonistiigi--binfmt-latest-linux-x64",
            "Cache restored from key: buildx-dl-bin-0.20.0-linux-x64",
            "Failed to save: Unable to reserve cache with key docker.io--a, another job may be \
                creating this cache.",
            "Cache saved successfully",
            "Cache Size: ~12 MB (12582912 B)",
            "Cache size of ~12 MB (12582912 B)",
            "Cached nothing",
            "getCacheEntry is slow",
            "uploadChunk (start: 0, end: 1)",
        ] {
            assert_eq!(mark(line.as_bytes()), None, "{line}");
        }
    }
}
