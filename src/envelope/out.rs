//! Commands run over SSH by appleboy's actions and plugins: `out: text`, `err: text`, with several
//! hosts `======CMD======` blocks around them.
//!
//! Source: `appleboy/drone-ssh` `plugin.go` (`log("out:", …)`). Knows no CI.

use super::{Envelope, Head, Peeled};

/// Output of a remote shell.
pub(super) struct Out;

impl Envelope for Out {
    fn name(&self) -> &'static str {
        "out"
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'o' | b'e')
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| text(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: text(line).unwrap_or(line), ..Peeled::default() }
    }
}

fn text(line: &[u8]) -> Option<&[u8]> {
    let text = line.strip_prefix(b"out:").or_else(|| line.strip_prefix(b"err:"))?;
    if text.is_empty() { Some(text) } else { text.strip_prefix(b" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_streams_off() {
        assert!(recognises(&Out, &[b"out: #5 CACHED", b"err: #6 CACHED"]));
        assert_eq!(Out.decode(b"err: #6 CACHED").text, b"#6 CACHED");
        assert_eq!(Out.decode(b"outer: x").text, b"outer: x");
        assert!(!recognises(&Out, &[b"#1 DONE 0.0s", b"out: of memory", b"#2 DONE 0.0s"]));
    }
}
