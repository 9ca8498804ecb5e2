//! Cuts a block into lines.
//!
//! Lines of build logs are short: to look for one end at a time costs more than to find all ends of
//! two thousand bytes first, without a branch that depends on how long a line is.

use wide::u8x16;

/// Bytes whose line ends are found at once: as many as a word has bits.
const WINDOW: usize = 64;

/// Bytes whose line ends are kept until they are asked for.
const PART: usize = 32 * WINDOW;

/// Two ends are written for each window, whether it has them or not.
const ROOM: usize = PART + 2;

/// The lines of a block, without their ends.
pub(super) struct Lines<'a> {
    block: &'a [u8],
    /// Where the next line begins.
    start: usize,
    /// Where the part begins whose ends are known, and where it ends.
    part: usize,
    after: usize,
    /// The line ends of the part, counted from its beginning: how many, and which is the next.
    ends: [u32; ROOM],
    count: usize,
    next: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(block: &'a [u8]) -> Self {
        Self { block, start: 0, part: 0, after: 0, ends: [0; ROOM], count: 0, next: 0 }
    }

    /// Finds the ends of the next part that has some.
    #[inline(never)]
    fn find(&mut self) -> bool {
        (self.count, self.next) = (0, 0);
        while self.count == 0 {
            self.part = self.after;
            let rest = self.block.get(self.part..).unwrap_or_default();
            let part = rest.get(..PART).unwrap_or(rest);
            if part.is_empty() {
                return false;
            }
            self.after += part.len();
            self.count = ends(part, &mut self.ends);
        }
        true
    }

    /// What follows the last line end, if anything does.
    fn rest(&mut self) -> Option<&'a [u8]> {
        let rest = self.block.get(self.start..).filter(|rest| !rest.is_empty());
        self.start = self.block.len();
        rest
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.next == self.count && !self.find() {
            return self.rest();
        }
        let end = self.part + *self.ends.get(self.next)? as usize;
        self.next += 1;
        let line = self.block.get(self.start..end);
        self.start = end + 1;
        line
    }
}

/// Writes where the line ends of a part are, and returns how many it has.
fn ends(part: &[u8], found: &mut [u32; ROOM]) -> usize {
    let (windows, rest) = part.as_chunks::<WINDOW>();
    let mut places = (0..).step_by(WINDOW);
    let mut count = 0;
    for (window, at) in windows.iter().zip(&mut places) {
        count = write(mask(window), at, found, count);
    }
    let rest = rest.iter().rev().fold(0, |ends, byte| ends << 1 | u64::from(*byte == b'\n'));
    places.next().map_or(count, |at| write(rest, at, found, count))
}

/// Adds the ends of a window to `count` others. Most have none, one or two: those are written without
/// a branch, which the processor could not foresee.
#[inline]
fn write(ends: u64, at: u32, found: &mut [u32; ROOM], mut count: usize) -> usize {
    let without_lowest = |ends: u64| ends & ends.wrapping_sub(1);
    let lowest = |ends: u64| at + ends.trailing_zeros();
    let second = without_lowest(ends);
    if let Some([one, two]) = found.get_mut(count..).and_then(|room| room.first_chunk_mut::<2>()) {
        (*one, *two) = (lowest(ends), lowest(second));
    }
    count += usize::from(ends != 0) + usize::from(second != 0);
    let mut more = without_lowest(second);
    while more != 0 {
        if let Some(place) = found.get_mut(count) {
            *place = lowest(more);
        }
        count += 1;
        more = without_lowest(more);
    }
    count
}

/// The line ends of a window: a bit each, the lowest is the first.
#[inline]
fn mask(window: &[u8; WINDOW]) -> u64 {
    let ends = |part: &[u8; 16]| u64::from((u8x16::new(*part).simd_eq(u8x16::splat(b'\n'))).to_bitmask());
    let (parts, _) = window.as_chunks::<16>();
    parts.iter().rev().fold(0, |all, part| all << 16 | ends(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cuts_where_line_ends_are(block in proptest::collection::vec(prop_oneof![4 => Just(b'\n'), 9 => any::<u8>()], 0..300), long in 0..400usize, far in 0..3usize) {
            let block = [vec![b'y'; far * PART], block, vec![b'x'; long], b"\nend".to_vec()].concat();
            for length in far * PART..block.len() {
                let part = &block[..length];
                let mut lines: Vec<&[u8]> = part.split(|b| *b == b'\n').collect();
                // An end ends a line, it does not begin one.
                lines.pop_if(|last| last.is_empty());
                prop_assert_eq!(Lines::of(part).collect::<Vec<_>>(), lines);
            }
        }
    }
}
