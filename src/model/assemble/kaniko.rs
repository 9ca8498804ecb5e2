//! One build of kaniko while its lines come in.
//!
//! kaniko looks all commands of a stage up before it executes the first, and stops at the first
//! miss: later commands of the stage get no line (`pkg/executor/build.go` `optimize`, `stopCache`).
//! A lookup that the registry refuses looks like a miss; only the push shows it.

use std::collections::BTreeSet;

use chrono::DateTime;

use crate::dialect::{Kaniko, KanikoSays as Says};
use crate::model::{
    Base, Build, BuildOutcome, CacheKind, Dialect, Instruction, Outcome, Quote, Step, StepKind, Text, Transfer,
};

/// What was seen of one build.
#[derive(Debug, Default)]
pub(super) struct KanikoSegment {
    build: Build,
    /// Base image that was asked for last.
    base: String,
    /// A stage began, and nothing has said which.
    begun: Option<Quote>,
    /// Base image and name of the named stages, in the order of the file.
    names: Vec<(String, String)>,
    /// Lookups of the stage that no command has taken yet.
    lookups: Vec<Lookup>,
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
    /// Whether this begins another build: its stages are planned again, or are named after a build's end.
    pub(super) fn restarts_with(&self, message: &Kaniko) -> bool {
        let ended = self.done || !self.build.errors.is_empty();
        match message.says {
            Says::Planned | Says::Stage { index: 0, .. } => !self.build.bases.is_empty(),
            Says::Named { .. } | Says::Failed => ended,
            _ => false,
        }
    }

    /// One message.
    pub(super) fn hear(&mut self, message: &Kaniko, line: u64, raw: &[u8]) {
        let text = |bytes: &[u8]| unescape(bytes, message.escaped);
        let quote = || Quote::new(line, raw);
        if let Some(begun) = self.begun.take_if(|_| is_of_stage(&message.says)) {
            self.stage(&self.base.clone(), self.build.bases.len(), begun);
        } else if self.build.bases.is_empty() && matches!(message.says, Says::Lookup(_)) {
            // The log begins inside a stage.
            self.stage(&self.base.clone(), 0, quote());
        }
        match message.says {
            Says::Base(image) => self.base = text(image),
            Says::Begun => self.begun = Some(quote()),
            Says::Named { base, name } => self.names.push((text(base), text(name))),
            Says::Stage { base, index } => {
                self.begun = None;
                self.stage(&text(base), usize::try_from(index).unwrap_or(usize::MAX), quote());
            }
            Says::Lookup(reference) => self.asks(text(reference), quote()),
            Says::LookupFailed(error) => self.refused(text(error), quote()),
            Says::Expired => self.build.expired.push(quote()),
            Says::Cached(command) => self.answered(text(command), Outcome::Hit, quote()),
            Says::NotCached(command) => self.answered(text(command), Outcome::Miss, quote()),
            Says::Step(command) if !self.build.bases.is_empty() => self.step(&text(command), message.clock, quote()),
            Says::Step(_) | Says::Planned => {}
            Says::Extracting => self.extracted(quote()),
            Says::Storing(reference) => self.stores(text(reference), quote()),
            Says::NotStored(error) => self.not_stored(text(error), quote()),
            Says::Pushing(image) => self.pushes(text(image), message.clock),
            Says::Pushed(image) => self.pushed(&text(image), quote()),
            Says::PushSkipped => self.done = true,
            Says::Failed => self.failed(quote()),
        }
    }

    /// The build, `None` where there was none.
    pub(super) fn finish(mut self, invocation: usize) -> Option<Build> {
        let build = &mut self.build;
        if build.bases.is_empty() && build.errors.is_empty() {
            return None;
        }
        number(build);
        mark_uncached(&mut build.steps);
        (build.dialect, build.invocation) = (Dialect::Kaniko, invocation);
        build.outcome = match () {
            () if !build.errors.is_empty() => BuildOutcome::Failed,
            () if self.done => BuildOutcome::Succeeded,
            () => BuildOutcome::Unknown,
        };
        Some(self.build)
    }

    fn stage(&mut self, base: &str, index: usize, quote: Quote) {
        let named = self.names.iter().position(|(of, _)| of == base);
        let name = named.map_or_else(|| format!("stage-{index}"), |at| self.names.remove(at).1);
        if self.build.line == 0 {
            self.build.line = quote.line;
        }
        self.lookups.clear();
        self.since = None;
        self.build.bases.push(Base { stage: name.into(), image: base.into(), quote, ..Base::default() });
    }

    /// All lookups of one repository are one import.
    fn asks(&mut self, reference: String, quote: Quote) {
        let repo = Text::from(repository(&reference));
        if !self.build.imports.iter().any(|i| i.reference.as_ref() == Some(&repo)) {
            self.build.imports.push(transfer(repo, quote));
        }
        self.asked = Some(reference);
    }

    fn refused(&mut self, error: String, quote: Quote) {
        let absent = ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "404"].iter().any(|known| error.contains(known));
        if let Some(import) = self.build.imports.last_mut().filter(|_| !absent) {
            (import.error, import.ended, import.verdict) = (Some(error.into()), true, Some(quote));
        }
    }

    fn answered(&mut self, command: String, outcome: Outcome, quote: Quote) {
        if let Some(import) = self.build.imports.last_mut().filter(|i| !i.ended) {
            (import.ended, import.verdict) = (true, Some(quote.clone()));
        }
        let asked = self.asked.take();
        let key = asked.and_then(|r| r.rsplit_once(':').map(|(_, key)| key.into()));
        self.lookups.push(Lookup { command, key, outcome, quote });
    }

    fn step(&mut self, text: &str, clock: &[u8], header: Quote) {
        self.tick(clock);
        let (instruction, _) = text.split_once(' ').unwrap_or((text, ""));
        let kept = matches!(instruction, "RUN" | "COPY" | "ADD" | "WORKDIR");
        let known = self.lookups.iter().position(|l| l.command == text).map(|at| self.lookups.remove(at));
        let (outcome, verdict, key) = match known {
            Some(lookup) => (lookup.outcome, Some(lookup.quote), lookup.key),
            None if kept => (Outcome::Miss, None, None),
            // ARG, ENV and CMD are never looked up and leave nothing to store.
            None => (Outcome::Unknown, None, None),
        };
        let what = Instruction {
            name: text.into(),
            stage: self.build.bases.last().map(|b| b.stage.clone()).unwrap_or_default(),
            instruction: instruction.into(),
            text: text.into(),
            ..Instruction::default()
        };
        self.build.steps.push(Step {
            what: what.into(),
            kind: if kept { StepKind::Counted } else { StepKind::Metadata },
            outcome,
            header,
            verdict,
            key,
            ..Step::default()
        });
    }

    fn extracted(&mut self, quote: Quote) {
        if let Some(step) = self.build.steps.last_mut() {
            step.outcome = Outcome::Hit;
            step.verdict.get_or_insert(quote);
        }
    }

    fn stores(&mut self, reference: String, quote: Quote) {
        let repo = Text::from(repository(&reference));
        if !self.build.exports.iter().any(|e| e.reference.as_ref() == Some(&repo)) {
            self.build.exports.push(transfer(repo, quote));
        }
        self.storing.insert(reference);
    }

    /// `failed to push to destination REPO:KEY: …`: of several layers the first error is printed.
    fn not_stored(&mut self, error: String, quote: Quote) {
        let fits = |t: &&mut Transfer| t.reference.as_ref().is_some_and(|r| error.contains(&**r));
        let at = self.build.exports.iter_mut().find(fits);
        if let Some(export) = at {
            (export.error, export.ended, export.verdict) = (Some(error.into()), true, Some(quote));
        }
    }

    fn pushes(&mut self, image: String, clock: &[u8]) {
        if self.storing.contains(&image) {
            return;
        }
        self.tick(clock);
        self.since = None;
        self.last_push = true;
        self.build.images.push(image.into());
    }

    fn pushed(&mut self, image: &str, quote: Quote) {
        let repo = image.split('@').next().unwrap_or(image);
        let export = self.build.exports.iter_mut().find(|e| e.reference.as_deref() == Some(repo) && e.error.is_none());
        match export {
            Some(export) if !self.last_push => (export.ended, export.verdict) = (true, Some(quote)),
            _ => self.done |= self.last_push,
        }
    }

    /// Only `failed to execute command` is about the step that was begun last.
    fn failed(&mut self, quote: Quote) {
        if self.build.line == 0 {
            self.build.line = quote.line;
        }
        let step = self.build.steps.last_mut().filter(|_| quote.text.contains("failed to execute command"));
        if let Some(step) = step {
            step.outcome = Outcome::Failed;
            step.verdict = Some(quote.clone());
        }
        self.build.errors.push(quote);
    }

    /// A step lasts until the next begins.
    fn tick(&mut self, clock: &[u8]) {
        let now = seconds(clock);
        if let (Some(step), Some(since), Some(now)) = (self.build.steps.last_mut(), self.since, now) {
            step.seconds = Some((now - since).max(0.0));
        }
        self.since = now;
    }
}

/// Says something of a command: the stage that began has no line of its own.
fn is_of_stage(says: &Says) -> bool {
    matches!(says, Says::Lookup(_) | Says::Cached(_) | Says::NotCached(_) | Says::Step(_) | Says::Extracting)
}

fn transfer(repo: Text, header: Quote) -> Transfer {
    Transfer { reference: Some(repo), kind: CacheKind::Registry, header, ..Transfer::default() }
}

/// `registry:5000/team/app/cache` of `registry:5000/team/app/cache:4606…`
fn repository(reference: &str) -> &str {
    reference.rsplit_once(':').map_or(reference, |(repo, _)| repo)
}

/// `0003`, or a time stamp.
fn seconds(clock: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(clock).ok()?;
    text.parse().ok().or_else(|| {
        let millis = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
        Some(std::time::Duration::from_millis(u64::try_from(millis).ok()?).as_secs_f64())
    })
}

/// The text and JSON forms escape as JSON does (Go's `%q` where nothing odd is in it).
fn unescape(bytes: &[u8], escaped: bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    if !escaped || !text.contains('\\') {
        return text.into_owned();
    }
    serde_json::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| text.into_owned())
}

/// Positions, and no stage name where there is one stage, as `BuildKit` has it.
fn number(build: &mut Build) {
    let lone = build.bases.len() == 1;
    for i in 0..build.bases.len() {
        let Some(stage) = build.bases.get(i).map(|b| b.stage.clone()) else { continue };
        let of = build.steps.iter().filter(|s| s.stage == stage).count();
        for (position, step) in (1u32..).zip(build.steps.iter_mut().filter(|s| s.stage == stage)) {
            (step.position, step.of) = (position, u32::try_from(of).unwrap_or(u32::MAX));
        }
    }
    if lone {
        build.bases.iter_mut().for_each(|b| b.stage = Text::default());
        build.steps.iter_mut().for_each(|s| s.stage = Text::default());
    }
}

/// kaniko stores RUN, and COPY and ADD with `--cache-copy-layers` only: there some COPY is looked up.
fn mark_uncached(steps: &mut [Step]) {
    let looked_up = steps.iter().any(|s| s.key.is_some() && matches!(s.instruction.as_str(), "COPY" | "ADD"));
    for step in steps.iter_mut().filter(|s| s.kind == StepKind::Counted) {
        let stored = step.instruction == "RUN" || (looked_up && step.instruction != "WORKDIR");
        if !stored {
            step.kind = StepKind::Uncached;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::assemble::testing::build;

    const LOG: &str = "\
INFO[0000] Resolved base name golang:1 to build
INFO[0000] Building stage 'golang:1' [idx: '0', base-idx: '-1']
INFO[0000] Checking for cached layer r/app/cache:aa...
INFO[0000] Using caching version of cmd: RUN a
INFO[0000] Checking for cached layer r/app/cache:bb...
INFO[0000] No cached layer found for cmd RUN b
INFO[0000] RUN a
INFO[0000] Found cached layer, extracting to filesystem
INFO[0000] COPY . .
INFO[0001] RUN b
INFO[0004] RUN c
INFO[0006] Building stage 'alpine:3' [idx: '1', base-idx: '-1']
INFO[0006] COPY --from=build /a /a
INFO[0006] Pushing layer r/app/cache:bb to cache now
INFO[0006] Pushing image to r/app/cache:bb";

    #[test]
    fn lookups_come_first_and_stop_at_the_first_miss() {
        let build = build(LOG);
        let steps: Vec<_> = build.steps.iter().map(|s| (s.stage.as_str(), s.text.as_str(), s.outcome)).collect();
        assert_eq!(
            steps,
            [
                ("build", "RUN a", Outcome::Hit),
                ("build", "COPY . .", Outcome::Miss),
                ("build", "RUN b", Outcome::Miss),
                ("build", "RUN c", Outcome::Miss),
                ("stage-1", "COPY --from=build /a /a", Outcome::Miss),
            ]
        );
        assert_eq!((build.hits(), build.total()), (1, 3), "a COPY that is never stored is not counted");
        assert_eq!(build.steps[0].key.as_deref(), Some("aa"));
        assert_eq!(build.steps[2].seconds, Some(3.0));
        assert!(build.imports[0].ok() && build.imports[0].reference.as_deref() == Some("r/app/cache"));
        assert!(!build.exports[0].ended, "a push that no line ends was interrupted");
        assert_eq!(build.outcome, BuildOutcome::Unknown);
    }

    #[test]
    fn stages_of_old_versions_have_no_line() {
        let old = LOG.replace(
            "INFO[0000] Building stage 'golang:1' [idx: '0', base-idx: '-1']",
            "\
INFO[0000] Retrieving image manifest golang:1
INFO[0000] Executing 0 build triggers",
        );
        let old = old.replace(
            "INFO[0006] Building stage 'alpine:3' [idx: '1', base-idx: '-1']",
            "\
INFO[0006] Retrieving image manifest alpine:3
INFO[0006] Executing 0 build triggers
INFO[0006] Unpacking rootfs as cmd COPY --from=build /a /a requires it.",
        );
        let (old, new) = (build(&old), build(LOG));
        let steps =
            |b: &Build| b.steps.iter().map(|s| (s.stage.clone(), s.text.clone(), s.outcome)).collect::<Vec<_>>();
        assert_eq!(steps(&old), steps(&new));
        let bases = |b: &Build| b.bases.iter().map(|b| (b.stage.clone(), b.image.clone())).collect::<Vec<_>>();
        assert_eq!(bases(&old), bases(&new));
    }

    #[test]
    fn a_log_may_begin_inside_a_stage() {
        let cut: Vec<&str> = LOG.lines().skip(2).collect();
        let build = build(&cut.join("\n"));
        let first: Vec<_> = build.steps.iter().map(|s| (s.text.as_str(), s.outcome)).take(3).collect();
        assert_eq!(first, [("RUN a", Outcome::Hit), ("COPY . .", Outcome::Miss), ("RUN b", Outcome::Miss)]);
    }

    #[test]
    fn a_refused_push_is_an_export_error_in_a_good_build() {
        let end = "WARN[0007] Error uploading layer to cache: failed to push to destination r/app/cache:bb: 401\n\
                   INFO[0007] Pushing image to r/app:1\nINFO[0008] Pushed r/app@sha256:00";
        let build = build(&format!("{LOG}\n{end}"));
        assert!(build.exports[0].error.is_some());
        assert_eq!((build.outcome, build.images), (BuildOutcome::Succeeded, vec!["r/app:1".into()]));
    }
}
