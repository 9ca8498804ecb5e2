//! `CircleCI`: a step's output, as downloaded or copied, has neither stamps nor prefixes.
//!
//! Messages from `support.circleci.com` and issues; the steps are echoed as scripts below
//! `#!/bin/bash -eo pipefail`.

use super::{CacheOperation as Op, CacheOutcome as End, Envelope, Head, Mark, Words, echo};

/// Output of one or more steps.
pub(super) struct Circleci;

/// What steps of the agent begin with, and what its caches say.
const BEGINS: Words = &[
    b"Build-agent version ",
    b"Launch-agent version ",
    b"System information:circleci",
    b"#!/bin/bash -eo pipefail",
    b"#!/bin/sh -eo pipefail",
    b"Spin up environment",
    b"Error saving DLC after ",
    b"Found a cache from build ",
    b"No cache is found for key: ",
];

impl Envelope for Circleci {
    fn name(&self) -> &'static str {
        "circleci"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("circleci")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'B' | b'L' | b'S' | b'#' | b'F' | b'N' | b'E')
    }

    fn words(&self) -> Words {
        BEGINS
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |l| BEGINS.iter().any(|words| l.starts_with(words)))
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        match text.first()? {
            b'#' if text.starts_with(b"#!/bin/") => Some(Mark::Section(b"")),
            b'+' | b'$' => echo::prompted(text),
            b'F' | b'N' | b'S' | b'E' | b'W' => cache(text),
            _ => echo::bare(text),
        }
    }
}

fn cache(text: &[u8]) -> Option<Mark<'_>> {
    const LINES: [(&[u8], Op, End); 6] = [
        (b"Skipping cache generation, cache already exists for key: ", Op::Save, End::Exists),
        (b"Stored Cache to ", Op::Save, End::Saved),
        (b"Error uploading archive: ", Op::Save, End::Failed),
        (b"Error untarring cache: ", Op::Restore, End::Failed),
        (b"Failed to unarchive cache", Op::Restore, End::Failed),
        (b"Warning: skipping this step: ", Op::Save, End::Skipped),
    ];
    // Step `DLC Teardown`: `Error saving DLC after 18.144823504s: exit status 1`.
    if text.starts_with(b"Error saving DLC") {
        return Some(Mark::Cache { name: b"DLC", operation: Op::Save, outcome: End::Failed });
    }
    if let Some(found) = text.strip_prefix(b"Found a cache from build ") {
        let name = found.get(memchr::memmem::find(found, b" at ")? + 4..)?.trim_ascii();
        return Some(Mark::CacheFound(name));
    }
    if let Some(key) = text.strip_prefix(b"No cache is found for key: ") {
        return Some(Mark::CacheTried(key.trim_ascii()));
    }
    let (start, operation, outcome) = LINES.iter().find(|(start, ..)| text.starts_with(start))?;
    let name = if start.ends_with(b"key: ") || start.ends_with(b" to ") {
        text.get(start.len()..)?.trim_ascii()
    } else {
        b""
    };
    Some(Mark::Cache { name, operation: *operation, outcome: *outcome })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn hears_the_cache() {
        let mark = |name, operation, outcome| Some(Mark::Cache { name, operation, outcome });
        assert_eq!(
            Circleci.mark(b"Found a cache from build 12 at v1-abc "),
            Some(Mark::CacheFound(b"v1-abc"))
        );
        assert_eq!(
            Circleci.mark(b"No cache is found for key: v1-"),
            Some(Mark::CacheTried(b"v1-"))
        );
        assert_eq!(
            Circleci.mark(b"Skipping cache generation, cache already exists for key: v1-abc "),
            mark(b"v1-abc", Op::Save, End::Exists)
        );
        assert_eq!(Circleci.mark(b"Error: something"), None);
    }

    #[test]
    fn is_known_by_its_agent_or_shell() {
        assert!(recognises(&Circleci, &[b"#!/bin/bash -eo pipefail", b"docker build ."]));
        assert!(recognises(&Circleci, &[b"Build-agent version 1.0.1"]));
        assert!(!recognises(&Circleci, &[b"#!/bin/bash", b"docker build ."]));
    }
}
