//! Output of a server's hooks as `git push` shows it: `remote: text`, padded over what it
//! overwrites.
//!
//! Source: `git/git` `sideband.c` (eight blanks, or `ESC[K`). Knows no CI.

use super::{Envelope, Head, Peeled};

/// A build on the git server (Dokku, Gitea, Heroku).
pub(super) struct Remote;

impl Envelope for Remote {
    fn name(&self) -> &'static str {
        "remote"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'r'
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| text(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: text(line).unwrap_or(line), ..Peeled::default() }
    }
}

fn text(line: &[u8]) -> Option<&[u8]> {
    let text = line.strip_prefix(b"remote:")?;
    let text =
        text.strip_suffix(b"\x1b[K").or_else(|| text.strip_suffix(b"        ")).unwrap_or(text);
    if text.is_empty() { Some(text) } else { text.strip_prefix(b" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_prefix_and_padding_off() {
        assert_eq!(Remote.decode(b"remote: #5 CACHED        ").text, b"#5 CACHED");
        assert_eq!(Remote.decode(b"remote: #5 CACHED\x1b[K").text, b"#5 CACHED");
        assert_eq!(Remote.decode(b"remote:").text, b"");
        assert!(!recognises(
            &Remote,
            &[b"#1 DONE 0.0s", b"#2 DONE 0.0s", b"remote: Compressing objects"]
        ));
    }
}
