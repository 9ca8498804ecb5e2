//! One block of whole lines: counts them and keeps the wanted ones.

#![expect(
    clippy::inline_always,
    reason = "what is compiled for a kind of processor has to be compiled into its caller"
)]

use std::ops::Range;
use std::sync::Mutex;

use fearless_simd::{Level, Simd, dispatch};

use super::like::{Likeness, Pattern};
use super::lines::Lines;
use super::{MAX_LINE, Sieve, Sink, Wanted};

/// Bytes and entries.
type Room = (Vec<u8>, Vec<Entry>);

/// Number of a wanted line in its block, and where it ends among the bytes that are kept.
type Entry = (u32, u32);

/// Room of blocks that were handed on, for the next ones: fresh memory has to be cleared by the
/// system each time.
static SPARE: Mutex<Vec<Room>> = Mutex::new(Vec::new());

/// Blank lines in a row that are asked for: what the sieve says of the next is what it said of
/// these.
const BLANK: u8 = 2;

/// How many are kept, and of how many bytes at the most: while a file is read, and afterwards.
const SPARES: usize = 128;
const ROOM: usize = 512 << 10;
const LASTING: usize = 64 << 10;

/// Bytes of a short line.
const SHORT: usize = 64;

/// Bytes that a room takes.
fn size((bytes, entries): &Room) -> usize {
    bytes.capacity() + entries.capacity() * size_of::<Entry>()
}

/// Gives large rooms back to the system: a file was read.
pub(super) fn give_back() {
    if let Ok(mut spare) = SPARE.lock() {
        spare.retain(|room| size(room) <= LASTING);
    }
}

/// The wanted lines of a block, copied together, and how many lines the block had.
#[derive(Debug)]
pub(super) struct WantedLines {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Lines in the block, wanted or not.
    pub(super) lines: u64,
}

impl WantedLines {
    /// Scans a block that begins at the start of a line.
    pub(super) fn of<S: Sieve>(block: &[u8], sieve: &S) -> Self {
        let spare = SPARE.lock().ok().and_then(|mut spare| spare.pop());
        // Room that is not written to costs nothing; a list that grows copies what it holds.
        let (bytes, entries) = spare.unwrap_or_else(|| {
            (Vec::with_capacity(block.len()), Vec::with_capacity(block.len() / SHORT))
        });
        let kept = Self { bytes, entries, lines: 0 };
        let mut sifting =
            Sifting { block, sieve, state: S::State::default(), left_out: None, kept };
        dispatch!(Level::new(), simd => sifting.all(simd));
        sifting.kept
    }

    /// Hands the lines on; `before` lines came earlier.
    pub(super) fn pour(&self, before: u64, sink: &mut impl Sink) {
        let mut start = 0;
        for &(line, end) in &self.entries {
            let end = end as usize;
            sink.line(before + u64::from(line), self.bytes.get(start..end).unwrap_or_default());
            start = end;
        }
    }
}

impl Drop for WantedLines {
    fn drop(&mut self) {
        let mut room = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.entries));
        room.0.clear();
        room.1.clear();
        if size(&room) <= ROOM
            && let Ok(mut spare) = SPARE.lock()
            && spare.len() < SPARES
        {
            spare.push(room);
        }
    }
}

/// A block while its lines are asked for.
struct Sifting<'a, S: Sieve> {
    block: &'a [u8],
    sieve: &'a S,
    state: S::State,
    /// The line before, where it is not wanted.
    left_out: Option<Range<usize>>,
    kept: WantedLines,
}

impl<'a, S: Sieve> Sifting<'a, S> {
    /// Compiled for each kind of processor, so it does no more than cut and compare.
    #[inline(always)]
    fn all<V: Simd>(&mut self, simd: V) {
        let mut passed = None;
        let mut blank = 0;
        let mut lines = Lines::of(simd, self.block);
        while let Some(mut line) = lines.next() {
            self.kept.lines += 1;
            let is_blank = self.is_blank(&line);
            if is_blank && blank == BLANK {
                while let Some((more, last)) = lines.blank() {
                    self.kept.lines += more;
                    line = last;
                }
                self.left_out = Some(line);
                continue;
            }
            if passed
                .as_ref()
                .is_some_and(|like: &Pattern<V>| like.fits(simd, self.block, line.start))
            {
                self.left_out = Some(line);
                continue;
            }
            let (start, kept) = (line.start, self.kept.entries.len());
            passed =
                self.ask(line).and_then(|likeness| Pattern::of(simd, self.block, start, likeness));
            blank = if is_blank && kept == self.kept.entries.len() { blank + 1 } else { 0 };
        }
        if let Some(last) = self.left_out.take() {
            self.keep(self.kept.lines, last);
        }
    }

    /// It holds nothing but the first half of a line end of Windows.
    #[inline(always)]
    fn is_blank(&self, line: &Range<usize>) -> bool {
        line.is_empty() || line.len() == 1 && self.block.get(line.start) == Some(&b'\r')
    }

    /// Keeps the line if it is wanted. If not, says which lines after it are not either.
    #[inline(never)]
    fn ask(&mut self, line: Range<usize>) -> Option<Likeness> {
        let text = self.text(&line);
        let wanted = self.sieve.wants(&mut self.state, text);
        let before = self.left_out.take();
        if let Wanted::No(likeness) = wanted {
            self.left_out = Some(line);
            return likeness;
        }
        if wanted == Wanted::WithBefore
            && let Some(before) = before
        {
            self.keep(self.kept.lines - 1, before);
        }
        self.keep(self.kept.lines, line);
        None
    }

    fn keep(&mut self, number: u64, line: Range<usize>) {
        let line = self.text(&line);
        self.kept.bytes.extend_from_slice(line);
        // No block has four thousand millions of either.
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let end = u32::try_from(self.kept.bytes.len()).unwrap_or(u32::MAX);
        self.kept.entries.push((number, end));
    }

    /// As much of a line as is looked at.
    fn text(&self, line: &Range<usize>) -> &'a [u8] {
        let line = self.block.get(line.clone()).unwrap_or_default();
        let start = line.get(..MAX_LINE).unwrap_or(line);
        if line.len() > MAX_LINE {
            line.get(..self.sieve.longest(start)).unwrap_or(line)
        } else {
            line
        }
    }
}
