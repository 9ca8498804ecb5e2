//! `TeamCity`: `[12:34:56]W:<tab> [Step 1/3] text` in the downloaded build log, service messages
//! `##teamcity[…]`.
//!
//! No source is public; shape from `JetBrains`' documentation and from logs in issues.

use super::{Envelope, Head, Mark, Peeled, echo, stamp};

/// Build log.
pub(super) struct Teamcity;

impl Envelope for Teamcity {
    fn name(&self) -> &'static str {
        "teamcity"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("teamcity")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'[' | b'#')
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| split(l).is_some())
            || head.any(self, |l| l.starts_with(b"##teamcity["))
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: split(line).unwrap_or(line), ..Peeled::default() }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        mark(text)
    }
}

/// What `TeamCity` and its agents print.
pub(super) fn mark(text: &[u8]) -> Option<Mark<'_>> {
    match text.first()? {
        b'+' | b'$' => echo::prompted(text),
        b'S' => text.strip_prefix(b"Starting: ").filter(|c| echo::builds(c)).map(Mark::Command),
        b'#' => block(text),
        _ => None,
    }
}

/// `##teamcity[blockOpened name='Build image' flowId='1']`
fn block(text: &[u8]) -> Option<Mark<'_>> {
    let name = text.strip_prefix(b"##teamcity[blockOpened name='")?;
    name.split(|b| *b == b'\'').next().map(Mark::Section)
}

/// What follows stamp, level, tab and step. The level (` `, `i`, `W`, `E`, `F`) tells the form from
/// a bare clock.
fn split(line: &[u8]) -> Option<&[u8]> {
    let (_, rest) = stamp::clock(line.strip_prefix(b"[")?)?;
    let ([b' ' | b'i' | b'W' | b'E' | b'F', b':', rest @ ..] | [b':', rest @ ..]) =
        rest.strip_prefix(b"]")?
    else {
        return None;
    };
    let rest = rest.strip_prefix(b"\t").or_else(|| rest.strip_prefix(b" ")).unwrap_or(rest);
    let text = rest.strip_prefix(b" ").unwrap_or(rest);
    let step = text.strip_prefix(b"[Step ").and_then(|s| s.get(memchr::memchr(b']', s)? + 1..));
    Some(step.map_or(text, |s| s.strip_prefix(b" ").unwrap_or(s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_stamp_level_and_step_off() {
        for line in [
            "[12:34:56]W:\t [Step 1/3] #5 CACHED",
            "[12:34:56] :\t [Step 1/3] #5 CACHED",
            "[12:34:56]i: #5 CACHED",
        ] {
            assert_eq!(Teamcity.decode(line.as_bytes()).text, b"#5 CACHED", "{line}");
        }
        assert_eq!(
            Teamcity.decode(b"[12:34:56] :\t [Step 1/3]  ---> Using cache").text,
            b" ---> Using cache"
        );
        assert_eq!(split(b"[12:34:56] text"), None);
        assert_eq!(
            split(b"[12:34:56]:  [1/2] STEP 1/3: FROM a"),
            Some(&b"[1/2] STEP 1/3: FROM a"[..])
        );
    }
}
