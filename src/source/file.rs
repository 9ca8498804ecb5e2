//! A file of any size: blocks are read at their positions and scanned in parallel.
//!
//! A line belongs to the block in which it starts, so blocks need to know nothing of each other and
//! the result cannot depend on their number.

use std::cell::RefCell;
use std::fs::File;
use std::io;

use memchr::{memchr, memrchr};
use rayon::prelude::*;

use super::block::Kept;
use super::{BLOCK, Sieve, Sink};

thread_local! {
    /// One buffer a thread, for all blocks: fresh memory has to be cleared by the system each time.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Scans the whole file. While one group of blocks is handed to the sink, the next one is scanned.
pub(super) fn scan<S: Sieve>(file: &File, len: u64, sieve: &S, sink: &mut impl Sink) -> io::Result<u64> {
    let step = BLOCK as u64;
    let blocks = len.div_ceil(step);
    let group = (rayon::current_num_threads() * 4) as u64;
    let read = |from: u64| -> io::Result<Vec<Kept>> {
        let to = (from + group).min(blocks);
        let scan = |i| BUFFER.with_borrow_mut(|buffer| block(file, i * step, len, buffer, sieve));
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

/// Fills as much of the buffer as the file has.
pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|r| !r.is_empty()) {
        match positioned(file, rest, offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

#[cfg(unix)]
fn positioned(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn positioned(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// The lines that start in the block at `start`: the byte before it tells whether a line starts
/// right there, and the last line is read on into the next block.
fn block<S: Sieve>(file: &File, start: u64, len: u64, buffer: &mut Vec<u8>, sieve: &S) -> io::Result<Kept> {
    let from = start.saturating_sub(1);
    let end = (start + BLOCK as u64).min(len);
    fill(file, from, usize::try_from(end - from).unwrap_or(BLOCK), buffer)?;
    if end < len && buffer.last() != Some(&b'\n') {
        let last = memrchr(b'\n', buffer).map_or(0, |at| at + 1);
        let longest = sieve.longest(buffer.get(last..).unwrap_or_default());
        extend_line(file, end, longest, buffer)?;
    }
    let lines = match (start, buffer.first()) {
        (0, _) => Some(buffer.as_slice()),
        (_, Some(b'\n')) => buffer.get(1..),
        _ => memchr(b'\n', buffer.get(..usize::try_from(end - from).unwrap_or(BLOCK)).unwrap_or(buffer))
            .and_then(|at| buffer.get(at + 1..)),
    };
    Ok(Kept::of(lines.unwrap_or_default(), sieve))
}

fn fill(file: &File, from: u64, want: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.resize(want, 0);
    let got = read_at(file, buffer, from)?;
    buffer.truncate(got);
    Ok(())
}

/// Reads the end of the last line, or as much of it as is looked at.
fn extend_line(file: &File, end: u64, longest: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
    const STEP: usize = 8 << 10;
    let mut part = [0; STEP];
    let mut read = 0;
    while read < longest {
        let got = read_at(file, &mut part, end + read as u64)?;
        let part = part.get(..got).unwrap_or_default();
        if let Some(line) = memchr(b'\n', part).and_then(|at| part.get(..at)) {
            buffer.extend_from_slice(line);
            return Ok(());
        }
        buffer.extend_from_slice(part);
        read += got;
        if got < STEP {
            break;
        }
    }
    Ok(())
}
