//! One block of whole lines: counts them and keeps the wanted ones.

use std::sync::Mutex;

use super::lines::Lines;
use super::{MAX_LINE, Sieve, Sink, Wanted};

/// Bytes and entries.
type Room = (Vec<u8>, Vec<(u64, usize)>);

/// Room of blocks that were handed on, for the next ones: fresh memory has to be cleared by the system each time.
static SPARE: Mutex<Vec<Room>> = Mutex::new(Vec::new());

/// How many are kept, and of how many bytes at the most.
const SPARES: usize = 64;
const ROOM: usize = 64 << 10;

/// The wanted lines of a block, copied together, and how many lines the block had.
#[derive(Debug)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    entries: Vec<(u64, usize)>,
    /// Lines in the block, wanted or not.
    pub(super) lines: u64,
}

impl Kept {
    /// Scans a block that begins at the start of a line.
    pub(super) fn of<S: Sieve>(block: &[u8], sieve: &S) -> Self {
        let spare = SPARE.lock().ok().and_then(|mut spare| spare.pop());
        // About one byte in twenty is wanted.
        let (bytes, entries) = spare.unwrap_or_else(|| (Vec::with_capacity(block.len() / 16), Vec::new()));
        let mut kept = Self { bytes, entries, lines: 0 };
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

impl Drop for Kept {
    fn drop(&mut self) {
        let (mut bytes, mut entries) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.entries));
        bytes.clear();
        entries.clear();
        if bytes.capacity().max(entries.capacity() * size_of::<(u64, usize)>()) <= ROOM
            && let Ok(mut spare) = SPARE.lock()
            && spare.len() < SPARES
        {
            spare.push((bytes, entries));
        }
    }
}

/// As much of a long line as is looked at.
fn cut<'a, S: Sieve>(line: &'a [u8], sieve: &S) -> &'a [u8] {
    let start = line.get(..MAX_LINE).unwrap_or(line);
    line.get(..sieve.longest(start)).unwrap_or(line)
}
