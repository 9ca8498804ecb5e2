//! Travis CI: `travis_fold:start:NAME\rESC[0K` and `travis_time:start:ID\rESC[0K` in front of text.
//!
//! Sources: `travis-ci/travis-build` `lib/travis/build/bash`, `travis-ci/casher` `bin/casher`.
//! Copies of the page glue durations to the text: `0.61sattempting to download cache archive`.

use super::{
    CacheOperation as Op, CacheOutcome as End, Envelope, Head, Mark, Peeled, Words, ansi, echo,
};

/// Job log.
pub(super) struct Travis;

impl Envelope for Travis {
    fn name(&self) -> &'static str {
        "travis"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("travis")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b't' | b'B' | b'W')
    }

    fn words(&self) -> Words {
        &[b"travis_fold:", b"travis_time:", b"Build system information", b"Worker information"]
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |l| marker(l) || l.starts_with(b"Build system information") || worker(l))
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: text(line), ..Peeled::default() }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        match text.first()? {
            b'$' => {
                let command = text.strip_prefix(b"$ ").and_then(echo::git_checkout);
                command.or_else(|| echo::prompted(text))
            }
            b'+' => echo::prompted(text),
            b'a' | b'f' | b'c' | b'n' => cache(text),
            b'F' if text.starts_with(b"Failed to fetch casher from GitHub, disabling cache.") => {
                Some(Mark::Cache { name: b"", operation: Op::Restore, outcome: End::Failed })
            }
            _ => None,
        }
    }
}

/// `Worker information` at the top of a job.
fn worker(line: &[u8]) -> bool {
    line == b"Worker information"
}

fn marker(line: &[u8]) -> bool {
    let line = ansi::lead(line);
    line.starts_with(b"travis_fold:") || line.starts_with(b"travis_time:")
}

/// The text after the last marker of the line, or after a glued duration.
fn text(line: &[u8]) -> &[u8] {
    if marker(line) {
        return line.rsplit(|b| *b == b'\r').next().map_or(line, ansi::lead);
    }
    glued(line).unwrap_or(line)
}

/// `0.61stext`: two decimals, and the text begins at once.
fn glued(line: &[u8]) -> Option<&[u8]> {
    let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
    let [b'.', a, b, b's', text @ ..] = line.get(digits..)? else { return None };
    let fits = digits > 0 && a.is_ascii_digit() && b.is_ascii_digit();
    (fits && text.first().is_some_and(|b| !b.is_ascii_whitespace())).then_some(text)
}

fn cache(text: &[u8]) -> Option<Mark<'_>> {
    let ended = |operation, outcome| Some(Mark::Cache { name: b"", operation, outcome });
    match text.trim_ascii_end() {
        b"attempting to download cache archive" => Some(Mark::CacheKey(b"", Op::Restore)),
        b"found cache" => ended(Op::Restore, End::Hit),
        b"could not download cache" => ended(Op::Restore, End::Miss),
        b"nothing changed" | b"nothing changed, not updating cache" => ended(Op::Save, End::Exists),
        b"cache uploaded" => ended(Op::Save, End::Saved),
        b"failed to upload cache" => ended(Op::Save, End::Failed),
        t if t.starts_with(b"changes detected") => Some(Mark::CacheKey(b"", Op::Save)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_markers_and_durations_off() {
        let line =
            b"travis_fold:start:docker\r\x1b[0Ktravis_time:start:0a1b\r\x1b[0K$ docker build .";
        assert_eq!(Travis.decode(line).text, b"$ docker build .");
        assert_eq!(Travis.decode(b"0.61sfound cache").text, b"found cache");
        assert_eq!(Travis.decode(b"0.61s later").text, b"0.61s later");
        assert!(recognises(&Travis, &[line]));
        assert!(!recognises(&Travis, &[b"#1 DONE 0.61s", b"travis"]));
    }

    #[test]
    fn hears_casher() {
        let hit = Mark::Cache { name: b"", operation: Op::Restore, outcome: End::Hit };
        assert_eq!(Travis.mark(b"found cache"), Some(hit));
        assert_eq!(Travis.mark(b"found cached thing"), None);
    }
}
