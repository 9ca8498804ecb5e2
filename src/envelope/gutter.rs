//! Line numbers that a page puts in front of a copied log: `12 | text`, `12 text`, `12<tab>text`;
//! and the table that a copy of a page becomes in an issue: `-- | --` above `  | text`.
//!
//! Known by numbers that go up by one from line to line: no program prints those. Knows no CI.

use super::{Envelope, Head, Peeled};

/// Numbers in front of lines.
pub(super) struct Gutter;

impl Envelope for Gutter {
    fn name(&self) -> &'static str {
        "gutter"
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'0'..=b'9' | b'|' | b'-' | b' ' | b'\t')
    }

    fn recognise(&self, head: &Head) -> bool {
        let rule = |l: &&[u8]| matches!(l.trim_ascii(), b"-- | --" | b"--" | b"---");
        let table = head.lines.iter().take(3).any(rule);
        if table {
            return head.mostly(self, |l| bar(l).is_some());
        }
        if !head.nearly_all(self, |l| number(l).is_some()) {
            return false;
        }
        let lines: Vec<&[u8]> =
            head.lines.iter().copied().filter(|l| !l.is_empty()).take(200).collect();
        let numbers = || lines.iter().map(|l| number(l).map(|(n, _)| n));
        let next =
            |pair: &(Option<u64>, Option<u64>)| pair.0.zip(pair.1).is_some_and(|(a, b)| b == a + 1);
        let steps = numbers().zip(numbers().skip(1)).filter(next).count();
        steps > 2 && (steps + 1) * 10 >= lines.len() * 9
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        let text = bar(line).or_else(|| number(line).map(|(_, text)| text));
        Peeled { text: text.unwrap_or(line), ..Peeled::default() }
    }
}

/// The number and the text behind it.
fn number(line: &[u8]) -> Option<(u64, &[u8])> {
    let line = line.trim_ascii_start();
    let digits = line.iter().take(7).take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = line.split_at_checked(digits)?;
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    let text = match rest {
        [] => rest,
        [b' ' | b'\t', text @ ..] => bar(rest).unwrap_or(text),
        _ => return None,
    };
    Some((number, text))
}

/// What follows `12 | ` or `  | `.
fn bar(line: &[u8]) -> Option<&[u8]> {
    let blank = |b: &u8| b.is_ascii_digit() || *b == b' ' || *b == b'\t';
    let start = line.iter().take(12).take_while(|b| blank(b)).count();
    match line.get(start..)? {
        [b'|', b' ', text @ ..] => Some(text),
        [b'|'] => Some(&[]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn numbers_that_count_lines_are_taken_off() {
        for (lines, text) in [
            (["1 | #1 [1/2] FROM a", "2 | #1 CACHED", "3 |", "4 | #2 [2/2] RUN b"], "#1 CACHED"),
            (["  9\t#1 [1/2] FROM a", " 10\t#1 CACHED", " 11", " 12\t#2 [2/2] RUN b"], "#1 CACHED"),
            (
                [
                    "7 Step 1/2 : FROM a",
                    "8  ---> Using cache",
                    "9  ---> 0a1b2c3d4e5f",
                    "10 Step 2/2",
                ],
                " ---> Using cache",
            ),
            (["-- | --", "  | #1 CACHED", "  |", "  | #2 [2/2] RUN b"], "#1 CACHED"),
        ] {
            let head: Vec<&[u8]> = lines.iter().map(|l| l.as_bytes()).collect();
            assert!(recognises(&Gutter, &head), "{lines:?}");
            assert_eq!(Gutter.decode(head[1]).text, text.as_bytes());
        }
    }

    #[test]
    fn other_numbers_are_left() {
        for lines in [
            [" id | name", "----+------", "  1 | a", "  2 | b"],
            ["3 passed", "4 failed", "9 skipped", "10 todo"],
            ["   2 | RUN a", "   3 | >>> RUN b", "#5 CACHED", "#6 CACHED"],
            ["| a | b |", "|---|---|", "| 1 | 2 |", "| 3 | 4 |"],
        ] {
            let head: Vec<&[u8]> = lines.iter().map(|l| l.as_bytes()).collect();
            assert!(!recognises(&Gutter, &head), "{lines:?}");
        }
    }
}
