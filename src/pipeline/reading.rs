//! What is in the files that were given: logs, line by line, and evidence, as a whole.

use rayon::prelude::*;

use super::{Options, WHOLE, problem};
use crate::envelope::Stack;
use crate::evidence::{self, Evidence};
use crate::model::{Interest, LogReader, Problem, Run, Text};
use crate::source::{self, Content, Digest, Entry, Input, Part, Reading};

/// What was read of some files.
#[derive(Default)]
pub(super) struct Read {
    pub(super) runs: Vec<Run>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) problems: Vec<Problem>,
}

impl Read {
    pub(super) fn and(mut self, next: Self) -> Self {
        self.add(next);
        self
    }

    fn add(&mut self, next: Self) {
        self.runs.extend(next.runs);
        self.evidence.extend(next.evidence);
        self.problems.extend(next.problems);
    }

    fn problem(part: &Part, message: String) -> Self {
        Self { problems: vec![problem(&part.name, message)], ..Self::default() }
    }
}

/// Every log of a path: an archive holds several.
pub(super) fn logs(entry: &Entry, options: &Options) -> Read {
    let digested = options.digested || options.history.is_some();
    let (mut all, mut waiting) = (Read::default(), Waiting::default());
    source::each(entry, &how(options), &mut |part, content| {
        let next = match content {
            Ok(Content::Whole(bytes)) if bytes.len() <= TOGETHER => {
                if waiting.bytes + bytes.len() > TOGETHER {
                    all.add(waiting.read(digested));
                }
                return waiting.push(part, bytes);
            }
            Ok(Content::Whole(bytes)) => file(part, bytes, digested),
            Ok(Content::Log(input)) => log(part, input, digested),
            Err(e) => Read::problem(part, e.to_string()),
        };
        all.add(waiting.read(digested));
        all.add(next);
    });
    all.and(waiting.read(digested))
}

/// Bytes of files that are read at the same time: what is read of one takes some times its room.
const TOGETHER: usize = 8 << 20;

/// Files of an archive that wait to be read side by side: the status and the attestation of a
/// stored build take equally long.
#[derive(Default)]
struct Waiting {
    files: Vec<(Part, Vec<u8>)>,
    bytes: usize,
}

impl Waiting {
    fn push(&mut self, part: &Part, mut bytes: Vec<u8>) {
        // They came with room for the longest file.
        bytes.shrink_to_fit();
        self.bytes += bytes.len();
        self.files.push((part.clone(), bytes));
    }

    /// Reads them all, in their order.
    fn read(&mut self, digested: bool) -> Read {
        let Self { files, .. } = std::mem::take(self);
        let files = files.into_par_iter().map(|(part, bytes)| file(&part, bytes, digested));
        files.reduce(Read::default, Read::and)
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
fn file(part: &Part, bytes: Vec<u8>, digested: bool) -> Read {
    match evidence::read(&part.name, &bytes) {
        Some(Ok(evidence)) => Read { evidence: vec![evidence], ..Read::default() },
        Some(Err(why)) => Read::problem(part, why),
        None if evidence::layout(&part.name) != part.name => Read::default(),
        None => match Input::of_bytes(bytes.into()) {
            Ok(input) => log(part, input, digested),
            Err(e) => Read::problem(part, e.to_string()),
        },
    }
}

fn log(part: &Part, mut input: Input, digested: bool) -> Read {
    let digest = match digested.then(|| input.digest()).transpose() {
        Ok(digest) => digest,
        Err(e) => return Read::problem(part, format!("cannot be read: {e}")),
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
    Read { runs, problems, ..Read::default() }
}
