//! Lines that begin as one before them did.
//!
//! Nearly all lines of a log are what commands print, and begin alike: the same words, other times.
//! To compare their first bytes at once costs less than to read any of them.

#![expect(
    clippy::inline_always,
    reason = "what is compiled for a kind of processor has to be compiled into its caller"
)]

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{mask8x64, u8x64};

/// Bytes that are compared at once: as many as a word has bits.
const HEAD: usize = 64;

/// How much of a line's beginning another one must share to be like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// The bytes of the beginning, a bit each, the lowest is the first.
    head: u64,
    /// Those of them that may be another digit where they are one.
    free: u64,
}

impl Likeness {
    /// The same `head` bytes, but for the digits in a part of them. `None` where these are more
    /// than are compared.
    #[must_use]
    pub fn new(head: usize, free: Range<usize>) -> Option<Self> {
        (head < HEAD)
            .then(|| Self { head: below(head), free: below(free.end) & !below(free.start) })
    }

    /// Another part in which the digits may be others.
    #[must_use]
    pub fn or(self, free: Range<usize>) -> Self {
        Self { free: self.free | (below(free.end) & !below(free.start)), ..self }
    }
}

/// The lowest bits, so many.
fn below(count: usize) -> u64 {
    u32::try_from(count)
        .ok()
        .and_then(|count| 1u64.checked_shl(count))
        .map_or(u64::MAX, |bit| bit - 1)
}

/// What a line must begin with, byte by byte, to be like another.
pub(super) struct Pattern<V: Simd> {
    /// The least that each byte may be, and how much more.
    least: u8x64<V>,
    more: u8x64<V>,
    head: u64,
}

impl<V: Simd> Pattern<V> {
    /// What lines like the one at `start` begin with. `None` at the end of a block, where too few
    /// bytes follow.
    #[inline(always)]
    pub(super) fn of(simd: V, block: &[u8], start: usize, likeness: Likeness) -> Option<Self> {
        let line = head(simd, block, start)?;
        let digits = (line - b'0').simd_le(9);
        let free = digits & mask8x64::from_bitmask(simd, likeness.free);
        let either = |digit: u8, other: u8x64<V>| free.select(u8x64::splat(simd, digit), other);
        Some(Self {
            least: either(b'0', line),
            more: either(9, u8x64::splat(simd, 0)),
            head: likeness.head,
        })
    }

    /// Whether the line at `start` begins so.
    #[inline(always)]
    pub(super) fn fits(&self, simd: V, block: &[u8], start: usize) -> bool {
        let fitting = |line: u8x64<V>| (line - self.least).simd_le(self.more).to_bitmask();
        head(simd, block, start).is_some_and(|line| fitting(line) & self.head == self.head)
    }
}

#[inline(always)]
fn head<V: Simd>(simd: V, block: &[u8], start: usize) -> Option<u8x64<V>> {
    Some(u8x64::from_slice(simd, block.get(start..)?.get(..HEAD)?))
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    /// Whether the second line is like the first.
    fn alike(one: &str, two: &str, likeness: Likeness) -> bool {
        let block = format!("{one:\n<64}{two:\n<64}");
        let block = block.as_bytes();
        dispatch!(Level::new(), simd => Pattern::of(simd, block, 0, likeness).unwrap().fits(simd, block, 64))
    }

    #[test]
    fn other_digits_stand_where_they_may() {
        let likeness = Likeness::new(17, 0..5).unwrap().or(10..17);
        let like = |line| alike("09:14 #12 34.567 compiling", line, likeness);
        assert!(like("10:02 #12 90.123 linking"));
        assert!(!like("10:02 #13 90.123 linking"), "a vertex of its own");
        assert!(!like("10-02 #12 90.123 linking"), "only digits may be others");
        assert!(!like("10:0/ #12 90.123 linking"), "the byte below them is none");
        assert!(!like("10:0: #12 90.123 linking"), "nor is the one above");
        assert!(!like("10:02 #12 190.123 linking"), "one digit more");
        assert!(!like("10:02 #12 90.123"), "the line ends too early: what follows it is another");
    }

    #[test]
    fn compares_no_more_than_fits() {
        assert!(Likeness::new(HEAD, 0..1).is_none());
        assert!(alike(&"x".repeat(63), &"x".repeat(63), Likeness::new(63, 0..0).unwrap()));
    }
}
