//! Lines quoted in an answer, as mail and Markdown do it: `> #5 CACHED`. Knows no CI.

use super::{Envelope, Head, Peeled};

/// `> ` in front of every line.
pub(super) struct Quoted;

impl Envelope for Quoted {
    fn name(&self) -> &'static str {
        "quoted"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'>'
    }

    fn recognise(&self, head: &Head) -> bool {
        head.nearly_all(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: split(line).unwrap_or(line), ..Peeled::default() }
    }
}

fn split(line: &[u8]) -> Option<&[u8]> {
    match line {
        [b'>', b' ', text @ ..] => Some(text),
        [b'>'] => Some(&[]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_marks_off_where_nearly_all_lines_have_one() {
        assert!(recognises(&Quoted, &[b"> #5 [2/3] RUN make", b">", b"> #5 CACHED"]));
        assert_eq!(Quoted.decode(b">  ---> Using cache").text, b" ---> Using cache");
        assert!(!recognises(&Quoted, &[b"> docker build .", b"#5 CACHED", b"#6 CACHED"]));
    }
}
