//! What the cache plugin of Drone and Woodpecker says, in logfmt:
//! `level=info name=drone-cache ts=… msg="cache restored" took=1.2s`.
//!
//! Source: `meltwater/drone-cache` `internal/plugin`, `cache`.

use memchr::memmem;

use super::{CacheOperation as Op, CacheOutcome as End, Mark};

/// A restore or save.
pub(super) fn mark(text: &[u8]) -> Option<Mark<'_>> {
    if memmem::find(text, b"drone-cache").is_none() && !text.starts_with(b"level=") {
        return None;
    }
    let message = value(text, b"msg=\"").or_else(|| value(text, b"err=\""))?;
    let ended = |operation, outcome| Some(Mark::Cache { name: b"", operation, outcome });
    match message {
        b"cache restored" => ended(Op::Restore, End::Hit),
        b"cache built" => ended(Op::Save, End::Saved),
        b"restoring  cache" | b"restoring cache" => Some(Mark::CacheKey(b"", Op::Restore)),
        b"rebuilding cache" => Some(Mark::CacheKey(b"", Op::Save)),
        m if m.starts_with(b"download from <") => ended(Op::Restore, End::Failed),
        m if m.starts_with(b"upload from <") => ended(Op::Save, End::Failed),
        _ => None,
    }
}

fn value<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let rest = text.get(memmem::find(text, key)? + key.len()..)?;
    rest.split(|b| *b == b'"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hears_the_plugin() {
        let hit = Mark::Cache { name: b"", operation: Op::Restore, outcome: End::Hit };
        assert_eq!(mark(b"level=info name=drone-cache msg=\"cache restored\" took=1s"), Some(hit));
        assert_eq!(
            mark(b"level=info msg=\"restoring  cache\""),
            Some(Mark::CacheKey(b"", Op::Restore))
        );
        assert_eq!(mark(b"time=\"2026\" level=fatal msg=\"exit status 1\""), None);
    }
}
