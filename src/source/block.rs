//! One block of whole lines: counts them and keeps the wanted ones.

use super::lines::Lines;
use super::{MAX_LINE, Sieve, Sink, Wanted};

/// The wanted lines of a block, copied together, and how many lines the block had.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    entries: Vec<(u64, usize)>,
    /// Lines in the block, wanted or not.
    pub(super) lines: u64,
}

impl Kept {
    /// Scans a block that begins at the start of a line.
    pub(super) fn of<S: Sieve>(block: &[u8], sieve: &S) -> Self {
        // About one byte in twenty is wanted.
        let bytes = Vec::with_capacity(block.len() / 16);
        let mut kept = Self { bytes, ..Self::default() };
        let mut state = S::State::default();
        let mut left_out = None;
        for line in Lines::of(block) {
            kept.lines += 1;
            let line = if line.len() > MAX_LINE { cut(line, sieve) } else { line };
            let wanted = sieve.wants(&mut state, line);
            if wanted == Wanted::No {
                left_out = Some(line);
                continue;
            }
            if let Some(before) = left_out.take().filter(|_| wanted == Wanted::WithBefore) {
                kept.keep(kept.lines - 1, before);
            }
            kept.keep(kept.lines, line);
        }
        if let Some(last) = left_out {
            kept.keep(kept.lines, last);
        }
        kept
    }

    fn keep(&mut self, number: u64, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.entries.push((number, self.bytes.len()));
    }

    /// Hands the lines on; `before` lines came earlier.
    pub(super) fn pour(&self, before: u64, sink: &mut impl Sink) {
        let mut start = 0;
        for &(line, end) in &self.entries {
            sink.line(before + line, self.bytes.get(start..end).unwrap_or_default());
            start = end;
        }
    }
}

/// As much of a long line as is looked at.
fn cut<'a, S: Sieve>(line: &'a [u8], sieve: &S) -> &'a [u8] {
    let start = line.get(..MAX_LINE).unwrap_or(line);
    line.get(..sieve.longest(start)).unwrap_or(line)
}
