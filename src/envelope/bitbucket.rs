//! Bitbucket Pipelines: a step's downloaded log has no prefix; commands are echoed with `+`.
//!
//! Teardown, from Atlassian's knowledge base: `Cache "docker: docker.tar": Upload failed`.

use super::{CacheOperation as Op, CacheOutcome as End, Envelope, Head, Mark, Peeled, Words, echo};
use crate::source::find;

/// Step log.
pub(super) struct Bitbucket;

impl Envelope for Bitbucket {
    fn name(&self) -> &'static str {
        "bitbucket"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("bitbucket")
    }

    fn words(&self) -> Words {
        &[b"+ umask 000", b"Cache \"", b"/opt/atlassian/pipelines/agent"]
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |line| line == b"+ umask 000" || cache(line).is_some())
            || head.holds_early(b"/opt/atlassian/pipelines/agent")
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: line, ..Peeled::default() }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        match text.first()? {
            b'+' => commit(text).or_else(|| branch(text)).or_else(|| echo::prompted(text)),
            b'C' | b'0'..=b'9' => cache(text),
            b'Y' => existing(text),
            b'>' => echo::prompted(text),
            _ => None,
        }
    }
}

/// `+ git reset --hard 0a1b2c3d…`
fn commit(text: &[u8]) -> Option<Mark<'_>> {
    text.strip_prefix(b"+ git reset --hard ").map(|sha| Mark::Commit(sha.trim_ascii()))
}

/// `+ GIT_LFS_SKIP_SMUDGE=1 retry 6 git clone --branch="main" --depth 50 https://…`
fn branch(text: &[u8]) -> Option<Mark<'_>> {
    const OPTION: &[u8] = b"git clone --branch=\"";
    let rest = text.get(find(text, OPTION)? + OPTION.len()..)?;
    Some(Mark::Branch(rest.split(|b| *b == b'"').next()?))
}

/// `Cache "NAME": MESSAGE`, with the line number a copied page puts in front.
fn cache(text: &[u8]) -> Option<Mark<'_>> {
    let text = text.trim_ascii_start();
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let text = text.get(digits..)?.trim_ascii_start();
    let rest = text.strip_prefix(b"Cache \"")?;
    let (name, message) = rest.split_at_checked(memchr::memchr(b'"', rest)?)?;
    let message = message.strip_prefix(b"\": ")?.trim_ascii_end();
    let (operation, outcome) = match message {
        b"Not found" => (Op::Restore, End::Miss),
        b"Upload failed" => (Op::Save, End::Failed),
        m if m.starts_with(b"Skipping upload for existing cache") => (Op::Save, End::Exists),
        m if m.starts_with(b"Skipping upload") => (Op::Save, End::Skipped),
        m if m.starts_with(b"Download") || m.starts_with(b"Extract") => (Op::Restore, End::Hit),
        m if m.starts_with(b"Upload") => (Op::Save, End::Saved),
        m if too_large(m) => (Op::Save, End::Failed),
        _ => return None,
    };
    Some(Mark::Cache { name, operation, outcome })
}

/// `… is X over the 1 GiB upload limit, so … will not be uploaded`: the artifacts' wording, that of
/// caches is not published.
fn too_large(message: &[u8]) -> bool {
    let has = |needle: &[u8]| find(message, needle).is_some();
    has(b"limit") && (has(b" over ") || has(b"exceed") || has(b"larger"))
}

/// `You already have a 'docker' cache so we won't create it again`
fn existing(text: &[u8]) -> Option<Mark<'_>> {
    let rest = text.strip_prefix(b"You already have a '")?;
    let name = rest.split(|b| *b == b'\'').next()?;
    Some(Mark::Cache { name, operation: Op::Save, outcome: End::Exists })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hears_the_teardown() {
        let failed =
            Mark::Cache { name: b"docker: docker.tar", operation: Op::Save, outcome: End::Failed };
        assert_eq!(Bitbucket.mark(b"Cache \"docker: docker.tar\": Upload failed"), Some(failed));
        assert_eq!(Bitbucket.mark(b"1 Cache \"docker: docker.tar\": Upload failed"), Some(failed));
        assert_eq!(Bitbucket.mark(b"+ echo 'Cache \"docker\": Upload failed'"), None);
    }

    #[test]
    fn knows_commit_and_branch() {
        assert_eq!(Bitbucket.mark(b"+ git reset --hard 0a1b2c"), Some(Mark::Commit(b"0a1b2c")));
        let clone =
            b"+ GIT_LFS_SKIP_SMUDGE=1 retry 6 git clone --branch=\"main\" --depth 50 https://x";
        assert_eq!(Bitbucket.mark(clone), Some(Mark::Branch(b"main")));
    }
}
