//! Cuts a block into lines.
//!
//! Lines of build logs are short: to look for one end at a time costs more than to find all that 64
//! bytes hold at once.

use wide::u8x16;

/// Bytes whose line ends are found at once: as many as a word has bits.
const WINDOW: usize = 64;

/// The lines of a block, without their ends.
pub(super) struct Lines<'a> {
    block: &'a [u8],
    /// Where the next line begins.
    start: usize,
    /// Where the window is.
    window: usize,
    /// The line ends of the window that are still to come: a bit each, the lowest is the first.
    ends: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn of(block: &'a [u8]) -> Self {
        Self { block, start: 0, window: 0, ends: ends(block, 0) }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        while self.ends == 0 {
            self.window += WINDOW;
            if self.window >= self.block.len() {
                // What follows the last line end, if anything does.
                let rest = self.block.get(self.start..).filter(|rest| !rest.is_empty());
                self.start = self.block.len();
                return rest;
            }
            self.ends = ends(self.block, self.window);
        }
        let end = self.window + self.ends.trailing_zeros() as usize;
        self.ends &= self.ends - 1;
        let line = self.block.get(self.start..end);
        self.start = end + 1;
        line
    }
}

/// The line ends among the 64 bytes at `window`, or those that there are.
#[inline]
fn ends(block: &[u8], window: usize) -> u64 {
    let rest = block.get(window..).unwrap_or_default();
    match rest.first_chunk::<WINDOW>() {
        Some(bytes) => mask(bytes),
        None => rest.iter().rev().fold(0, |ends, byte| ends << 1 | u64::from(*byte == b'\n')),
    }
}

#[inline]
fn mask(bytes: &[u8; WINDOW]) -> u64 {
    let ends = |part: &[u8; 16]| u64::from((u8x16::new(*part).simd_eq(u8x16::splat(b'\n'))).to_bitmask());
    let (parts, _) = bytes.as_chunks::<16>();
    parts.iter().rev().fold(0, |all, part| all << 16 | ends(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cuts_where_line_ends_are(block in proptest::collection::vec(prop_oneof![4 => Just(b'\n'), 9 => any::<u8>()], 0..300), long in 0..400usize) {
            let block = [block, vec![b'x'; long], b"\nend".to_vec()].concat();
            for length in 0..block.len() {
                let part = &block[..length];
                let mut lines: Vec<&[u8]> = part.split(|b| *b == b'\n').collect();
                // An end ends a line, it does not begin one.
                lines.pop_if(|last| last.is_empty());
                prop_assert_eq!(Lines::of(part).collect::<Vec<_>>(), lines);
            }
        }
    }
}
