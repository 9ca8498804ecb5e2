//! Builds [`Run`]s from lines. The only place with state between lines.
//!
//! [`Interest`] says which lines matter, [`LogReader`] takes them in order.

mod backwards;
mod bound;
mod buildah;
mod buildkit;
mod ci;
mod ci_cache;
mod ci_command;
mod ci_variables;
mod classic;
mod entries;
mod finish;
mod graph;
mod instruction;
mod interest;
mod job;
mod kaniko;
mod prune;
mod rawjson;
mod removal;
#[cfg(test)]
mod testing;
mod tty;
mod unread;
mod vertex;

use chrono::{DateTime, Utc};
use foldhash::HashMap;

pub(crate) use self::entries::borrowed_text;
pub use self::entries::{StatusEntry, VertexGroup, VertexLog, VertexState, VertexStatus};
pub use self::interest::Interest;

use self::job::{Assembler, Heard};
use crate::envelope::{Peeled, Stack, Stamp, clean};
use crate::model::{Problem, Run, Text};
use crate::source::Sink;

/// Reads one log into runs: one, or one a job where every line names its job.
pub struct LogReader {
    stack: Stack,
    source: String,
    jobs: Vec<(Vec<u8>, Assembler)>,
    /// Where each of them is, by its name.
    places: HashMap<Vec<u8>, usize>,
    /// The job of the line before that said something: one that names none is of that job. Lines
    /// that say nothing count for nothing, because it depends on the block which of them are seen.
    job: usize,
    pending: Pending,
    /// Bytes that the jobs hold, roughly, and the line from which on nothing is read for that.
    held: usize,
    full: Option<u64>,
}

/// A line that waits for a continuation.
#[derive(Default)]
struct Pending {
    first: u64,
    last: u64,
    text: Vec<u8>,
    /// Its job, where it names one.
    named: bool,
    job: Vec<u8>,
    /// Decoded only where its job has no time yet.
    time: Option<DateTime<Utc>>,
    /// The next line goes on where this one ends.
    open: bool,
}

impl LogReader {
    /// For a log with this name and these envelopes.
    #[must_use]
    pub fn new(source: &str, stack: Stack) -> Self {
        Self {
            stack,
            source: source.to_owned(),
            jobs: Vec::new(),
            places: HashMap::default(),
            job: 0,
            pending: Pending::default(),
            held: 0,
            full: None,
        }
    }

    /// The runs, in the order their jobs appear. A log without a line of interest is a run too.
    #[must_use]
    pub fn finish(mut self, lines: u64) -> Vec<Run> {
        self.flush();
        if self.jobs.is_empty() {
            self.jobs.push((Vec::new(), Assembler::default()));
        }
        let (ci, source) = (self.stack.ci(), Text::new(&self.source));
        // One stream is the log itself: its pod or container tells nothing, and changes with each
        // run.
        let told_apart = self.jobs.len() > 1 || self.stack.names_jobs();
        let full = self.full.map(|line| too_much(&self.source, line));
        let runs = self.jobs.into_iter().enumerate().map(|(i, (job, assembler))| {
            let mut run = assembler.finish(lines);
            run.source.clone_from(&source);
            run.problems.iter_mut().for_each(|problem| problem.source.clone_from(&self.source));
            run.ci = ci.or(run.ci);
            let named = (told_apart && !job.is_empty()).then(|| Text::of_log(&job));
            run.job = named.or(run.job);
            run.lines = if i == 0 { lines } else { 0 };
            run
        });
        let mut runs: Vec<Run> = runs.collect();
        runs.iter_mut().take(1).for_each(|run| run.problems.extend(full.clone()));
        runs
    }

    /// An entry of the status of a build that is no log: a stored build has one.
    pub fn status(&mut self, number: u64, entry: &StatusEntry) {
        if self.jobs.is_empty() {
            self.jobs.push((Vec::new(), Assembler::default()));
        }
        if let Some((_, assembler)) = self.jobs.get_mut(self.job) {
            assembler.entry(number, entry);
        }
    }

    fn flush(&mut self) {
        if self.pending.first == 0 {
            return;
        }
        let text = clean(&self.pending.text);
        let Some(said) = Heard::of(&text, &self.stack) else { return };
        if self.pending.named {
            self.job = job_of(&mut self.jobs, &mut self.places, &self.pending.job);
        } else if self.jobs.is_empty() {
            self.jobs.push((Vec::new(), Assembler::default()));
        }
        if let Some((_, assembler)) = self.jobs.get_mut(self.job) {
            assembler.run.started = assembler.run.started.or(self.pending.time);
            let before = assembler.held();
            assembler.line(self.pending.first, &text, said);
            self.held = (self.held + assembler.held()).saturating_sub(before);
            if self.held + self.jobs.len() * size_of::<Assembler>() > bound::MOST {
                self.full = Some(self.pending.first);
            }
        }
    }

    /// Lets the line wait, in a buffer that is used again.
    fn wait(&mut self, number: u64, peeled: &Peeled) {
        let job = match peeled.job {
            Some(name) => self.places.get(name).and_then(|at| self.jobs.get(*at)),
            None => self.jobs.get(self.job),
        };
        let timed = job.is_some_and(|(_, assembler)| assembler.run.started.is_some());
        let pending = &mut self.pending;
        pending.text.clear();
        pending.text.extend_from_slice(peeled.text);
        pending.job.clear();
        pending.job.extend_from_slice(peeled.job.unwrap_or_default());
        pending.named = peeled.job.is_some();
        pending.time = if timed { None } else { peeled.stamp.and_then(time) };
        (pending.first, pending.last, pending.open) = (number, number, peeled.open);
    }

    /// Whether a line goes on where the one that waits ended.
    fn continues(&self, number: u64, peeled: &Peeled) -> bool {
        self.pending.open
            && self.pending.last + 1 == number
            && peeled.job.is_none_or(|job| self.waits_in(job))
            && self.stack.may_continue(peeled.text)
    }

    /// A line, or one of several that stand in one.
    fn part(&mut self, number: u64, peeled: Peeled) {
        if !peeled.append && !self.continues(number, &peeled) {
            self.flush();
            self.wait(number, &peeled);
        } else if self.pending.last + 1 == number {
            self.pending.text.extend_from_slice(peeled.text);
            (self.pending.last, self.pending.open) = (number, peeled.open);
        }
    }

    fn waits_in(&self, job: &[u8]) -> bool {
        if self.pending.named {
            return self.pending.job == job;
        }
        self.jobs.get(self.job).is_some_and(|(name, _)| name == job)
    }
}

impl Sink for LogReader {
    fn line(&mut self, number: u64, bytes: &[u8]) {
        if self.full.is_some() {
            return;
        }
        let line = self.stack.unpack(bytes);
        if !self.stack.packs() {
            return self.part(number, self.stack.peel(&line));
        }
        for part in line.split(|b| *b == b'\n') {
            self.part(number, self.stack.peel(part));
        }
    }
}

fn too_much(source: &str, line: u64) -> Problem {
    let message = "it holds more builds and steps than are kept of one log: what follows is not \
        read; split it";
    Problem { source: source.to_owned(), line: Some(line), message: message.to_owned() }
}

/// The job of this name. What came before the first name is its beginning.
fn job_of(
    jobs: &mut Vec<(Vec<u8>, Assembler)>,
    places: &mut HashMap<Vec<u8>, usize>,
    name: &[u8],
) -> usize {
    if let Some(known) = places.get(name) {
        return *known;
    }
    match jobs.as_mut_slice() {
        [(unnamed, _)] if unnamed.is_empty() => name.clone_into(unnamed),
        _ => jobs.push((name.to_owned(), Assembler::default())),
    }
    places.insert(name.to_owned(), jobs.len() - 1);
    jobs.len() - 1
}

fn time(stamp: Stamp) -> Option<DateTime<Utc>> {
    match stamp {
        Stamp::Rfc3339(text) => {
            DateTime::parse_from_rfc3339(std::str::from_utf8(text).ok()?).ok().map(Into::into)
        }
        Stamp::Millis(text) => {
            DateTime::from_timestamp_millis(std::str::from_utf8(text).ok()?.parse().ok()?)
        }
    }
}
