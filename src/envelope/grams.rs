//! Which words a text may hold, told without searching it for each.
//!
//! Of the text every fourth piece of four bytes is noted. A word that stands in it begins at one of
//! four places to these pieces, and the pieces inside it were noted.

/// As many as keep the notes of the first lines of a log sparse, in 2 KiB.
const BITS: u32 = 14;

/// The fewest bytes of which the notes tell: a piece of them is noted wherever they begin.
pub(super) const TELLING: usize = 7;

/// The noted pieces of a text.
pub(super) struct Grams {
    seen: Vec<u64>,
}

impl Grams {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut seen = vec![0_u64; 1 << (BITS - 6)];
        for (cell, bit) in pieces(text) {
            if let Some(cell) = seen.get_mut(cell) {
                *cell |= bit;
            }
        }
        Self { seen }
    }

    /// Whether the text may hold these words: never false where it does.
    pub(super) fn may_hold(&self, words: &[u8]) -> bool {
        let noted = |(cell, bit)| self.seen.get(cell).is_some_and(|seen: &u64| seen & bit != 0);
        (0..4).any(|start| pieces(words.get(start..).unwrap_or_default()).all(noted))
    }
}

/// Where each piece is noted: a cell and a bit in it.
fn pieces(text: &[u8]) -> impl Iterator<Item = (usize, u64)> {
    text.as_chunks::<4>().0.iter().map(|piece| {
        // The factor of Knuth's multiplicative hash.
        let place = u32::from_le_bytes(*piece).wrapping_mul(0x9E37_79B1) >> (32 - BITS);
        ((place >> 6) as usize, 1 << (place & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_text_are_never_missed() {
        let text: Vec<u8> = (0..2000_u32).map(|n| (n * n / 7 % 251) as u8).collect();
        let grams = Grams::of(&text);
        for (start, length) in (0..1980).zip((1..20).cycle()) {
            assert!(grams.may_hold(&text[start..start + length]), "{start}, {length}");
        }
    }

    #[test]
    fn most_other_words_are_told() {
        let grams = Grams::of(b"#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s");
        assert!(!grams.may_hold(b"/opt/atlassian/pipelines/agent"));
        assert!(!grams.may_hold(b"##[section]Starting: "));
        assert!(grams.may_hold(b"&amp;"));
    }
}
