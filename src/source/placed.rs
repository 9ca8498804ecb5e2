//! A file of any size, or memory: blocks are read at their positions and scanned in parallel.
//!
//! A line belongs to the block in which it starts, so blocks need to know nothing of each other and
//! the result cannot depend on their number.

use std::cell::RefCell;
use std::io;

use memchr::{memchr, memrchr};
use rayon::prelude::*;

use super::at::ReadAt;
use super::block::Kept;
use super::{Blocks, MAX_LINE, Sieve, Sink};

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
    let step = cut.size as u64;
    let blocks = len.div_ceil(step);
    let group = (rayon::current_num_threads() * 16) as u64;
    let read = |from: u64| -> io::Result<Vec<Kept>> {
        let to = (from + group).min(blocks);
        let scan = |i: u64| {
            let (start, end) = (i * step, (i * step + step).min(len));
            let kept = BUFFER.with_borrow_mut(|buffer| block(bytes, start, end, end < len, buffer, sieve));
            cut.scanned(end - start);
            kept
        };
        (from..to).into_par_iter().map(scan).collect()
    };
    let mut before = 0;
    let mut ready = read(0)?;
    let mut next = group;
    while !ready.is_empty() {
        let (read, ()) = rayon::join(
            || if next < blocks { read(next) } else { Ok(Vec::new()) },
            || {
                for kept in &ready {
                    kept.pour(before, sink);
                    before += kept.lines;
                }
            },
        );
        ready = read?;
        next += group;
    }
    Ok(before)
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

/// The lines that start in the block at `start`: the byte before it tells whether a line starts
/// right there, and the last line is read on into the next block.
fn block<S: Sieve>(
    bytes: &dyn ReadAt,
    start: u64,
    end: u64,
    more: bool,
    buffer: &mut Vec<u8>,
    sieve: &S,
) -> io::Result<Kept> {
    let from = start.saturating_sub(1);
    let own = usize::try_from(end - from).unwrap_or(usize::MAX);
    fill(bytes, from, own, buffer)?;
    if more && buffer.last() != Some(&b'\n') {
        end_line(bytes, end, buffer, sieve)?;
    }
    let lines = match (start, buffer.first()) {
        (0, _) => Some(buffer.as_slice()),
        (_, Some(b'\n')) => buffer.get(1..),
        _ => memchr(b'\n', buffer.get(..own).unwrap_or(buffer)).and_then(|at| buffer.get(at + 1..)),
    };
    Ok(Kept::of(lines.unwrap_or_default(), sieve))
}

fn fill(bytes: &dyn ReadAt, from: u64, want: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.resize(want, 0);
    let got = read_at(bytes, buffer, from)?;
    buffer.truncate(got);
    Ok(())
}

/// Reads the end of the last line, or as much of it as is looked at: its first [`MAX_LINE`] bytes tell
/// how much that is, wherever the block ends.
fn end_line<S: Sieve>(bytes: &dyn ReadAt, end: u64, buffer: &mut Vec<u8>, sieve: &S) -> io::Result<()> {
    let start = memrchr(b'\n', buffer).map_or(0, |at| at + 1);
    let next = extend(bytes, end, start + MAX_LINE, buffer)?;
    if let Some(next) = next {
        let longest = sieve.longest(buffer.get(start..start + MAX_LINE).unwrap_or_default());
        extend(bytes, next, start + longest, buffer)?;
    }
    Ok(())
}

/// Reads on from `at` up to a line end, or until the buffer holds `want` bytes; then says where to go on.
fn extend(bytes: &dyn ReadAt, mut at: u64, want: usize, buffer: &mut Vec<u8>) -> io::Result<Option<u64>> {
    const STEP: usize = 8 << 10;
    let mut part = [0; STEP];
    while buffer.len() < want {
        let got = read_at(bytes, &mut part, at)?;
        let part = part.get(..got).unwrap_or_default();
        if let Some(line) = memchr(b'\n', part).and_then(|end| part.get(..end)) {
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
