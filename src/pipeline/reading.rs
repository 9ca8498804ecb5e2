//! What is in the files that were given: logs, line by line, and evidence, as a whole.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::Yield;

use super::{Options, WHOLE, problem};
use crate::envelope::Stack;
use crate::evidence::{self, Evidence};
use crate::model::{Interest, LogReader, Problem, Run, Text};
use crate::source::{self, Content, Digest, Entry, Input, LogPart, Reading};

/// What was read of some files.
#[derive(Default)]
pub(super) struct ReadFiles {
    pub(super) runs: Vec<Run>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) problems: Vec<Problem>,
}

impl ReadFiles {
    pub(super) fn and(mut self, next: Self) -> Self {
        self.add(next);
        self
    }

    fn add(&mut self, next: Self) {
        self.runs.extend(next.runs);
        self.evidence.extend(next.evidence);
        self.problems.extend(next.problems);
    }

    fn problem(part: &LogPart, message: String) -> Self {
        Self { problems: vec![problem(&part.name, message)], ..Self::default() }
    }
}

/// Every log of a path: an archive holds several.
///
/// Evidence is read beside the archive it comes from: the status and the attestation of a stored
/// build take longer to read than to unpack.
pub(super) fn logs(entry: &Entry, options: &Options) -> ReadFiles {
    let digested = options.digested || options.history.is_some();
    let beside = Beside::default();
    let mut read = Vec::new();
    rayon::scope(|scope| {
        source::each(entry, &how(options), &mut |part, content| {
            let at = read.len();
            read.push(match content {
                Ok(Content::Whole(bytes)) => {
                    let bytes = beside.takes(bytes);
                    let (part, beside) = (part.clone(), &beside);
                    scope.spawn(move |_| beside.read(at, &part, bytes, digested));
                    ReadFiles::default()
                }
                Ok(Content::Log(input)) => log(part, input, digested),
                Err(e) => ReadFiles::problem(part, e.to_string()),
            });
        });
    });
    for (at, file) in beside.finish() {
        if let Some(place) = read.get_mut(at) {
            *place = file;
        }
    }
    read.into_iter().fold(ReadFiles::default(), ReadFiles::and)
}

/// Bytes of files that are read at the same time: what is read of one takes some times its room.
const TOGETHER: usize = 8 << 20;

/// Bytes from which on to copy a file takes longer than to keep room for the longest one.
const LARGE: usize = 256 << 10;

/// Files of an archive that are read while more of it is unpacked.
#[derive(Default)]
struct Beside {
    /// Bytes of those that are not read to their end.
    open: AtomicUsize,
    /// Each with its place among what the archive holds.
    read: Mutex<Vec<(usize, ReadFiles)>>,
}

impl Beside {
    /// Waits until there is room for this file, and reads others meanwhile.
    fn takes(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if bytes.len() < LARGE {
            // They came with room for the longest file.
            bytes.shrink_to_fit();
        }
        while self.open.load(Ordering::Relaxed).saturating_add(bytes.len()) > TOGETHER
            && self.open.load(Ordering::Relaxed) > 0
        {
            if rayon::yield_now() != Some(Yield::Executed) {
                std::thread::yield_now();
            }
        }
        self.open.fetch_add(bytes.len(), Ordering::Relaxed);
        bytes
    }

    fn read(&self, at: usize, part: &LogPart, bytes: Vec<u8>, digested: bool) {
        let room = bytes.len();
        let read = file(part, bytes, digested);
        self.read.lock().unwrap_or_else(PoisonError::into_inner).push((at, read));
        self.open.fetch_sub(room, Ordering::Relaxed);
    }

    fn finish(self) -> Vec<(usize, ReadFiles)> {
        self.read.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

fn how(options: &Options) -> Reading {
    Reading {
        tee: options.tee,
        expanded: options.max_expanded.unwrap_or(source::EXPANDED),
        block: options.block.unwrap_or(source::BLOCK),
        progress: options.progress.clone(),
        whole: WHOLE,
    }
}

/// A file that began as evidence does; what is none is a log like any other, but for the blobs of a
/// layout: `docker buildx history export` adds the index of the image that was built.
fn file(part: &LogPart, bytes: Vec<u8>, digested: bool) -> ReadFiles {
    match evidence::read(&part.name, &bytes) {
        Some(Ok(evidence)) => ReadFiles { evidence: vec![evidence], ..ReadFiles::default() },
        Some(Err(why)) => ReadFiles::problem(part, why),
        None if evidence::layout(&part.name) != part.name => ReadFiles::default(),
        None => match Input::of_bytes(bytes.into()) {
            Ok(input) => log(part, input, digested),
            Err(e) => ReadFiles::problem(part, e.to_string()),
        },
    }
}

fn log(part: &LogPart, mut input: Input, digested: bool) -> ReadFiles {
    let digest = match digested.then(|| input.digest()).transpose() {
        Ok(digest) => digest,
        Err(e) => return ReadFiles::problem(part, format!("cannot be read: {e}")),
    };
    let stack = Stack::recognise(&input.head);
    let mut reader = LogReader::new(&part.name, stack.clone());
    let (lines, problems) = match input.scan(&Interest { stack: &stack }, &mut reader) {
        Ok(lines) => (lines, Vec::new()),
        Err(e) => (0, vec![problem(&part.name, format!("reading stopped: {e}"))]),
    };
    let mut runs = reader.finish(lines);
    for run in &mut runs {
        run.job = run.job.take().or_else(|| part.job.as_deref().map(Text::new));
        run.digest = digest.as_ref().map(Digest::finish);
    }
    ReadFiles { runs, problems, ..ReadFiles::default() }
}
