//! GitHub Actions: job log of the API, of the runner, and the files of the log archive.
//!
//! Prefix: `2026-05-04T09:00:00.1234567Z ` (`actions/runner` `src/Runner.Common/Logging.cs`,
//! format "O"). Continuation lines of one write have none.

use super::{CacheOperation as Op, CacheOutcome as End, Envelope, Mark, Peeled, Stamp, ansi, echo, mostly};

/// Job log, step log.
pub(super) struct Github;

/// Length of the stamp.
const STAMP: usize = 28;

impl Envelope for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn ci(&self) -> &'static str {
        "github-actions"
    }

    fn recognise(&self, head: &[&[u8]]) -> bool {
        let azure = head.iter().any(|l| memchr::memmem::find(l, b"##[section]Starting:").is_some());
        let stamped = mostly(head, |l| stamp(l).is_some());
        !azure && (stamped || head.iter().any(|l| l.starts_with(b"##[group]Run ")))
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        decode(line)
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        mark(text)
    }
}

/// Takes the stamp off.
pub(super) fn decode(line: &[u8]) -> Peeled<'_> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    match stamp(line) {
        Some((stamp, text)) => Peeled { text, stamp: Some(Stamp::Rfc3339(stamp)), ..Peeled::default() },
        None => Peeled { text: line, ..Peeled::default() },
    }
}

/// Splits `2026-05-04T09:00:00.1234567Z text`.
fn stamp(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let (stamp, rest) = line.split_at_checked(STAMP)?;
    let fits = matches!(stamp, [b'0'..=b'9', .., b'Z']) && stamp.get(10) == Some(&b'T') && stamp.get(19) == Some(&b'.');
    match rest {
        [b' ', text @ ..] if fits => Some((stamp, text)),
        [] if fits => Some((stamp, rest)),
        _ => None,
    }
}

/// What GitHub, its toolkit and `actions/cache` print.
pub(super) fn mark(text: &[u8]) -> Option<Mark<'_>> {
    match text.first()? {
        b'#' => section(text),
        b'[' => text.strip_prefix(b"[command]").filter(|c| echo::builds(c)).map(Mark::Command),
        b' ' => input(text),
        b'+' | b'$' => echo::prompted(text),
        b'C' | b'F' | b'U' => cache(text),
        b'H' => {
            text.strip_prefix(b"HEAD is now at ").and_then(|rest| rest.split(|b| *b == b' ').next()).map(Mark::Commit)
        }
        _ => echo::bare(text),
    }
}

fn section(text: &[u8]) -> Option<Mark<'_>> {
    if text == b"##[endgroup]" {
        return Some(Mark::SectionEnd);
    }
    if let Some(title) = text.strip_prefix(b"##[group]Run ") {
        return Some(Mark::Section(title));
    }
    let warning = text.strip_prefix(b"##[warning]").or_else(|| text.strip_prefix(b"##[error]"))?;
    cache(warning)
}

/// `  cache-from: type=gha` in the block of an action's inputs.
fn input(text: &[u8]) -> Option<Mark<'_>> {
    const KEYS: [&[u8]; 10] = [
        b"cache-from",
        b"cache-to",
        b"no-cache",
        b"file",
        b"target",
        b"tags",
        b"build-args",
        b"push",
        b"driver",
        b"load",
    ];
    let text = text.strip_prefix(b"  ")?;
    let colon = memchr::memchr(b':', text)?;
    let (key, value) = text.split_at_checked(colon)?;
    let value = value.strip_prefix(b":")?.trim_ascii();
    KEYS.contains(&key).then_some(Mark::Input(key, value))
}

/// `actions/cache` and `actions/toolkit` (`packages/cache/src`).
fn cache(text: &[u8]) -> Option<Mark<'_>> {
    const LINES: [(&[u8], Op, End); 8] = [
        (b"Cache restored from key: ", Op::Restore, End::Hit),
        (b"Cache hit for restore-key: ", Op::Restore, End::Partial),
        (b"Cache not found for input keys: ", Op::Restore, End::Miss),
        (b"Cache saved with key: ", Op::Save, End::Saved),
        (b"Cache hit occurred on the primary key ", Op::Save, End::Exists),
        (b"Failed to save: Unable to reserve cache with key ", Op::Save, End::Failed),
        (b"Unable to reserve cache with key ", Op::Save, End::Failed),
        (b"Failed to restore: ", Op::Restore, End::Failed),
    ];
    let (rest, operation, outcome) =
        LINES.iter().find_map(|(start, op, end)| Some((text.strip_prefix(*start)?, *op, *end)))?;
    let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
    Some(Mark::Cache { name: ansi::trim_end(rest.get(..end)?), operation, outcome })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_stamp_off() {
        let peeled = decode("\u{feff}2026-05-04T09:00:00.1234567Z #5 CACHED".as_bytes());
        assert_eq!(peeled.text, b"#5 CACHED");
        assert_eq!(peeled.stamp, Some(Stamp::Rfc3339(b"2026-05-04T09:00:00.1234567Z")));
        assert_eq!(decode(b"  tags: a").text, b"  tags: a");
        assert_eq!(decode(b"2026-05-04T09:00:00.1234567Z ").text, b"");
    }

    #[test]
    fn hears_the_cache() {
        assert_eq!(
            mark(b"##[warning]Failed to save: Unable to reserve cache with key k, another job may be creating this cache."),
            Some(Mark::Cache { name: b"k", operation: Op::Save, outcome: End::Failed })
        );
        assert_eq!(mark(b"Cached nothing"), None);
    }
}
