//! What `gitlab-runner` says of its cache.
//!
//! Sources: `shells/abstract.go`, `commands/helpers/cache_archiver.go`, `cache_extractor.go`,
//! `retry_helper.go`. Failures never fail the job.

use memchr::memmem;

use super::{CacheOperation as Op, CacheOutcome as End, Mark};

/// A restore or save, or the key the next ones are about.
pub(super) fn mark(text: &[u8]) -> Option<Mark<'_>> {
    if !matches!(
        text.first()?,
        b'W' | b'F'
            | b'E'
            | b'C'
            | b'S'
            | b'A'
            | b'N'
            | b'P'
            | b'R'
            | b'r'
            | b'M'
            | b'z'
            | b'f'
            | b'u'
            | b'i'
            | b'c'
    ) {
        return None;
    }
    let text = ["WARNING: ", "FATAL: ", "ERROR: "]
        .iter()
        .fold(without_duration(text.trim_ascii_end()), |rest, level| {
            rest.strip_prefix(level.as_bytes()).unwrap_or(rest)
        });
    key(text).or_else(|| by_policy(text)).or_else(|| line(text)).or_else(|| trouble(text))
}

/// Copies of the page glue the duration of a section to its last line: `Created cache00:02`.
fn without_duration(text: &[u8]) -> &[u8] {
    match text {
        [rest @ .., a, b, b':', c, d] if [a, b, c, d].iter().all(|b| b.is_ascii_digit()) => {
            rest.trim_ascii_end()
        }
        _ => text,
    }
}

/// `Checking cache for main-protected...`, `Creating cache main-protected...`
fn key(text: &[u8]) -> Option<Mark<'_>> {
    let name = text.strip_suffix(b"...")?;
    let restore =
        name.strip_prefix(b"Checking cache for ").map(|key| Mark::CacheKey(key, Op::Restore));
    restore
        .or_else(|| name.strip_prefix(b"Creating cache ").map(|key| Mark::CacheKey(key, Op::Save)))
}

/// `Not uploading cache main-protected due to policy`
fn by_policy(text: &[u8]) -> Option<Mark<'_>> {
    let rest = text.strip_prefix(b"Not ")?.strip_suffix(b" due to policy")?;
    let restore = rest.strip_prefix(b"downloading cache ").map(|name| (name, Op::Restore));
    let (name, operation) =
        restore.or_else(|| Some((rest.strip_prefix(b"uploading cache ")?, Op::Save)))?;
    Some(Mark::Cache { name, operation, outcome: End::Skipped })
}

fn line(text: &[u8]) -> Option<Mark<'_>> {
    const LINES: [(&[u8], Op, End); 17] = [
        (b"Successfully extracted cache", Op::Restore, End::Hit),
        (b"Cache file does not exist", Op::Restore, End::Miss),
        (b"file does not exist", Op::Restore, End::Miss),
        (b"Failed to extract cache", Op::Restore, End::Miss),
        (b"zip: not a valid zip file", Op::Restore, End::Failed),
        (b"Skipping cache extraction due to ", Op::Restore, End::Skipped),
        (b"Extracting cache is not supported by this executor.", Op::Restore, End::Skipped),
        (b"Created cache", Op::Save, End::Saved),
        (b"Archive is up to date!", Op::Save, End::Exists),
        (b"Primary cache already exists remotely, skipping upload", Op::Save, End::Exists),
        (b"Failed to create cache", Op::Save, End::Failed),
        (b"Cache archive size (", Op::Save, End::Failed),
        (b"No files to cache.", Op::Save, End::Skipped),
        (b"Skipping cache archiving due to ", Op::Save, End::Skipped),
        (
            b"No URL provided, cache will not be uploaded to shared cache server.",
            Op::Save,
            End::Skipped,
        ),
        (
            b"No URL provided, cache will be not uploaded to shared cache server.",
            Op::Save,
            End::Skipped,
        ),
        (b"computed cache path outside of project bucket", Op::Save, End::Failed),
    ];
    let found = LINES
        .iter()
        .find(|(start, ..)| text == *start || (text.starts_with(start) && !WORDS.contains(start)));
    let (operation, outcome) = found.map(|(_, op, end)| (*op, *end)).or_else(|| disabled(text))?;
    Some(Mark::Cache { name: b"", operation, outcome })
}

/// Lines that have to be whole: a program may begin one so.
const WORDS: [&[u8]; 4] = [
    b"Successfully extracted cache",
    b"Created cache",
    b"file does not exist",
    b"zip: not a valid zip file",
];

/// `Missing /usr/bin/gitlab-runner-helper. Extracting cache is disabled.`
fn disabled(text: &[u8]) -> Option<(Op, End)> {
    let rest = text.strip_prefix(b"Missing ")?.strip_suffix(b" cache is disabled.")?;
    let operation = if rest.ends_with(b"Extracting") { Op::Restore } else { Op::Save };
    Some((operation, End::Skipped))
}

/// `Received: 403 Forbidden. Request failed with code: SignatureDoesNotMatch, …`; a broken archive.
fn trouble(text: &[u8]) -> Option<Mark<'_>> {
    let code = text.strip_prefix(b"Received: ").or_else(|| text.strip_prefix(b"received: "));
    let refused = code.is_some_and(
        |c| matches!(c, [b'4' | b'5', b, d, ..] if b.is_ascii_digit() && d.is_ascii_digit()),
    );
    let broken = text == b"unexpected EOF"
        || text == b"invalid checksum"
        || memmem::find(text, INTERRUPTED).is_some();
    (refused || broken || text.ends_with(FULL)).then_some(Mark::CacheTrouble)
}

/// `build/a.tar: write build/a.tar: no space left on device (suppressing repeats)`, for each file
/// that did not fit (`commands/helpers/archive`); `Successfully extracted cache` follows.
const FULL: &[u8] = b": no space left on device (suppressing repeats)";

/// `cache.zip: context deadline exceeded`
const INTERRUPTED: &[u8] = b"cache.zip: context deadline exceeded";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hears_restores_and_saves() {
        assert_eq!(
            mark(b"Checking cache for main-protected...   "),
            Some(Mark::CacheKey(b"main-protected", Op::Restore))
        );
        let saved = Mark::Cache { name: b"", operation: Op::Save, outcome: End::Saved };
        assert_eq!(mark(b"Created cache                    "), Some(saved));
        assert_eq!(mark(b"Created cache 00:02"), Some(saved));
        assert_eq!(mark(b"Created cache00:02"), Some(saved));
        let skipped = Mark::Cache { name: b"k-1", operation: Op::Save, outcome: End::Skipped };
        assert_eq!(mark(b"Not uploading cache k-1 due to policy"), Some(skipped));
        assert_eq!(mark(b"FATAL: received: 403 Forbidden"), Some(Mark::CacheTrouble));
    }

    #[test]
    fn leaves_other_words() {
        for line in
            ["Created cacheable", "Received: 200 OK", "Checking cache for x", "Failed to compile"]
        {
            assert_eq!(mark(line.as_bytes()), None, "{line}");
        }
    }
}
