//! A stream: one thread reads it into blocks of whole lines, the others scan them.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use memchr::{memchr, memrchr};
use rayon::prelude::*;

use super::block::WantedLines;
use super::{MAX_LINE, Sieve, Sink};

/// Scans the head and what follows it. The channel is bounded, so memory is; buffers come back to
/// the reader and are filled again.
pub(super) fn scan<S: Sieve>(
    head: Vec<u8>,
    stream: Box<dyn Read + Send>,
    size: usize,
    sieve: &S,
    sink: &mut impl Sink,
) -> io::Result<u64> {
    let threads = rayon::current_num_threads();
    let (give, take) = sync_channel(threads * 2);
    let (give_back, used) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            if let Err(e) = read_blocks(head, stream, size, (&give, &used), sieve) {
                // The receiver only hangs up when it is gone itself.
                let _ = give.send(Err(e));
            }
        });
        drain(&take, &give_back, threads, sieve, sink)
    })
}

fn drain<S: Sieve>(
    take: &Receiver<io::Result<Vec<u8>>>,
    give_back: &Sender<Vec<u8>>,
    threads: usize,
    sieve: &S,
    sink: &mut impl Sink,
) -> io::Result<u64> {
    let mut lines = 0;
    while let Ok(first) = take.recv() {
        let mut group = vec![first?];
        while let Some(block) = (group.len() < threads).then(|| take.try_recv().ok()).flatten() {
            group.push(block?);
        }
        let kept: Vec<WantedLines> =
            group.par_iter().map(|block| WantedLines::of(block, sieve)).collect();
        for block in group {
            let _ = give_back.send(block);
        }
        for kept in kept {
            kept.pour(lines, sink);
            lines += kept.lines;
        }
    }
    Ok(lines)
}

/// Cuts the stream after line ends. Of a line longer than [`MAX_LINE`] the rest is skipped, as it
/// is in files.
fn read_blocks<S: Sieve>(
    head: Vec<u8>,
    mut input: impl Read,
    size: usize,
    (give, used): (&SyncSender<io::Result<Vec<u8>>>, &Receiver<Vec<u8>>),
    sieve: &S,
) -> io::Result<()> {
    let mut block = head;
    let mut skipping = false;
    loop {
        if let Some(at) = memrchr(b'\n', &block) {
            let mut next = used.try_recv().unwrap_or_default();
            next.clear();
            next.extend_from_slice(block.get(at + 1..).unwrap_or_default());
            block.truncate(at + 1);
            if give.send(Ok(std::mem::replace(&mut block, next))).is_err() {
                return Ok(());
            }
        }
        if block.len() > MAX_LINE {
            let longest = sieve.longest(block.get(..MAX_LINE).unwrap_or(&block));
            skipping |= block.len() > longest;
            block.truncate(longest);
        }
        let before = block.len();
        block.reserve(size);
        let got = input.by_ref().take(size as u64).read_to_end(&mut block)?;
        if got == 0 {
            break;
        }
        if skipping {
            let end = block.get(before..).and_then(|new| memchr(b'\n', new)).map(|at| before + at);
            block.drain(before..end.unwrap_or(block.len()));
            skipping = end.is_none();
        }
    }
    if !block.is_empty() {
        let _ = give.send(Ok(block));
    }
    Ok(())
}
