//! What copying from a page leaves in lines: blanks that do not break (U+00A0) where there were
//! blanks, a `<br>` behind each line. Knows no CI.

use std::borrow::Cow;

use memchr::memmem;

use super::{Envelope, Head, Words};

/// Blanks of another kind, ends that are written out.
pub(super) struct Page;

const BLANK: &[u8] = "\u{a0}".as_bytes();
const END: &[u8] = b"<br>";

impl Envelope for Page {
    fn name(&self) -> &'static str {
        "page"
    }

    fn words(&self) -> Words {
        &[BLANK, END]
    }

    /// A program may print either; a page does so in all lines.
    fn recognise(&self, head: &Head) -> bool {
        let blank = |l: &[u8]| memmem::find(l, BLANK).is_some();
        let end = |l: &[u8]| l.ends_with(END);
        head.mostly(self, blank) || head.nearly_all(self, end)
    }

    fn packs(&self) -> bool {
        true
    }

    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let mut rest = line.strip_suffix(END).unwrap_or(line);
        if rest.len() == line.len() && memmem::find(line, BLANK).is_none() {
            return Cow::Borrowed(line);
        }
        let mut plain = Vec::with_capacity(rest.len());
        while let Some((before, after)) =
            memmem::find(rest, BLANK).and_then(|at| rest.split_at_checked(at))
        {
            plain.extend_from_slice(before);
            plain.push(b' ');
            rest = after.get(BLANK.len()..).unwrap_or_default();
        }
        plain.extend_from_slice(rest);
        Cow::Owned(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn writes_what_was_there() {
        let line = "#5\u{a0}[2/3]\u{a0}RUN make";
        assert_eq!(&*Page.unpack(line.as_bytes()), b"#5 [2/3] RUN make");
        assert_eq!(&*Page.unpack(b"#5 CACHED<br>"), b"#5 CACHED");
        assert!(recognises(&Page, &[line.as_bytes(), "#5\u{a0}CACHED".as_bytes()]));
        assert!(recognises(&Page, &[b"#5 [2/3] RUN a<br>", b"#5 CACHED<br>"]));
        assert!(!recognises(&Page, &[b"#1 DONE 0.0s", "5\u{a0}MB".as_bytes(), b"#2 DONE 0.0s"]));
        assert!(!recognises(&Page, &[b"#5 0.1 a<br>", b"#5 DONE 0.2s", b"#6 CACHED"]));
    }
}
