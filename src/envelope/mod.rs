//! What a CI system puts around a line, and what it says of itself.
//!
//! [`Envelope::decode`] and [`Envelope::mark`] are pure functions of one line: all state lives in
//! the assembler. Knows no builder. To add a CI: one new file, its `mod` line and its row in
//! [`ENVELOPES`].

mod ansi;
mod bitbucket;
mod buildkite;
mod echo;
mod gh;
mod github;
mod gitlab;
mod mark;
mod stack;

pub use ansi::clean;
pub use mark::{CacheOperation, CacheOutcome, Mark, NoteKind};
pub use stack::Stack;

/// A line without its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Peeled<'a> {
    /// What the command printed.
    pub text: &'a [u8],
    /// Time stamp as printed.
    pub stamp: Option<Stamp<'a>>,
    /// Job, where every line names it.
    pub job: Option<&'a [u8]>,
    /// The text goes on where the line before ended.
    pub append: bool,
}

/// A time stamp that nobody has decoded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp<'a> {
    /// `2026-05-04T09:00:00.123Z`.
    Rfc3339(&'a [u8]),
    /// Milliseconds since 1970.
    Millis(&'a [u8]),
}

/// One CI system's form of log.
pub trait Envelope: Sync {
    /// Name of the form, unique.
    fn name(&self) -> &'static str;
    /// CI system, as in the report.
    fn ci(&self) -> &'static str;
    /// Whether a log that begins with these lines has this form: header lines that only this CI
    /// prints, or its prefix on most lines.
    fn recognise(&self, head: &[&[u8]]) -> bool;
    /// Takes the prefix off; a line without one is left as it is.
    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a>;
    /// What the CI itself says in a line (without prefix and colour).
    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>>;
}

/// All forms, the most telling first.
pub static ENVELOPES: &[&dyn Envelope] =
    &[&gh::Gh, &github::Github, &gitlab::Gitlab, &buildkite::Buildkite, &bitbucket::Bitbucket];

/// Share of lines for which the test holds, at least three in five.
fn mostly(head: &[&[u8]], test: impl Fn(&[u8]) -> bool) -> bool {
    let lines = head.iter().filter(|l| !l.is_empty()).take(200);
    let (all, with) = lines.fold((0, 0), |(all, with), line| (all + 1, with + usize::from(test(line))));
    all > 0 && with * 5 >= all * 3
}
