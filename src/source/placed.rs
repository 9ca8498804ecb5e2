//! A file of any size, or memory: blocks are read at their positions and scanned in parallel.
//!
//! A line belongs to the block in which the line before it ends, so blocks need to know nothing of
//! each other and the result cannot depend on their number.

use std::cell::RefCell;
use std::io;
use std::ops::Range;

use memchr::{memchr, memrchr};
use rayon::prelude::*;

use super::at::ReadAt;
use super::block::{self, WantedLines};
use super::{Blocks, MAX_LINE, Sieve, Sink};

/// Blocks that are scanned before they are handed on, at the least. Where every line is wanted, a
/// block and its entries take some four times its size, and two groups are there at a time.
const GROUP: usize = 16;

/// Bytes by which a line is read on: most are shorter.
const STEP: usize = 2 << 10;

thread_local! {
    /// One buffer a thread, for all blocks: fresh memory has to be cleared by the system each time.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Scans the whole file. While one group of blocks is handed to the sink, the next one is scanned.
pub(super) fn scan<S: Sieve>(
    bytes: &dyn ReadAt,
    len: u64,
    cut: &Blocks,
    sieve: &S,
    sink: &mut impl Sink,
) -> io::Result<u64> {
    let file = Placed { bytes, len, cut, sieve };
    let group = u32::try_from(GROUP.max(rayon::current_num_threads() * 2)).unwrap_or(u32::MAX);
    let mut before = 0;
    let mut ready = file.group(0, group)?;
    let mut next = u64::from(group);
    while !ready.is_empty() {
        let (read, ()) = rayon::join(
            || file.group(next, group),
            || {
                for kept in &ready {
                    kept.pour(before, sink);
                    before += kept.lines;
                }
            },
        );
        ready = read?;
        next += u64::from(group);
    }
    block::give_back();
    Ok(before)
}

/// A file in blocks.
struct Placed<'a, S> {
    bytes: &'a dyn ReadAt,
    len: u64,
    cut: &'a Blocks,
    sieve: &'a S,
}

impl<S: Sieve> Placed<'_, S> {
    /// Scans as many blocks from this one on as there are, side by side.
    fn group(&self, from: u64, blocks: u32) -> io::Result<Vec<WantedLines>> {
        let all = self.len.div_ceil(self.cut.size as u64);
        // One at a time: nobody waits for another's half.
        let group = (0..blocks).into_par_iter().with_max_len(1).map(|i| from + u64::from(i));
        group.filter(|i| *i < all).map(|i| self.block(i)).collect()
    }

    fn block(&self, i: u64) -> io::Result<WantedLines> {
        let step = self.cut.size as u64;
        let (start, end) = (i * step, (i * step + step).min(self.len));
        let kept = BUFFER.with_borrow_mut(|buffer| {
            block(self.bytes, start..end, end < self.len, buffer, self.sieve)
        });
        self.cut.scanned(end - start);
        kept
    }
}

/// Fills as much of the buffer as there is.
fn read_at(bytes: &dyn ReadAt, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|r| !r.is_empty()) {
        match bytes.read_at(rest, offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// The lines that belong to a block: the first one of the file, or what follows a line end in the
/// block. The last of them is read on into the next block. Only whole blocks are read at their
/// places: the system copies faster between places that are whole multiples of a cache line.
fn block<S: Sieve>(
    bytes: &dyn ReadAt,
    own: Range<u64>,
    more: bool,
    buffer: &mut Vec<u8>,
    sieve: &S,
) -> io::Result<WantedLines> {
    let first = own.start == 0;
    fill(bytes, &own, buffer)?;
    let start = if first { Some(0) } else { memchr(b'\n', buffer).map(|at| at + 1) };
    if more && start.is_some() {
        end_line(bytes, own.end, buffer, sieve)?;
    }
    let lines = start.and_then(|start| buffer.get(start..));
    Ok(WantedLines::of(lines.unwrap_or_default(), sieve))
}

fn fill(bytes: &dyn ReadAt, own: &Range<u64>, buffer: &mut Vec<u8>) -> io::Result<()> {
    let want = usize::try_from(own.end - own.start).unwrap_or(usize::MAX);
    // Room for the end of the last line.
    buffer.reserve((want + STEP).saturating_sub(buffer.len()));
    buffer.resize(want, 0);
    let got = read_at(bytes, buffer, own.start)?;
    buffer.truncate(got);
    Ok(())
}

/// Reads the end of the last line, or as much of it as is looked at: its first [`MAX_LINE`] bytes
/// tell how much that is, wherever the block ends.
fn end_line<S: Sieve>(
    bytes: &dyn ReadAt,
    end: u64,
    buffer: &mut Vec<u8>,
    sieve: &S,
) -> io::Result<()> {
    let start = memrchr(b'\n', buffer).map_or(0, |at| at + 1);
    let next = extend(bytes, end, start + MAX_LINE, buffer)?;
    if let Some(next) = next {
        let longest = sieve.longest(buffer.get(start..start + MAX_LINE).unwrap_or_default());
        extend(bytes, next, start + longest, buffer)?;
    }
    Ok(())
}

/// Reads on from `at` up to a line end, or until the buffer holds `want` bytes; then says where to
/// go on.
fn extend(
    bytes: &dyn ReadAt,
    mut at: u64,
    want: usize,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<u64>> {
    let mut part = [0; STEP];
    while buffer.len() < want {
        let got = read_at(bytes, &mut part, at)?;
        let part = part.get(..got).unwrap_or_default();
        // With its end: a line may have nothing else.
        if let Some(line) = memchr(b'\n', part).and_then(|end| part.get(..=end)) {
            buffer.extend_from_slice(line);
            return Ok(None);
        }
        buffer.extend_from_slice(part);
        at += got as u64;
        if got < STEP {
            return Ok(None);
        }
    }
    Ok(Some(at))
}
