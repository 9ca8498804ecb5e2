//! One build of kaniko while its lines come in.
//!
//! kaniko looks all commands of a stage up before it executes the first, and stops at the first
//! miss: later commands of the stage get no line (`pkg/executor/build.go` `optimize`, `stopCache`).
//! A lookup that the registry refuses looks like a miss; only the push shows it.

mod transfers;

use std::collections::{BTreeSet, VecDeque};

use chrono::DateTime;
use foldhash::HashMap;

use super::instruction;
use crate::dialect::{Kaniko, KanikoSays as Says};
use crate::model::{
    Base, Build, BuildOutcome, Dialect, Instruction, Outcome, Quote, Step, StepKind, Text, lossy,
};

/// What was seen of one build.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "what was heard so far, each by itself")]
pub(super) struct KanikoSegment {
    build: Build,
    /// Base image that was asked for last.
    base: String,
    /// A stage began, and nothing has said which.
    begun: Option<Quote>,
    /// Base image and name of the named stages, in the order of the file.
    names: Vec<(String, String)>,
    /// Lookups of the stage that no command has taken yet.
    lookups: VecDeque<Lookup>,
    /// Lookups of each stage before the first was built: from v1.28 on all are made once more then.
    ahead: Vec<VecDeque<Lookup>>,
    /// Stages that are not built: what is taken from them is cached.
    eliminated: Vec<(u32, String, Quote)>,
    /// It has several stages, however many of them the log shows: one that fails ends early.
    several: bool,
    /// A line named the stage that is built.
    staged: bool,
    /// Reference of the lookup whose answer comes next.
    asked: Option<String>,
    /// Layers on their way to the cache.
    storing: BTreeSet<String>,
    /// Reading of the clock when the last step began.
    since: Option<f64>,
    /// The image itself is being pushed.
    last_push: bool,
    done: bool,
}

/// What the cache answered for a command.
#[derive(Debug)]
struct Lookup {
    command: String,
    key: Option<Text>,
    outcome: Outcome,
    quote: Quote,
}

impl KanikoSegment {
    /// How many parts it has.
    pub(super) fn held(&self) -> usize {
        self.build.steps.len()
            + self.build.imports.len()
            + self.names.len()
            + self.lookups.len()
            + self.ahead.len()
    }

    /// Whether this begins another build: its stages are planned again, or are named after a
    /// build's end.
    pub(super) fn restarts_with(&self, message: &Kaniko) -> bool {
        let ended = self.done || !self.build.errors.is_empty();
        match message.says {
            Says::Planned { .. } => !self.build.bases.is_empty(),
            Says::Stage { index: 0, .. } => !self.build.bases.is_empty() && !self.looks_ahead(),
            Says::Named { .. } | Says::Failed => ended,
            _ => false,
        }
    }

    /// One message.
    pub(super) fn hear(&mut self, message: &Kaniko, line: u64, raw: &[u8]) {
        let text = |bytes: &[u8]| unescape(bytes, message.escaped);
        let quote = || Quote::new(line, raw);
        self.begin_unnamed(&message.says, quote);
        match message.says {
            Says::Base(image) => self.base = text(image),
            Says::Downloading(image) => {
                self.rest(message.clock);
                (self.base, self.begun) = (text(image), Some(quote()));
            }
            Says::Begun => {
                self.rest(message.clock);
                self.begun = Some(quote());
            }
            Says::Named { base, name } => self.names.push((text(base), text(name))),
            Says::Eliminated { base, index } => self.eliminated.push((index, text(base), quote())),
            Says::Pointing(reference) => drop(self.storing.insert(text(reference))),
            Says::Stage { base, index } => {
                self.rest(message.clock);
                self.begun = None;
                self.built();
                self.stage(&text(base), usize::try_from(index).unwrap_or(usize::MAX), quote());
            }
            Says::Lookup(reference) => self.asks(text(reference), quote()),
            Says::LookupFailed(error) => self.refused(text(error), quote()),
            Says::Expired => self.build.expired.push(quote()),
            Says::Cached(command) => self.answered(text(command), Outcome::Hit, quote()),
            Says::NotCached(command) => self.answered(text(command), Outcome::Miss, quote()),
            Says::Step(command) if !self.build.bases.is_empty() => {
                self.step(&text(command), message.clock, quote());
            }
            Says::Planned { copies } => self.several |= copies,
            Says::Step(_) => {}
            Says::Extracting => self.extracted(quote()),
            Says::Storing(reference) => {
                self.stored(quote());
                self.stores(text(reference), quote());
            }
            Says::NotStored(error) => self.not_stored(text(error), quote()),
            Says::Pushing(image) => self.pushes(text(image), message.clock),
            Says::Pushed(image) => self.pushed(&text(image), quote()),
            Says::PushSkipped => self.done = true,
            Says::Failed => self.failed(quote()),
        }
    }

    /// A stage whose own line is not there: nothing named it, or the log begins inside it.
    fn begin_unnamed(&mut self, says: &Says, quote: impl Fn() -> Quote) {
        if let Some(begun) = self.begun.take_if(|_| is_of_stage(says)) {
            self.stage(&self.base.clone(), self.build.bases.len(), begun);
        } else if self.build.bases.is_empty() && self.is_within(says) {
            self.build.headless = !matches!(says, Says::Lookup(_));
            self.stage(&self.base.clone(), 0, quote());
        }
    }

    /// The build, `None` where there was none.
    pub(super) fn finish(mut self, invocation: usize) -> Option<Build> {
        let build = &mut self.build;
        if build.bases.is_empty() && build.errors.is_empty() {
            return None;
        }
        if !self.done && build.errors.is_empty() {
            self.ends_in_the_middle();
        }
        let build = &mut self.build;
        number(build, self.several);
        mark_uncached(&mut build.steps);
        (build.dialect, build.invocation) = (Dialect::Kaniko, invocation);
        build.outcome = BuildOutcome::of(!build.errors.is_empty(), self.done);
        Some(self.build)
    }

    /// What became of a command is settled by its lookup, whether or not the log shows it taken or
    /// executed. Of the last command of a log without lookups nothing is known.
    fn ends_in_the_middle(&mut self) {
        if let Some(step) =
            self.build.steps.last_mut().filter(|s| s.verdict.is_none() && self.build.headless)
        {
            step.outcome = Outcome::Unknown;
        }
        self.take_lookups();
    }

    /// Says something of a stage whose beginning the log does not have. Other programs log `RUN x`, too:
    /// such a step is one where kaniko fetched a base image before.
    fn is_within(&self, says: &Says) -> bool {
        is_of_cache(says) || (matches!(says, Says::Step(_)) && !self.base.is_empty())
    }

    /// So far stages were only looked up.
    fn looks_ahead(&self) -> bool {
        !self.staged && self.build.steps.is_empty() && !self.build.headless
    }

    /// The first stage is built: what was looked up before is looked up again, but for the stages
    /// that nobody needs.
    fn built(&mut self) {
        if !self.looks_ahead() {
            self.staged = true;
            return;
        }
        self.staged = true;
        let last = std::mem::take(&mut self.lookups);
        let mut ahead = std::mem::take(&mut self.ahead);
        ahead.push(last);
        self.build.bases.clear();
        for (index, base, quote) in std::mem::take(&mut self.eliminated) {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            let looked_up = ahead.get_mut(index).map(std::mem::take).unwrap_or_default();
            self.stage(&base, index, quote);
            self.lookups = looked_up;
            self.take_lookups();
        }
    }

    /// Commands that were looked up, and have no line of their own.
    fn take_lookups(&mut self) {
        for lookup in std::mem::take(&mut self.lookups) {
            let Lookup { command, key, outcome, quote } = lookup;
            let step = self.instruction(&command);
            self.build.steps.push(Step {
                outcome,
                header: quote.clone(),
                verdict: Some(quote),
                key,
                ..step
            });
        }
    }

    fn stage(&mut self, base: &str, index: usize, quote: Quote) {
        let named = self.names.iter().position(|(of, _)| of == base);
        let name = named.map_or_else(|| format!("stage-{index}"), |at| self.names.remove(at).1);
        if self.build.line == 0 {
            self.build.line = quote.line;
        }
        let before = std::mem::take(&mut self.lookups);
        if !self.build.bases.is_empty() && !self.staged {
            self.ahead.push(before);
        }
        self.build.bases.push(Base {
            stage: name.into(),
            image: base.into(),
            quote,
            ..Base::default()
        });
    }

    fn answered(&mut self, command: String, outcome: Outcome, quote: Quote) {
        if let Some(import) = self.build.imports.last_mut() {
            import.listed = Some(import.listed == Some(true) || outcome == Outcome::Hit);
            if !import.ended {
                (import.ended, import.verdict) = (true, Some(quote.clone()));
            }
        }
        let asked = self.asked.take();
        let key = asked.and_then(|r| r.rsplit_once(':').map(|(_, key)| key.into()));
        self.lookups.push_back(Lookup { command, key, outcome, quote });
    }

    fn step(&mut self, text: &str, clock: &[u8], header: Quote) {
        self.tick(clock);
        let step = self.instruction(text);
        let known = self
            .lookups
            .iter()
            .position(|l| l.command == text)
            .and_then(|at| self.lookups.remove(at));
        let (outcome, verdict, key) = match known {
            Some(lookup) => (lookup.outcome, Some(lookup.quote), lookup.key),
            None if step.kind == StepKind::Counted => (Outcome::Miss, None, None),
            // ARG, ENV and CMD are never looked up and leave nothing to store.
            None => (Outcome::Unknown, None, None),
        };
        self.build.steps.push(Step { outcome, header, verdict, key, ..step });
    }

    /// A step of the stage that was begun last, of which nothing more is known.
    fn instruction(&self, text: &str) -> Step {
        let (instruction, _) = text.split_once(' ').unwrap_or((text, ""));
        let stage = self.build.bases.last().map(|base| base.stage.clone()).unwrap_or_default();
        let what = instruction::in_stage(text, &stage, || Instruction {
            name: text.into(),
            stage: stage.clone(),
            instruction: instruction.into(),
            text: text.into(),
            ..Instruction::default()
        });
        Step { what, kind: StepKind::of(instruction), ..Step::default() }
    }

    fn extracted(&mut self, quote: Quote) {
        if let Some(step) = self.build.steps.last_mut() {
            step.outcome = Outcome::Hit;
            step.verdict.get_or_insert(quote);
        }
    }

    /// A layer is pushed when its command is done, before the next one begins.
    fn stored(&mut self, quote: Quote) {
        if let Some(step) = self.build.steps.last_mut().filter(|s| s.stored.is_none()) {
            step.stored = Some(quote);
        }
    }

    /// Only `failed to execute command` is about the step that was begun last.
    fn failed(&mut self, quote: Quote) {
        if self.build.line == 0 {
            self.build.line = quote.line;
        }
        if quote.text.contains("failed to execute command")
            && let Some(step) = self.build.steps.last_mut()
        {
            step.outcome = Outcome::Failed;
            step.verdict = Some(quote.clone());
        }
        self.build.errors.push(quote);
    }

    /// No step is at work from now on: a stage begins, or the image is pushed.
    fn rest(&mut self, clock: &[u8]) {
        self.tick(clock);
        self.since = None;
    }

    /// A step lasts until the next begins.
    fn tick(&mut self, clock: &[u8]) {
        let now = seconds(clock);
        if let (Some(step), Some(since), Some(now)) = (self.build.steps.last_mut(), self.since, now)
        {
            step.seconds = Some((now - since).max(0.0));
        }
        self.since = now;
    }
}

/// Says something of a command: the stage that began has no line of its own.
fn is_of_stage(says: &Says) -> bool {
    matches!(
        says,
        Says::Lookup(_) | Says::Cached(_) | Says::NotCached(_) | Says::Step(_) | Says::Extracting
    )
}

/// Says something of the layer cache: no other program has these words.
fn is_of_cache(says: &Says) -> bool {
    matches!(
        says,
        Says::Lookup(_)
            | Says::Cached(_)
            | Says::NotCached(_)
            | Says::Storing(_)
            | Says::NotStored(_)
    )
}

/// `0003`, or a time stamp.
pub(super) fn seconds(clock: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(clock).ok()?;
    text.parse().ok().or_else(|| {
        let millis = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
        Some(std::time::Duration::from_millis(u64::try_from(millis).ok()?).as_secs_f64())
    })
}

/// The text and JSON forms escape as JSON does (Go's `%q` where nothing odd is in it).
fn unescape(bytes: &[u8], escaped: bool) -> String {
    let text = lossy(bytes);
    if !escaped || !bytes.contains(&b'\\') {
        return text.into_owned();
    }
    serde_json::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| text.into_owned())
}

/// Positions, and no stage name where there is one stage, as `BuildKit` has it.
fn number(build: &mut Build, several: bool) {
    let single = build.bases.len() == 1 && !several;
    let mut counts: HashMap<Text, u32> = HashMap::default();
    for step in &mut build.steps {
        let count = counts.entry(step.stage.clone()).or_default();
        *count += 1;
        step.position = *count;
    }
    for step in &mut build.steps {
        step.of = counts.get(&step.stage).copied().unwrap_or_default();
    }
    if single {
        build.bases.iter_mut().for_each(|b| b.stage = Text::default());
        build.steps.iter_mut().for_each(|s| s.stage = Text::default());
    }
}

/// kaniko stores RUN, and COPY and ADD with `--cache-copy-layers` only: there some COPY is looked
/// up.
fn mark_uncached(steps: &mut [Step]) {
    let looked_up =
        steps.iter().any(|s| s.key.is_some() && matches!(s.instruction.as_str(), "COPY" | "ADD"));
    for step in steps.iter_mut().filter(|s| s.kind == StepKind::Counted) {
        let stored = step.instruction == "RUN" || (looked_up && step.instruction != "WORKDIR");
        if !stored {
            step.kind = StepKind::Uncached;
        }
    }
}

#[cfg(test)]
mod tests;
