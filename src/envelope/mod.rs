//! What a CI system puts around a line, and what it says of itself.
//!
//! [`Envelope::decode`] and [`Envelope::mark`] are pure functions of one line: all state lives in
//! the assembler. Knows no builder. To add a CI: one new file, its `mod` line and its row in
//! [`ENVELOPES`].

mod act;
mod ansi;
mod argo;
mod azure;
mod bamboo;
mod bitbucket;
mod builder_line;
mod buildkite;
mod buildkite_cache;
mod cache_reason;
mod circleci;
mod clock;
mod cloud_logging;
mod cloudbuild;
mod codebuild;
mod compose;
mod cri;
mod devcontainer;
mod drone;
mod drone_cache;
mod drone_json;
mod echo;
mod gh;
mod github;
mod github_cache;
mod gitlab;
mod gitlab_cache;
mod grams;
mod gutter;
mod head;
mod html;
mod indent;
mod iso;
mod jenkins;
mod jenkins_branch;
mod json_file;
mod json_message;
mod json_strings;
mod kamal;
mod kubectl;
mod label;
mod level;
mod mark;
mod maven;
mod out;
mod page;
mod pasted;
mod powershell;
mod quoted;
mod remote;
mod stack;
mod stamp;
mod stern;
mod stream;
mod stream_text;
mod syslog;
mod task;
mod teamcity;
mod teamcity_message;
mod tekton;
mod terminal;
mod terraform;
mod tilt;
mod travis;
mod unknown;
mod woodpecker;
mod wrap;

use std::borrow::Cow;

pub use ansi::clean;
pub use builder_line::behind;
pub use cache_reason::{CacheReason, cache_reason};
pub use head::{Head, NUMBERED};
pub use mark::{CacheOperation, CacheOutcome, Mark, NoteKind};
pub use stack::Stack;

/// A line without its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Peeled<'a> {
    /// What the command printed.
    pub text: &'a [u8],
    /// Time stamp as printed.
    pub stamp: Option<Stamp<'a>>,
    /// Job or stream, where every line names it.
    pub job: Option<&'a [u8]>,
    /// The text goes on where the line before ended.
    pub append: bool,
    /// The next line goes on where this one ends.
    pub open: bool,
}

impl<'a> Peeled<'a> {
    /// A line whose prefix names the job and nothing else, split into both; `None` has no prefix.
    fn of_job(line: &'a [u8], split: Option<(&'a [u8], &'a [u8])>) -> Self {
        let (job, text) = split.map_or((None, line), |(job, text)| (Some(job), text));
        Self { text, job, ..Self::default() }
    }
}

/// A time stamp that nobody has decoded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp<'a> {
    /// `2026-05-04T09:00:00.123Z`.
    Rfc3339(&'a [u8]),
    /// Milliseconds since 1970.
    Millis(&'a [u8]),
}

/// Words of which one is enough.
pub type Words = &'static [&'static [u8]];

/// One CI system's form of log, or one form of prefix that no CI is known by.
pub trait Envelope: Sync {
    /// Name of the form, unique.
    fn name(&self) -> &'static str;
    /// CI system, as in the report; `None` for a prefix that says nothing about it.
    fn ci(&self) -> Option<&'static str> {
        None
    }
    /// Whether a line of this form, or the header it is known by, may begin with this byte (behind
    /// escapes; [`NUMBERED`] is a line of `BuildKit`): other lines are not looked at.
    fn may_begin(&self, _first: u8) -> bool {
        true
    }
    /// Words of which a log of this form holds one at least: others are not looked at. None where
    /// no words tell it.
    fn words(&self) -> Words {
        &[]
    }
    /// Whether a log that begins with these lines has this form: header lines that only this CI
    /// prints, or its prefix on most lines.
    fn recognise(&self, head: &Head) -> bool;
    /// Whether the line is written in another alphabet (JSON, carets for escapes) and has to be
    /// unpacked before what is in it is seen. A log has one such form.
    fn packs(&self) -> bool {
        false
    }
    /// The line in plain bytes, for forms that pack; several lines where one holds several.
    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(line)
    }
    /// Takes the prefix off; a line without one is left as it is. Lines with the same prefix, but
    /// for the digits of the stamp, and with `#12 0.1` behind it are decoded alike: not all of them
    /// are asked for.
    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: line, ..Peeled::default() }
    }
    /// Whether what it calls a job keeps its name from run to run. Streams (pods, containers,
    /// steps) are only worth naming where a log has several.
    fn names_jobs(&self) -> bool {
        false
    }
    /// What the CI itself says in a line (without prefix and colour).
    fn mark<'a>(&self, _text: &'a [u8]) -> Option<Mark<'a>> {
        None
    }
}

/// All forms: what packs a line, prefixes no user prints, the CI systems, and last the stamps that
/// many of those contain.
pub static ENVELOPES: &[&dyn Envelope] = &[
    &json_file::JsonFile,
    &drone_json::DroneJson,
    &cloud_logging::CloudLogging,
    &teamcity_message::TeamcityMessage,
    &stream::Stream,
    &html::Html,
    &json_message::JsonMessage,
    &json_strings::JsonStrings,
    &pasted::Pasted,
    &page::Page,
    &kubectl::Kubectl,
    &stern::Stern,
    &cri::Cri,
    &gutter::Gutter,
    &powershell::Powershell,
    &compose::Compose,
    &syslog::Syslog,
    &kamal::Kamal,
    &terraform::Terraform,
    &tilt::Tilt,
    &devcontainer::Devcontainer,
    &remote::Remote,
    &out::Out,
    &gh::Gh,
    &act::Act,
    &azure::Azure,
    &github::Github,
    &gitlab::Gitlab,
    &buildkite::Buildkite,
    &bitbucket::Bitbucket,
    &bamboo::Bamboo,
    &jenkins::Jenkins,
    &travis::Travis,
    &codebuild::Codebuild,
    &cloudbuild::Cloudbuild,
    &teamcity::Teamcity,
    &circleci::Circleci,
    &woodpecker::Woodpecker,
    &drone::Drone,
    &tekton::Tekton,
    &argo::Argo,
    &maven::Maven,
    &jenkins_branch::JenkinsBranch,
    &iso::Iso,
    &clock::Clock,
    &label::Label,
    &level::Level,
    &task::Task,
    &quoted::Quoted,
    &indent::Indent,
];

/// What was typed behind the prompt of a terminal.
#[must_use]
pub fn typed(line: &[u8]) -> Option<&[u8]> {
    match terminal::at_terminal(line)? {
        Mark::Command(command) => Some(command),
        _ => None,
    }
}

/// Systems whose words are so typical that they are believed where nothing else tells the CI: a
/// pasted teardown of Bitbucket has nothing but its words.
static KNOWN_BY_WORDS: &[&dyn Envelope] =
    &[&github::Github, &gitlab::Gitlab, &buildkite::Buildkite, &bitbucket::Bitbucket];

#[cfg(test)]
fn recognises(form: &impl Envelope, head: &[&[u8]]) -> bool {
    form.recognise(&Head::new(&head.join(&b'\n'), head.to_vec()))
}
