//! Builds by the docker-maven-plugin: `[INFO] DOCKER> text` among Maven's own lines.
//!
//! Source: `fabric8io/docker-maven-plugin` `AnsiLogger.java`. Knows no CI.

use super::{Envelope, Head, Peeled, Words, ansi};

/// Maven's log level and the plugin's mark.
pub(super) struct Maven;

impl Envelope for Maven {
    fn name(&self) -> &'static str {
        "maven"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'['
    }

    fn words(&self) -> Words {
        &[b"DOCKER> "]
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |l| text(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: text(line).unwrap_or(line), ..Peeled::default() }
    }
}

/// After the level (`[INFO] `, coloured inside its brackets) and `DOCKER> `.
fn text(line: &[u8]) -> Option<&[u8]> {
    let level = ansi::lead(ansi::lead(line).strip_prefix(b"[")?);
    let name = ["INFO", "ERROR", "WARNING", "DEBUG"]
        .iter()
        .find_map(|l| level.strip_prefix(l.as_bytes()))?;
    ansi::lead(ansi::lead(name).strip_prefix(b"] ")?).strip_prefix(b"DOCKER> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_level_and_name_off() {
        assert_eq!(
            text(b"[INFO] DOCKER> Step 1/7 : FROM alpine"),
            Some(&b"Step 1/7 : FROM alpine"[..])
        );
        assert_eq!(text(b"[\x1b[1;34mINFO\x1b[m] DOCKER> #5 CACHED"), Some(&b"#5 CACHED"[..]));
        assert_eq!(text(b"[INFO] Building jar"), None);
    }
}
