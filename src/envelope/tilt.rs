//! `tilt ci`, `tilt up --stream`: the resource in front of every line, to the right of twelve
//! columns: `     petstore │ STEP 1/3 — Building Dockerfile: [r.example.com/petstore]`.
//!
//! Source: `tilt-dev/tilt` `pkg/model/logstore/logstore.go` (`SourcePrefix`): a longer name ends in
//! `…`. Knows no CI.

use memchr::memmem;

use super::{Envelope, Head, Peeled, Words};

/// Resource in front of every line.
pub(super) struct Tilt;

const BAR: &[u8] = " │".as_bytes();

/// The bar alone: few bytes are like its first one.
const WORDS: Words = &["│".as_bytes()];

impl Envelope for Tilt {
    fn name(&self) -> &'static str {
        "tilt"
    }

    fn names_jobs(&self) -> bool {
        true
    }

    fn words(&self) -> Words {
        WORDS
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |line| split(line).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled::of_job(line, split(line))
    }
}

/// Name and text.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memmem::find(line.get(..64).unwrap_or(line), BAR)?;
    let (name, rest) = line.split_at_checked(at)?;
    let name = name.trim_ascii();
    let text = rest.strip_prefix(BAR)?;
    let fits = !name.is_empty() && !name.iter().any(u8::is_ascii_whitespace);
    fits.then_some((name, text.strip_prefix(b" ").unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn knows_the_resource() {
        let lines = ["     petstore │ Initial Build", "     petstore │", "orders-data… │ a"];
        let head: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        assert!(recognises(&Tilt, &head));
        assert_eq!(Tilt.decode(head[0]).text, b"Initial Build");
        assert_eq!(Tilt.decode(head[0]).job, Some(&b"petstore"[..]));
        assert_eq!(Tilt.decode(head[1]).text, b"");
    }

    #[test]
    fn leaves_boxes() {
        let lines = ["│ a │ b │", "two words │ b", "#5 CACHED"];
        let head: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        assert!(!recognises(&Tilt, &head));
    }
}
