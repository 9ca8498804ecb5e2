//! AWS `CodeBuild`: `[Container] 2026/05/04 09:00:00.123456 ` in front of the agent's own lines
//! only.
//!
//! Messages from issues of `aws/aws-codebuild-docker-images`; the agent is not published.

use super::{
    CacheOperation as Op, CacheOutcome as End, Envelope, Head, Mark, Peeled, Words, echo, stamp,
};

/// Log of a build.
pub(super) struct Codebuild;

impl Envelope for Codebuild {
    fn name(&self) -> &'static str {
        "codebuild"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("aws-codebuild")
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'['
    }

    fn words(&self) -> Words {
        &[b"[Container] "]
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: split(line).unwrap_or(line), ..Peeled::default() }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        match text.first()? {
            b'R' => text
                .strip_prefix(b"Running command ")
                .filter(|c| echo::builds(c))
                .map(Mark::Command),
            b'+' | b'$' => echo::prompted(text),
            b'D' | b'U' | b'E' | b'S' => cache(text),
            _ => None,
        }
    }
}

/// What follows the agent's stamp.
fn split(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"[Container] ")?;
    let [_, _, _, _, b'/', _, _, b'/', _, _, b' ', clock @ ..] = rest else { return None };
    let (_, text) = stamp::clock(clock)?;
    if text.is_empty() { Some(text) } else { text.strip_prefix(b" ") }
}

fn cache(text: &[u8]) -> Option<Mark<'_>> {
    const LINES: [(&[u8], Op, End); 5] = [
        (b"Expanded cache path ", Op::Restore, End::Hit),
        (b"Skipping cache entry: path ", Op::Restore, End::Failed),
        (b"Unable to download cache: ", Op::Restore, End::Miss),
        (b"Unable to upload cache: ", Op::Save, End::Failed),
        (b"Uploading S3 cache...", Op::Save, End::Saved),
    ];
    if text.starts_with(b"Downloading S3 cache...") {
        return Some(Mark::CacheKey(b"", Op::Restore));
    }
    let (_, operation, outcome) = LINES.iter().find(|(start, ..)| text.starts_with(start))?;
    Some(Mark::Cache { name: b"", operation: *operation, outcome: *outcome })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_agents_stamp_off() {
        let line = b"[Container] 2026/05/04 09:00:00.123456 Running command docker build .";
        assert_eq!(Codebuild.decode(line).text, b"Running command docker build .");
        assert_eq!(
            Codebuild.mark(Codebuild.decode(line).text),
            Some(Mark::Command(b"docker build ."))
        );
        assert_eq!(split(b"[Container] started"), None);
    }

    #[test]
    fn hears_the_cache() {
        let failed = Mark::Cache { name: b"", operation: Op::Restore, outcome: End::Failed };
        assert_eq!(
            Codebuild.mark(b"Skipping cache entry: path \"/a\" is not within allowed cache paths"),
            Some(failed)
        );
        let idle = b"Unable to initialize cache download: no paths specified to be cached";
        assert_eq!(Codebuild.mark(idle), None);
    }
}
