//! Cuts a block into lines.
//!
//! Lines of build logs are short: to look for one end at a time costs more than to find all ends of
//! two thousand bytes first, without a branch that depends on how long a line is.

#![expect(
    clippy::inline_always,
    reason = "what is compiled for a kind of processor has to be compiled into its caller"
)]

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::u8x64;

/// Bytes whose line ends are found at once: as many as a word has bits.
const WINDOW: usize = 64;

/// Bytes whose line ends are kept until they are asked for.
const PART: usize = 32 * WINDOW;

/// Two ends are written for each window, whether it has them or not.
const ROOM: usize = PART + 2;

/// Where the lines of a block are, without their ends.
pub(super) struct Lines<'a, V: Simd> {
    simd: V,
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

impl<'a, V: Simd> Lines<'a, V> {
    #[inline(always)]
    pub(super) fn of(simd: V, block: &'a [u8]) -> Self {
        Self { simd, block, start: 0, part: 0, after: 0, ends: [0; ROOM], count: 0, next: 0 }
    }

    /// Finds the ends of the next part that has some.
    #[inline(always)]
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
            self.count = ends(self.simd, part, &mut self.ends);
        }
        true
    }

    /// Passes over the next part where it is nothing but blank lines: how many, and where the last
    /// is. A part is passed over only between two others.
    #[inline(always)]
    pub(super) fn blank(&mut self) -> Option<(u64, Range<usize>)> {
        if self.next != self.count || self.start != self.after {
            return None;
        }
        let part = self.block.get(self.after..)?.get(..PART)?;
        let (windows, _) = part.as_chunks::<WINDOW>();
        let simd = self.simd;
        let blank =
            |window| u8x64::from_slice(simd, window).simd_eq(b'\n').to_bitmask() == u64::MAX;
        if !windows.iter().all(|window| blank(window)) {
            return None;
        }
        self.after += PART;
        self.start = self.after;
        let last = self.after - 1;
        Some((PART as u64, last..last))
    }

    /// What follows the last line end, if anything does.
    fn rest(&mut self) -> Option<Range<usize>> {
        let rest = self.start..self.block.len();
        self.start = self.block.len();
        (!rest.is_empty()).then_some(rest)
    }
}

impl<V: Simd> Iterator for Lines<'_, V> {
    type Item = Range<usize>;

    #[inline(always)]
    fn next(&mut self) -> Option<Range<usize>> {
        if self.next == self.count && !self.find() {
            return self.rest();
        }
        let end = self.part + *self.ends.get(self.next)? as usize;
        self.next += 1;
        let line = self.start..end;
        self.start = end + 1;
        Some(line)
    }
}

/// Writes where the line ends of a part are, and returns how many it has.
#[inline(always)]
fn ends<V: Simd>(simd: V, part: &[u8], found: &mut [u32; ROOM]) -> usize {
    let (windows, rest) = part.as_chunks::<WINDOW>();
    let mut places = (0..).step_by(WINDOW);
    let mut count = 0;
    for (window, at) in windows.iter().zip(&mut places) {
        let ends = u8x64::from_slice(simd, window).simd_eq(b'\n').to_bitmask();
        count = write(ends, at, found, count);
    }
    let rest = rest.iter().rev().fold(0, |ends, byte| ends << 1 | u64::from(*byte == b'\n'));
    places.next().map_or(count, |at| write(rest, at, found, count))
}

/// Adds the ends of a window to `count` others: a bit each, the lowest is the first. Most windows
/// have none, one or two: those are written without a branch, which the processor could not
/// foresee.
#[inline(always)]
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

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};
    use proptest::prelude::*;

    use super::*;

    fn lines(block: &[u8]) -> Vec<&[u8]> {
        dispatch!(Level::new(), simd => Lines::of(simd, block).map(|line| &block[line]).collect())
    }

    proptest! {
        #[test]
        fn cuts_where_line_ends_are(block in proptest::collection::vec(prop_oneof![4 => Just(b'\n'), 9 => any::<u8>()], 0..300), long in 0..400usize, far in 0..3usize) {
            let block = [vec![b'y'; far * PART], block, vec![b'x'; long], b"\nend".to_vec()].concat();
            for length in far * PART..block.len() {
                let part = &block[..length];
                let mut cut: Vec<&[u8]> = part.split(|b| *b == b'\n').collect();
                // An end ends a line, it does not begin one.
                cut.pop_if(|last| last.is_empty());
                prop_assert_eq!(lines(part), cut);
            }
        }
    }

    #[test]
    fn blank_lines_are_passed_over_and_counted() {
        let cases = [
            ("", PART, ""),
            ("", 3 * PART, "x\n"),
            ("y\n", PART - 2, "x"),
            ("y\n", 5 * PART + 7, "end"),
            ("y", 2 * PART, "\r\n\r\n"),
        ];
        for (before, blank, after) in cases {
            let block = format!("{before}{}{after}", "\n".repeat(blank)).into_bytes();
            let (counted, passed) = dispatch!(Level::new(), simd => counted(simd, &block));
            assert_eq!(counted, lines(&block).len() as u64, "{before:?} {blank} {after:?}");
            assert!(passed + 2 * PART as u64 >= blank as u64 && passed <= blank as u64);
        }
    }

    /// All lines, and how many of them were passed over.
    #[inline(always)]
    fn counted<V: Simd>(simd: V, block: &[u8]) -> (u64, u64) {
        let (mut all, mut passed) = (0, 0);
        let mut lines = Lines::of(simd, block);
        while lines.next().is_some() {
            all += 1;
            while let Some((more, last)) = lines.blank() {
                assert_eq!((block[last.end], last.len()), (b'\n', 0));
                (all, passed) = (all + more, passed + more);
            }
        }
        (all, passed)
    }
}
