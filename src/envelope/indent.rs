//! Blanks in front of every line: a code block of Markdown (`    #5 CACHED`), a log inside a list,
//! and programs that indent what others print. Knows no CI.

use super::{Envelope, Head, Peeled};

/// Indentation.
pub(super) struct Indent;

impl Envelope for Indent {
    fn name(&self) -> &'static str {
        "indent"
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b' ' | b'\t')
    }

    fn recognise(&self, head: &Head) -> bool {
        let blank = |line: &[u8]| line.trim_ascii().is_empty();
        head.nearly_all(self, |line| is_indented(line) || blank(line))
            && head.any(self, |line| is_indented(line) && !blank(line))
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: without_blanks(line), ..Peeled::default() }
    }
}

/// The last blank stays where a line is known by it: arrows of builders, options of a command
/// written in several lines.
fn without_blanks(line: &[u8]) -> &[u8] {
    let text = line.trim_ascii_start();
    let kept = matches!(
        text,
        [b'-', b'-', b'-', b'>', ..] | [b'=', b'>', ..] | [b'-', b'-', b'a'..=b'z', ..]
    );
    let start = (line.len() - text.len()).saturating_sub(usize::from(kept));
    line.get(start..).unwrap_or(text)
}

/// One blank in front of an arrow is `BuildKit`'s own (` => [2/5] RUN make`), and the classic
/// builder's (` ---> Using cache`).
fn is_indented(line: &[u8]) -> bool {
    match line {
        [b' ', first, ..] => *first == b' ' || *first == b'#' || first.is_ascii_alphanumeric(),
        [first, ..] => *first == b'\t',
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_blanks_off_where_nearly_all_lines_have_them() {
        let head: [&[u8]; 4] =
            [b"    #5 [2/3] RUN make", b"    #5 CACHED", b"", b"\t#6 [3/3] RUN test"];
        assert!(recognises(&Indent, &head));
        assert_eq!(Indent.decode(head[1]).text, b"#5 CACHED");
        assert_eq!(Indent.decode(b"         ---> Using cache").text, b" ---> Using cache");
        assert_eq!(
            Indent.decode(b"      --cache-from type=gha \\").text,
            b" --cache-from type=gha \\"
        );
        assert_eq!(Indent.decode(b"    --> Using cache").text, b"--> Using cache");
    }

    #[test]
    fn leaves_what_builders_indent() {
        for head in [
            [
                &b" => [2/5] RUN make  0.1s"[..],
                b" => => extracting sha256:0a  0.1s",
                b" => CACHED [3/5] RUN x  0.0s",
            ],
            [b" ---> Using cache", b" ---> 0a1b2c3d4e5f", b" ---> Running in 0a1b2c3d4e5f"],
            [b"#5 CACHED", b"", b"    at main (app.js:1)"],
        ] {
            assert!(!recognises(&Indent, &head), "{head:?}");
        }
    }
}
