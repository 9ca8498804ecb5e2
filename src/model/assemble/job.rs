//! What one job of a log says, line by line, collected into its builds and its CI caches.
//!
//! Knows no envelope and no other job.

use super::backwards::{self, Backwards, Order};
use super::bound::{self, FinishedBuilds};
use super::buildah::BuildahSegment;
use super::buildkit::Segment;
use super::ci::{self, Listener};
use super::classic::{self, ClassicSegment};
use super::entries::StatusEntry;
use super::finish;
use super::kaniko::KanikoSegment;
use super::prune::Prunes;
use super::rawjson::RawJsonSegment;
use super::tty::TtySegment;
use super::unread::{self, Unread};
use crate::dialect::{self, Body, Classic, Event, Tty};
use crate::envelope::{Mark, Stack};
use crate::model::{Build, Command, Dialect, NamedImage, Quote, Run, Text, Tool};

/// Collects what one job says.
#[derive(Default)]
pub(super) struct Assembler {
    pub(super) run: Run,
    builds: Vec<Build>,
    kept: FinishedBuilds,
    buildkit: Segment,
    classic: ClassicSegment,
    buildah: BuildahSegment,
    /// Lines of builders whose steps follow each other, in a log that may have its newest line first.
    counted: Backwards,
    rawjson: RawJsonSegment,
    tty: TtySegment,
    kaniko: KanikoSegment,
    listener: Listener,
    prunes: Prunes,
    unread: Unread,
    service: Option<(u64, Text)>,
    invocations: usize,
}

impl Assembler {
    pub(super) fn line(&mut self, number: u64, text: &[u8], said: Heard) {
        match said {
            Heard::Event(event) => self.event(number, text, event),
            Heard::Unread => self.unread.hear(number, text),
            Heard::Mark(ci, mark) => {
                self.run.ci = self.run.ci.or(ci::names_itself(&mark).then_some(ci));
                self.listener.hear(&mut self.run, number, text, mark);
            }
        }
    }

    /// What it holds, in bytes, roughly.
    pub(super) fn held(&self) -> usize {
        let open = self.buildkit.held() + self.rawjson.held() + self.tty.held();
        let steps = self.classic.held() + self.buildah.held() + self.kaniko.held();
        let turned = self.counted.held();
        let run = &self.run;
        let fetched = run.pulls.len() + run.unpulled.len() + run.loads.len() + run.fetched.len();
        let images = fetched + run.named.len();
        let small = run.ci_caches.len() + images + run.notes.len() + turned;
        self.kept.bytes + (open + steps + run.commands.len()) * bound::NEW + small * bound::SMALL
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
                if !self.buildkit.only_warns() || self.builds_something() {
                    self.close_buildkit();
                }
                self.buildkit.built_by(name, driver, number);
            }
            Event::Classic(says) => {
                self.pulled(says, number, text);
                self.in_order(event, number, text);
            }
            Event::Tty(says) => self.terminal(says, number, text),
            Event::RawJson(object) => self.status(number, object),
            Event::Buildah(_) | Event::Kaniko(_) => self.in_order(event, number, text),
            Event::Service(name) => self.next_service(number, name),
            Event::Failure(_) => self.failed(Quote::new(number, text)),
            Event::Answer(_) => self.buildkit.answered(Quote::new(number, text)),
            Event::Warning(_) => self.warned(Quote::new(number, text)),
            Event::NoOutput => self.buildkit.over |= self.builds_something(),
            Event::Loaded(image) => {
                let image = Text::of_log(image);
                self.run.loads.push(NamedImage { image, quote: Quote::new(number, text) });
            }
            Event::Unpulled(image) => {
                let image = Text::of_log(image);
                self.run.unpulled.push(NamedImage { image, quote: Quote::new(number, text) });
            }
            Event::Deleted(id) => self.deleted(id, number, text),
            Event::Untagged(image) => {
                self.prunes.images.untags(Text::of_log(image), Quote::new(number, text));
            }
            Event::Pruned => self.prunes.deletes(Quote::new(number, text)),
            Event::Reclaimed(amount) => self.prunes.reclaims(number, amount),
        }
    }

    /// An image was deleted, of a step of the build before or another one.
    fn deleted(&mut self, id: &[u8], number: u64, text: &[u8]) {
        let own = self.classic.deleted(id, number, text) || self.buildah.deleted(id);
        self.prunes.images.deletes(own, Quote::new(number, text));
    }

    /// A line of a builder whose steps follow each other: in order, where the newest line does not come
    /// first.
    fn in_order(&mut self, event: Event, number: u64, text: &[u8]) {
        if self.counted.hear(&event, number, text) != Order::Backwards {
            return self.step_by_step(event, number, text);
        }
        (self.classic, self.buildah, self.kaniko) = Default::default();
        if backwards::begins(&event) {
            self.turn();
        }
    }

    /// A build came to its first line.
    fn turn(&mut self) {
        for (number, text) in self.counted.turned() {
            if let Some(event) = dialect::read(&text) {
                self.step_by_step(event, number, &text);
            }
        }
        self.close_classic();
        self.close_buildah();
        self.close_kaniko();
    }

    fn step_by_step(&mut self, event: Event, number: u64, text: &[u8]) {
        match event {
            Event::Classic(Classic::Bare(_)) if self.classic.is_empty() => {}
            Event::Classic(says) => {
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
            Event::Kaniko(message) => {
                if self.kaniko.restarts_with(&message) {
                    self.close_kaniko();
                }
                self.kaniko.hear(&message, number, text);
            }
            _ => {}
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

    /// An entry of the status of one build.
    pub(super) fn entry(&mut self, number: u64, entry: &StatusEntry) {
        self.rawjson.take(entry, number);
        self.run.started = self.run.started.or(self.rawjson.started);
    }

    /// Frames after a plain build are another build; a line without a frame is nothing there.
    fn terminal(&mut self, says: Tty, number: u64, text: &[u8]) {
        let plain = !self.buildkit.vertices.is_empty();
        match says {
            Tty::Frame { .. } | Tty::Begun if plain || self.tty.restarts_with(says) => {
                self.close_buildkit();
            }
            _ if plain && self.tty.is_empty() => return,
            _ => {}
        }
        self.begin_service();
        self.tty.hear(says, number, text);
    }

    fn pulled(&mut self, says: Classic, number: u64, text: &[u8]) {
        if let Classic::Downloaded(image) | Classic::UpToDate(image) = says {
            let image = Text::of_log(image);
            self.run.pulls.push(NamedImage { image, quote: Quote::new(number, text) });
        }
    }

    /// Two services announced with no build between them are built side by side: their numbers
    /// collide.
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
        let known = |errors: &[Quote]| {
            errors.iter().any(|q| q.text.ends_with(&*quote.text) || quote.text.ends_with(&*q.text))
        };
        if known(&self.buildkit.errors) || self.builds.last().is_some_and(|b| known(&b.errors)) {
            return;
        }
        if self.builds_something() && finish::before_any_step(&quote.text) {
            self.close_buildkit();
        }
        if self.classic.is_empty() {
            self.buildkit.failed(quote);
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
        for build in self.builds.iter_mut().skip(before) {
            build.settle();
            self.kept.add(build);
        }
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
        let begun = segment.has_steps() || !segment.errors.is_empty();
        let booted = if begun { None } else { segment.booted.clone() };
        let builds = segment.finish(self.invocations);
        if builds.is_empty()
            && let Some(line) = segment.first_line()
        {
            self.unread.begins(line.line, line.text.as_bytes());
        }
        self.built(builds);
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

    /// The oldest build first.
    fn order(&mut self) {
        self.builds.sort_by_key(|b| b.line);
        if self.counted.order == Order::Backwards {
            self.builds.reverse();
            let last = self.invocations.saturating_sub(1);
            for build in &mut self.builds {
                build.invocation = last.saturating_sub(build.invocation);
            }
        }
    }

    /// What a job says in a log of so many lines.
    pub(super) fn finish(mut self, lines: u64) -> Run {
        self.close_buildkit();
        if self.counted.order == Order::Backwards {
            self.turn();
        }
        self.close_classic();
        self.close_kaniko();
        self.close_buildah();
        self.listener.end(&mut self.run);
        self.builds.retain(|build| !only_creates(build, &self.run.commands));
        self.order();
        self.run.builds = self.builds;
        let deleting = self.listener.deleting();
        self.prunes.settle(&mut self.run, &deleting);
        finish::doubt(&mut self.run, lines);
        self.run.problems.extend(self.unread.problems(&self.run.builds));
        self.run.settle();
        classic::fill_in(&mut self.run);
        self.run
    }
}

/// `docker buildx create --bootstrap` starts a builder, and builds nothing.
fn only_creates(build: &Build, commands: &[Command]) -> bool {
    let called = || commands.iter().rfind(|command| command.quote.line < build.line);
    let boots = build.booted.is_some() && build.steps.is_empty() && build.builder.is_none();
    boots && called().is_some_and(|command| command.tool == Tool::BuildxCreate)
}

/// What a line says, by the builder or by the CI.
#[derive(Clone, Copy)]
pub(super) enum Heard<'a> {
    Event(Event<'a>),
    Mark(&'static str, Mark<'a>),
    /// Something a builder says, behind something that is not known.
    Unread,
}

impl<'a> Heard<'a> {
    pub(super) fn of(text: &'a [u8], stack: &Stack) -> Option<Self> {
        let marked = || stack.mark(text).map(|(ci, mark)| Self::Mark(ci, mark));
        dialect::read(text)
            .map(Self::Event)
            .or_else(marked)
            .or_else(|| unread::holds(text).then_some(Self::Unread))
    }
}
