//! What happened, as owned data: runs, builds, steps, imports, exports, CI caches, command lines.
//!
//! The border between borrowed lines and owned values. Knows neither CI systems nor builders by
//! name beyond what they left in the log; judges nothing.

mod assemble;
mod build;
mod cache_error;
mod command;
mod image;
mod key;
mod no_cache;
mod operation;
mod platforms;
pub(crate) mod secret_name;
mod shared;
mod step;
mod stepname;
mod text;
mod transfer;

pub(crate) use assemble::borrowed_text;
pub use assemble::{
    Interest, LogReader, StatusEntry, VertexGroup, VertexLog, VertexState, VertexStatus,
};
pub use build::{Amount, Base, Build, BuildOutcome, Dialect, Engine, FinalStep};
pub use cache_error::{
    About, cache_error, configured, is_broken_off, is_cut_short, is_gone, is_of_layer, is_of_record,
};
pub(crate) use command::ImageCommand;
pub use command::{
    Asked, CacheSpec, Command, Deletes, KeyOption, Tool, asks_inline, balanced, is_proxy,
    shell_words,
};
pub use image::{ImageRef, is_masked, may_be_one, readable, repository_and_tag};
pub use key::{Digest, EvidenceKind, KeyInput, Part, StepKey};
pub use no_cache::NoCache;
pub use operation::{Copying, Mount, Operation, differ_in_cache_ids};
pub use shared::{Recent, Shared};
pub use step::{Instruction, Outcome, Step, StepKind, Trace, elapsed};
pub use stepname::{StepName, parse_step_name};
pub use text::Text;
pub(crate) use text::lossy;
pub use transfer::{CacheKind, Found, Transfer};

use chrono::{DateTime, Utc};
use thin_vec::ThinVec;

pub use crate::envelope::{CacheOperation, CacheOutcome, CacheReason, NoteKind};

/// A list that most runs and builds have nothing in: one word wide, and there are tens of
/// thousands.
pub type Few<T> = ThinVec<T>;

/// A line kept to be quoted: its text is without CI prefix and colour, otherwise as printed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Quote {
    /// 1-based line number in the source.
    pub line: u64,
    /// The line.
    pub text: Text,
}

impl Quote {
    /// Longest text that is kept.
    const MAX: usize = 4096;

    /// Keeps a line; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn new(line: u64, text: &[u8]) -> Self {
        let text = text.get(..Self::MAX).unwrap_or(text);
        Self { line, text: Text::of_log(text) }
    }
}

/// One log, or one job of a log that holds several.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Name of the source as the user gave it.
    pub source: Text,
    /// Short name for tables: file name without extension, or the job.
    pub label: Text,
    /// CI system (`github-actions`, `gitlab`, `bitbucket`, `buildkite`), `None` where none showed.
    pub ci: Option<&'static str>,
    /// Job name, where the log prints it.
    pub job: Option<Text>,
    /// Commit, where the log prints it.
    pub commit: Option<Text>,
    /// Branch, where the log prints it.
    pub branch: Option<Text>,
    /// First time stamp of the log.
    pub started: Option<DateTime<Utc>>,
    /// Number of lines read.
    pub lines: u64,
    /// Builds in the order they appear.
    pub builds: Vec<Build>,
    /// What the CI system did with its own caches.
    pub ci_caches: Few<CiCache>,
    /// Images fetched by `docker pull`, or by the classic builder for a FROM.
    pub pulls: Few<NamedImage>,
    /// Images that `docker pull` did not get; unnamed where only the line's URL tells them.
    pub unpulled: Few<NamedImage>,
    /// Images brought in by `docker load`.
    pub loads: Few<NamedImage>,
    /// Images that commands of the job fetch, whatever they print: `docker pull -q`.
    pub fetched: Few<NamedImage>,
    /// Names that commands of the job give to images that are built, or push: `docker tag`.
    pub named: Few<NamedImage>,
    /// Command lines that say how images are built.
    pub commands: Vec<Command>,
    /// Lines that delete what the builders of the run keep, in their order.
    pub prunes: Few<Quote>,
    /// What the CI says of itself: plugins in use, sections, build steps.
    pub notes: Few<CiNote>,
    /// What could not be read.
    pub problems: Few<Problem>,
    /// The first bytes of the SHA-256 of the log, where runs are remembered.
    pub digest: Option<[u8; 16]>,
    /// It was read by an earlier call, and remembered.
    pub earlier: Option<Box<Earlier>>,
}

/// Where a run of the past comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// What tells it apart, for people: the number of the CI's run, else its time.
    pub name: Text,
    /// When it was recorded.
    pub recorded: DateTime<Utc>,
    /// It is of a job whose log was just read, not of one beside it.
    pub own: bool,
}

impl Run {
    /// No log tells of it: it was made of an exported cache or of an attestation.
    #[must_use]
    pub fn is_of_files(&self) -> bool {
        let of_file = |build: &Build| build.headless && !build.told.is_empty();
        self.lines == 1 && !self.builds.is_empty() && self.builds.iter().all(of_file)
    }

    /// Keeps commands to which nothing will be added. What they ask for is shared with earlier ones
    /// at once: a log may hold thousands.
    pub(crate) fn asked_by(&mut self, commands: impl IntoIterator<Item = Command>) {
        self.commands.extend(commands.into_iter().map(Command::settled));
    }

    /// Nothing will be added any more: gives spare room back and finds the command lines of each
    /// build.
    pub(crate) fn settle(&mut self) {
        let made: Vec<(usize, usize)> = self.builds.iter().map(|build| self.made(build)).collect();
        self.builds.iter_mut().zip(made).for_each(|(build, made)| build.commands = made);
        self.share_platforms();
        self.builds.shrink_to_fit();
        self.commands.shrink_to_fit();
        self.ci_caches.shrink_to_fit();
        self.notes.shrink_to_fit();
    }

    /// The machine that it ran on, where the CI names one and does not make it for the job.
    #[must_use]
    pub fn machine(&self) -> Option<&str> {
        let is_new = |note: &CiNote| note.kind == NoteKind::NewMachine;
        if self.notes.iter().any(is_new) {
            return None;
        }
        let machines = self.notes.iter().filter(|note| note.kind == NoteKind::Machine);
        let mut names = machines.map(|note| note.value.as_str());
        let first = names.next()?;
        names.all(|name| name == first).then_some(first)
    }

    /// Steps that a build for several platforms makes once belong to none of them.
    fn share_platforms(&mut self) {
        let mut builds = std::mem::take(&mut self.builds);
        for build in &mut builds {
            let commands = self.commands_of(build);
            build.share_platforms(commands);
        }
        self.builds = builds;
    }

    /// Command lines that made a build: those since the build before it. Where there are none, one
    /// command made several builds (bake, compose), or it was echoed later: all command lines of
    /// the run.
    #[must_use]
    pub fn commands_of(&self, build: &Build) -> &[Command] {
        let (start, end) = build.commands;
        self.commands.get(start..end).filter(|made| !made.is_empty()).unwrap_or(&self.commands)
    }

    /// The builds of one `docker build`: the build itself, beside it the other targets of a bake.
    #[must_use]
    pub fn together(&self, build: &Build) -> &[Build] {
        let begin = self.builds.partition_point(|other| other.invocation < build.invocation);
        let end = self.builds.partition_point(|other| other.invocation <= build.invocation);
        self.builds.get(begin..end).unwrap_or_default()
    }

    /// Of thousands of builds in one log every rule asks, so it is looked for once.
    fn made(&self, build: &Build) -> (usize, usize) {
        if build.newest_first() {
            return (0, 0);
        }
        let upto = |line: u64| self.commands.partition_point(|c| c.quote.line <= line);
        let end = upto(build.line);
        let Some(last) = end.checked_sub(1).and_then(|at| self.commands.get(at)) else {
            return (0, 0);
        };
        // Those since the build that comes before the last of them.
        let before = self.builds.partition_point(|b| b.line < last.quote.line).checked_sub(1);
        let start = before.and_then(|at| self.builds.get(at)).map_or(0, |build| upto(build.line));
        (start, end)
    }
}

/// One operation of the CI system's own cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiCache {
    /// Name or key as printed: `docker: docker.tar`.
    pub name: Text,
    /// Restored or saved.
    pub operation: CacheOperation,
    /// How it ended.
    pub outcome: CacheOutcome,
    /// Why it was not restored or saved, where the CI says it.
    pub reason: Option<CacheReason>,
    /// The key it was restored from, where that is not the one asked for.
    pub restored: Option<Text>,
    /// The line that says so.
    pub quote: Quote,
}

/// An image that dockerd fetched, found that it has, or was given; or a name of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedImage {
    /// Reference as printed.
    pub image: Text,
    /// The line that says so.
    pub quote: Quote,
}

/// Something a CI system or its plugin says of itself that rules may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiNote {
    /// Which statement.
    pub kind: NoteKind,
    /// The value in it: an image, a service, a version.
    pub value: Text,
    /// The line that says so.
    pub quote: Quote,
}

/// What could not be read, with where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the source.
    pub source: String,
    /// 1-based line, where one line is to blame.
    pub line: Option<u64>,
    /// What happened.
    pub message: String,
}
