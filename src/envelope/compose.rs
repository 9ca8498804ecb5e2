//! `docker compose logs` and `up`: `web-1  | text`, names padded to one width.
//!
//! Source: `docker/compose` `cmd/formatter/logs.go`: the widest name plus one blank, then ` | `; so
//! two blanks at least, and the bar in one column. Tables of psql and Markdown have neither. Knows
//! no CI.

use super::{Envelope, Head, Peeled};

/// Container in front of every line.
pub(super) struct Compose;

impl Envelope for Compose {
    fn name(&self) -> &'static str {
        "compose"
    }

    fn may_begin(&self, first: u8) -> bool {
        first.is_ascii_alphanumeric()
    }

    fn recognise(&self, head: &Head) -> bool {
        if !head.mostly(self, |l| split(l).is_some()) {
            return false;
        }
        let Some(column) = head.of(self).find_map(split).map(|(_, column, _)| column) else {
            return false;
        };
        let aligned = |l: &[u8]| split(l).is_some_and(|(_, c, _)| c == column);
        head.of(self).filter(|l| aligned(l)).count() > 1 && head.mostly(self, aligned)
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        match split(line) {
            Some((name, _, text)) => Peeled { text, job: Some(name), ..Peeled::default() },
            None => Peeled { text: line, ..Peeled::default() },
        }
    }
}

/// Name, column of the bar, text.
fn split(line: &[u8]) -> Option<(&[u8], usize, &[u8])> {
    let odd = |b: &u8| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let (name, rest) = line.split_at_checked(line.iter().take(128).position(odd)?)?;
    let blanks = rest.iter().take_while(|b| **b == b' ').count();
    let text = match rest.get(blanks..)? {
        [b'|', b' ', text @ ..] => text,
        [b'|'] => &[],
        _ => return None,
    };
    (blanks >= 2 && name.first()?.is_ascii_alphanumeric()).then_some((
        name,
        name.len() + blanks,
        text,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn knows_the_padded_name() {
        let head: [&[u8]; 3] =
            [b"web-1      | #5 CACHED", b"builder-1  | #6 CACHED", b"web-1      |"];
        assert!(recognises(&Compose, &head));
        assert_eq!(Compose.decode(head[0]).text, b"#5 CACHED");
        assert_eq!(Compose.decode(head[0]).job, Some(&b"web-1"[..]));
    }

    #[test]
    fn leaves_tables() {
        assert!(!recognises(&Compose, &[b" id | name", b"----+------", b"  1 | a", b"  2 | b"]));
        assert!(!recognises(&Compose, &[b"| a | b |", b"|---|---|", b"| 1 | 2 |"]));
        assert!(!recognises(&Compose, &[b"a | b", b"c | d"]));
        assert!(!recognises(&Compose, &[b"abc  | b", b"abcdefg  | d", b"abcdefghi  | d"]));
    }
}
