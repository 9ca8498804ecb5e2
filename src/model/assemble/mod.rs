//! Builds [`Run`]s from lines. The only place with state between lines.
//!
//! [`Interest`] says which lines matter, [`LogReader`] takes them in order.

mod buildah;
mod buildkit;
mod ci;
mod ci_cache;
mod ci_command;
mod classic;
mod entries;
mod finish;
mod graph;
mod instruction;
mod interest;
mod kaniko;
mod rawjson;
#[cfg(test)]
mod testing;
mod tty;
mod vertex;

use crate::dialect::{self, Body, Classic, Event, Tty};
use crate::envelope::{Mark, Peeled, Stack, Stamp, clean};
use crate::model::{Build, Dialect, Pull, Quote, Run, Text};
use crate::source::Sink;
use chrono::{DateTime, Utc};

pub use interest::Interest;

use buildah::BuildahSegment;
use buildkit::Segment;
use ci::Listener;
use classic::ClassicSegment;
use kaniko::KanikoSegment;
use rawjson::RawJsonSegment;
use tty::TtySegment;

/// Reads one log into runs: one, or one a job where every line names its job.
pub struct LogReader {
    stack: Stack,
    source: String,
    jobs: Vec<(Vec<u8>, Assembler)>,
    /// The job of the line before that said something: one that names none is of that job. Lines that
    /// say nothing count for nothing, because it depends on the block which of them are seen.
    job: usize,
    pending: Pending,
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
        Self { stack, source: source.to_owned(), jobs: Vec::new(), job: 0, pending: Pending::default() }
    }

    /// The runs, in the order their jobs appear. A log without a line of interest is a run too.
    #[must_use]
    pub fn finish(mut self, lines: u64) -> Vec<Run> {
        self.flush();
        if self.jobs.is_empty() {
            self.jobs.push((Vec::new(), Assembler::default()));
        }
        let (ci, source) = (self.stack.ci(), Text::new(&self.source));
        // One stream is the log itself: its pod or container tells nothing, and changes with each run.
        let told_apart = self.jobs.len() > 1 || self.stack.names_jobs();
        let runs = self.jobs.into_iter().enumerate().map(|(i, (job, assembler))| {
            let mut run = assembler.finish();
            run.source.clone_from(&source);
            run.ci = ci.or(run.ci);
            run.job = (told_apart && !job.is_empty()).then(|| Text::of_log(&job));
            run.lines = if i == 0 { lines } else { 0 };
            run
        });
        runs.collect()
    }

    fn flush(&mut self) {
        let text = clean(&self.pending.text);
        let Some(said) = Said::of(&text, &self.stack).filter(|_| self.pending.first > 0) else { return };
        if self.pending.named {
            self.job = job_of(&mut self.jobs, &self.pending.job);
        } else if self.jobs.is_empty() {
            self.jobs.push((Vec::new(), Assembler::default()));
        }
        if let Some((_, assembler)) = self.jobs.get_mut(self.job) {
            assembler.run.started = assembler.run.started.or(self.pending.time);
            assembler.line(self.pending.first, &text, said);
        }
    }

    /// Lets the line wait, in a buffer that is used again.
    fn wait(&mut self, number: u64, peeled: &Peeled) {
        let job = match peeled.job {
            Some(name) => self.jobs.iter().find(|(job, _)| job == name),
            None => self.jobs.get(self.job),
        };
        let timed = job.is_some_and(|(_, assembler)| assembler.run.started.is_some());
        let pending = &mut self.pending;
        pending.text.clear();
        pending.text.extend_from_slice(peeled.text);
        pending.job.clear();
        pending.job.extend_from_slice(peeled.job.unwrap_or_default());
        pending.named = peeled.job.is_some();
        pending.time = peeled.stamp.filter(|_| !timed).and_then(time);
        (pending.first, pending.last, pending.open) = (number, number, peeled.open);
    }

    /// Whether a line goes on where the one that waits ended.
    fn continues(&self, number: u64, peeled: &Peeled) -> bool {
        self.pending.open
            && self.pending.last + 1 == number
            && peeled.job.is_none_or(|job| self.waits_in(job))
            && self.stack.may_continue(peeled.text)
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
        let line = self.stack.unpack(bytes);
        let peeled = self.stack.peel(&line);
        if !peeled.append && !self.continues(number, &peeled) {
            self.flush();
            self.wait(number, &peeled);
        } else if self.pending.last + 1 == number {
            self.pending.text.extend_from_slice(peeled.text);
            (self.pending.last, self.pending.open) = (number, peeled.open);
        }
    }
}

/// The job of this name. What came before the first name is its beginning.
fn job_of(jobs: &mut Vec<(Vec<u8>, Assembler)>, name: &[u8]) -> usize {
    if let [(unnamed, _)] = jobs.as_mut_slice()
        && unnamed.is_empty()
    {
        name.clone_into(unnamed);
    }
    let known = jobs.iter().position(|(job, _)| job == name);
    known.unwrap_or_else(|| {
        jobs.push((name.to_owned(), Assembler::default()));
        jobs.len() - 1
    })
}

/// What a line says, by the builder or by the CI.
#[derive(Clone, Copy)]
enum Said<'a> {
    Event(Event<'a>),
    Mark(&'static str, Mark<'a>),
}

impl<'a> Said<'a> {
    fn of(text: &'a [u8], stack: &Stack) -> Option<Self> {
        dialect::read(text).map(Self::Event).or_else(|| stack.mark(text).map(|(ci, mark)| Self::Mark(ci, mark)))
    }
}

/// Collects what one job says.
#[derive(Default)]
struct Assembler {
    run: Run,
    builds: Vec<Build>,
    buildkit: Segment,
    classic: ClassicSegment,
    buildah: BuildahSegment,
    rawjson: RawJsonSegment,
    tty: TtySegment,
    kaniko: KanikoSegment,
    listener: Listener,
    service: Option<(u64, Text)>,
    invocations: usize,
}

impl Assembler {
    fn line(&mut self, number: u64, text: &[u8], said: Said) {
        match said {
            Said::Event(event) => self.event(number, text, event),
            Said::Mark(ci, mark) => {
                self.run.ci = self.run.ci.or(ci::names_itself(&mark).then_some(ci));
                self.listener.hear(&mut self.run, number, text, mark);
            }
        }
    }

    fn event(&mut self, number: u64, text: &[u8], event: Event) {
        match event {
            Event::Vertex(n, body) => {
                if let Body::Text(text) = body
                    && (self.buildkit.restarts_with(n, text) || !self.tty.is_empty())
                {
                    self.close_buildkit();
                }
                self.begin_service();
                self.buildkit.vertex(n, body, number, text);
            }
            Event::Builder { name, driver } => {
                self.close_buildkit();
                self.buildkit.built_by(name, driver, number);
            }
            Event::Classic(says) => {
                self.pulled(says, number, text);
                if self.classic.restarts_with(says) {
                    self.close_classic();
                }
                self.begin_classic_service();
                self.classic.hear(says, number, text);
            }
            Event::Buildah(says) => {
                if self.buildah.restarts_with(says) {
                    self.close_buildah();
                }
                self.buildah.hear(says, number, text);
            }
            Event::Tty(says) => self.terminal(says, number, text),
            Event::RawJson(object) => self.status(number, object),
            Event::Kaniko(message) => {
                if self.kaniko.restarts_with(&message) {
                    self.close_kaniko();
                }
                self.kaniko.hear(&message, number, text);
            }
            Event::Service(name) => self.next_service(number, name),
            Event::Failure(_) => self.failed(Quote::new(number, text)),
            Event::Warning(_) => self.warned(Quote::new(number, text)),
            Event::NoOutput => self.buildkit.over |= self.builds_something(),
            Event::Loaded(image) => {
                let image = Text::of_log(image);
                self.run.loads.push(Pull { image, quote: Quote::new(number, text) });
            }
        }
    }

    /// JSON status has no prefix for the builder; its vertices become the segment's when it ends.
    fn status(&mut self, number: u64, object: &[u8]) {
        if self.rawjson.restarts_with(object) {
            self.close_buildkit();
        }
        self.begin_service();
        self.rawjson.hear(object, number);
        self.run.started = self.run.started.or(self.rawjson.started);
    }

    /// Frames after a plain build are another build; a line without a frame is nothing there.
    fn terminal(&mut self, says: Tty, number: u64, text: &[u8]) {
        let plain = !self.buildkit.vertices.is_empty();
        match says {
            Tty::Frame { .. } if plain || self.tty.restarts_with(says) => self.close_buildkit(),
            _ if plain && self.tty.is_empty() => return,
            _ => {}
        }
        self.begin_service();
        self.tty.hear(says, number, text);
    }

    fn pulled(&mut self, says: Classic, number: u64, text: &[u8]) {
        if let Classic::Downloaded(image) | Classic::UpToDate(image) = says {
            let image = Text::of_log(image);
            self.run.pulls.push(Pull { image, quote: Quote::new(number, text) });
        }
    }

    /// Two services announced with no build between them are built side by side: their numbers collide.
    fn next_service(&mut self, number: u64, name: &[u8]) {
        let side_by_side = self.service.is_some();
        self.close_buildkit();
        self.close_classic();
        self.service = Some((number, Text::of_log(name)));
        self.buildkit.tangled |= side_by_side;
        self.classic.tangled |= side_by_side;
    }

    fn begin_service(&mut self) {
        if let Some((_, service)) = self.service.take() {
            self.buildkit.service = Some(service);
        }
    }

    fn begin_classic_service(&mut self) {
        if let Some((_, service)) = self.service.take() {
            self.classic.service = Some(service);
        }
    }

    /// A final error belongs to the build before it; one that stops the client before any step is a
    /// build of its own.
    fn failed(&mut self, quote: Quote) {
        let known =
            |errors: &[Quote]| errors.iter().any(|q| q.text.ends_with(&*quote.text) || quote.text.ends_with(&*q.text));
        if known(&self.buildkit.errors) || self.builds.last().is_some_and(|b| known(&b.errors)) {
            return;
        }
        if self.builds_something() && finish::before_any_step(&quote.text) {
            self.close_buildkit();
        }
        if self.classic.is_empty() {
            self.buildkit.errors.push(quote);
        } else {
            self.classic.errors.push(quote);
        }
    }

    fn builds_something(&self) -> bool {
        self.buildkit.has_steps() || !self.rawjson.is_empty() || !self.tty.is_empty()
    }

    fn warned(&mut self, quote: Quote) {
        self.buildkit.warnings.push(quote);
    }

    /// The builds of one `docker build`, complete.
    fn built(&mut self, builds: impl IntoIterator<Item = Build>) {
        let before = self.builds.len();
        self.builds.extend(builds);
        self.builds.iter_mut().skip(before).for_each(Build::settle);
        self.invocations += usize::from(self.builds.len() > before);
    }

    fn close_buildkit(&mut self) {
        let mut segment = std::mem::take(&mut self.buildkit);
        let rawjson = std::mem::take(&mut self.rawjson);
        if !rawjson.is_empty() {
            (segment.dialect, segment.line) = (Dialect::BuildkitRawjson, rawjson.line);
            segment.vertices = rawjson.vertices();
        }
        let tty = std::mem::take(&mut self.tty);
        if !tty.is_empty() {
            (segment.dialect, segment.line) = (Dialect::BuildkitTty, tty.line);
            segment.builder.clone_from(&tty.builder);
            segment.over |= tty.finished;
            segment.vertices = tty.vertices();
        }
        let booted = segment.booted.clone().filter(|_| !segment.has_steps() && segment.errors.is_empty());
        self.built(segment.finish(self.invocations));
        self.buildkit.booted = booted;
    }

    fn close_classic(&mut self) {
        let segment = std::mem::take(&mut self.classic);
        self.built(segment.finish(self.invocations));
    }

    fn close_buildah(&mut self) {
        let segment = std::mem::take(&mut self.buildah);
        self.built(segment.finish(self.invocations));
    }

    fn close_kaniko(&mut self) {
        let segment = std::mem::take(&mut self.kaniko);
        self.built(segment.finish(self.invocations));
    }

    fn finish(mut self) -> Run {
        self.close_buildkit();
        self.close_classic();
        self.close_kaniko();
        self.close_buildah();
        self.listener.end(&mut self.run);
        self.builds.sort_by_key(|b| b.line);
        self.run.builds = self.builds;
        self.run.settle();
        self.run
    }
}

fn time(stamp: Stamp) -> Option<DateTime<Utc>> {
    match stamp {
        Stamp::Rfc3339(text) => DateTime::parse_from_rfc3339(std::str::from_utf8(text).ok()?).ok().map(Into::into),
        Stamp::Millis(text) => DateTime::from_timestamp_millis(std::str::from_utf8(text).ok()?.parse().ok()?),
    }
}
