//! What Buildkite's cache plugin and the agent's own cache command say.
//!
//! Sources: `buildkite-plugins/cache-buildkite-plugin` `hooks`, `lib`; `buildkite/agent`
//! `internal/cache`.

use memchr::memmem;

use super::{CacheOperation as Op, CacheOutcome as End, Mark};

/// A restore or save in a line that is no header.
pub(super) fn mark(text: &[u8]) -> Option<Mark<'_>> {
    const LINES: [(&[u8], Op, End); 12] = [
        (b"Cache restored", Op::Restore, End::Hit),
        (b"Cache not restored (not found)", Op::Restore, End::Miss),
        (b"cache blob missing, treating as miss", Op::Restore, End::Miss),
        (b"cache blob digest mismatch, ", Op::Restore, End::Failed),
        (b"cache archive failed verification, ", Op::Restore, End::Failed),
        (b"Cache not setup for restoring", Op::Restore, End::Skipped),
        (b"Cache not setup for saving", Op::Save, End::Skipped),
        (
            b"Aborting cache post-command hook because command exited with status ",
            Op::Save,
            End::Skipped,
        ),
        (b"Cache created", Op::Save, End::Saved),
        (b"Cache already exists, not saving", Op::Save, End::Exists),
        (b"failed to upload cache: ", Op::Save, End::Failed),
        (b"Cache folder ", Op::Save, End::Failed),
    ];
    if !matches!(text.first()?, b'C' | b'c' | b'A' | b'R' | b'S' | b'f') {
        return None;
    }
    if let Some(mark) = by_level(text) {
        return Some(mark);
    }
    let (start, operation, outcome) = LINES.iter().find(|(start, ..)| text.starts_with(start))?;
    let folder = *start != b"Cache folder " || text.ends_with(b" does not exist");
    folder.then_some(Mark::Cache { name: b"", operation: *operation, outcome: *outcome })
}

/// `Cache hit at branch level, restoring node_modules...`,
/// `Saving file-level cache of node_modules`
fn by_level(text: &[u8]) -> Option<Mark<'_>> {
    let after = |start: &[u8], middle: &[u8]| {
        let rest = text.strip_prefix(start)?;
        rest.get(memmem::find(rest, middle)? + middle.len()..)
    };
    if let Some(key) = text.strip_prefix(b"Restoring cache: ") {
        return Some(Mark::CacheKey(key, Op::Restore));
    }
    if let Some(key) = text.strip_prefix(b"Saving cache: ") {
        return Some(Mark::CacheKey(key, Op::Save));
    }
    if let Some(path) = after(b"Cache hit at ", b" level, restoring ") {
        let name = path.strip_suffix(b"...").unwrap_or(path);
        return Some(Mark::Cache { name, operation: Op::Restore, outcome: End::Hit });
    }
    if let Some(path) = after(b"Cache miss up to ", b"-level for ") {
        let name = path.strip_suffix(b", sorry").unwrap_or(path);
        return Some(Mark::Cache { name, operation: Op::Restore, outcome: End::Miss });
    }
    if let Some(name) = after(b"Saving ", b"-level cache of ") {
        return Some(Mark::Cache { name, operation: Op::Save, outcome: End::Saved });
    }
    let level = text.strip_prefix(b"Cache of ")?.strip_suffix(b" already exists, skipping")?;
    Some(Mark::Cache { name: level, operation: Op::Save, outcome: End::Exists })
}

/// `--- ⚠️  Cache save operation failed, continuing build (soft-fail enabled)`, which comes after
/// `--- :warning: Cache save failed (attempt 3/3), retrying`;
/// `+++ 🚨 Cache path 'node_modules' does not exist`
pub(super) fn header(text: &[u8]) -> Option<Mark<'_>> {
    let at = memmem::find(text.get(..32).unwrap_or(text), b" Cache ")?;
    let rest = text.get(at + 7..)?;
    if let Some(path) =
        rest.strip_prefix(b"path '").and_then(|r| r.strip_suffix(b"' does not exist"))
    {
        return Some(Mark::Cache { name: path, operation: Op::Save, outcome: End::Failed });
    }
    let operation = match rest.get(..memmem::find(rest, b" operation failed, ")?)? {
        b"save" => Op::Save,
        b"restore" => Op::Restore,
        _ => return None,
    };
    Some(Mark::Cache { name: b"", operation, outcome: End::Failed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hears_the_cache_plugins() {
        let hit = Mark::Cache { name: b"node_modules", operation: Op::Restore, outcome: End::Hit };
        assert_eq!(mark(b"Cache hit at branch level, restoring node_modules..."), Some(hit));
        assert_eq!(header("+++ 🚨 Cache path 'a' does not exist".as_bytes()).map(|_| ()), Some(()));
        assert_eq!(header(b"--- :warning: Cache save failed (attempt 1/3), retrying"), None);
        let failed = Mark::Cache { name: b"", operation: Op::Save, outcome: End::Failed };
        assert_eq!(
            header(b"--- :warning: Cache save operation failed, continuing build"),
            Some(failed)
        );
        assert_eq!(mark(b"Cache is a word"), None);
    }
}
