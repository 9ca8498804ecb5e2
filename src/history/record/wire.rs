//! The structs of one record: what is documented here is documented for readers of exports.
//!
//! Fields are only ever added within a version; a removed or renamed one is a new version.

mod build;
mod command;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::names;
use crate::history::Identity;
use crate::model;

pub(super) use self::build::{Amount, Base, Build, Digests, Input, Part, Ran, Step, Transfer};
pub(super) use self::command::{Command, KeyOption};

/// What is kept of one build log: one line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(title = "cachediag history record, version 1")
)]
pub struct Record {
    /// Version of the format. Within a version fields are only ever added.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    pub version: u32,
    /// Name of the record: 32 hex digits, made of the log's bytes and of the run of the CI that
    /// wrote them. Not there where a table holds it beside the record; one that is read alone is
    /// named after its own text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// When it was recorded.
    #[cfg_attr(test, schemars(with = "String"))]
    pub recorded: DateTime<Utc>,
    /// Version of cachediag that wrote it.
    pub tool: String,
    /// Which job of which pipeline it was, as far as anybody said.
    #[serde(default, skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    /// What the log says, without values of arguments and without secrets.
    pub(super) run: Run,
    /// What was found, with the runs known then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Found>,
}

/// A finding of that time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Found {
    /// Id of the rule.
    pub rule: String,
    /// Name of the finding, the same from run to run.
    pub fingerprint: String,
    /// Its names in each of its builds, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fingerprints: Vec<String>,
    /// One line, says the defect.
    pub title: String,
}

impl Found {
    /// All its names.
    pub(in crate::history) fn names(&self) -> impl Iterator<Item = &str> {
        let of_builds = self.fingerprints.iter().filter(|name| **name != self.fingerprint);
        std::iter::once(&self.fingerprint).chain(of_builds).map(String::as_str)
    }
}

/// A line of the log: its number, and its text without the CI's prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Quote(pub u64, pub String);

/// A line of what a header begins: its distance from the header's, and its text. A verdict that
/// repeats the number of the header and the seconds, `#9 DONE 0.4s`, has an empty one: a table of
/// many builds is half the size, since what differs from build to build is said once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Below(pub i64, pub String);

impl Below {
    /// This line as it is kept below its header.
    pub(super) fn of(quote: Quote, header: &Quote, seconds: Option<f64>) -> Self {
        let Quote(line, text) = quote;
        let repeats = header.done(seconds).is_some_and(|done| done == text);
        Self(line.wrapping_sub(header.0).cast_signed(), if repeats { String::new() } else { text })
    }

    /// The line that it was made of.
    pub(super) fn quote(&self, header: &Quote, seconds: Option<f64>) -> Quote {
        let line = header.0.wrapping_add_signed(self.0);
        let text = if self.1.is_empty() {
            header.done(seconds).unwrap_or_default()
        } else {
            self.1.clone()
        };
        Quote(line, text)
    }
}

impl Quote {
    /// The line of `BuildKit` that ends what this header begins.
    fn done(&self, seconds: Option<f64>) -> Option<String> {
        let (vertex, _) = self.1.split_once(' ')?;
        Some(format!("{vertex} DONE {:.1}s", seconds?))
    }
}

/// What one log, or one job of a log, says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub(super) struct Run {
    /// Name of the log as it was given.
    pub source: String,
    /// System whose log it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci: Option<String>,
    /// Job, where the log names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Commit, where the log names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Branch, where the log names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// First time stamp of the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub started: Option<DateTime<Utc>>,
    /// Number of lines.
    pub lines: u64,
    /// Builds in the order they appear.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub builds: Vec<Build>,
    /// What the CI did with its own caches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ci_caches: Vec<CiCache>,
    /// Images that were fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pulls: Vec<NamedImage>,
    /// Images that could not be fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unpulled: Vec<NamedImage>,
    /// Images that were loaded from archives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loads: Vec<NamedImage>,
    /// Images that commands of the job fetched, whatever they printed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fetched: Vec<NamedImage>,
    /// Names that images were given after they were built.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<NamedImage>,
    /// Command lines that build, read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
    /// Lines that deleted steps of the builder's cache.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prunes: Vec<Quote>,
    /// What plugins of the CI say of themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// One operation of the CI's own cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CiCache {
    /// Name or key as printed.
    pub name: String,
    /// Direction.
    #[serde(with = "names::CacheOperation")]
    pub operation: model::CacheOperation,
    /// How it ended.
    #[serde(with = "names::CacheOutcome")]
    pub outcome: model::CacheOutcome,
    /// Why it went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Key it was restored from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<String>,
    /// The line that says so.
    pub quote: Quote,
}

/// Why a cache was not restored or saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Reason(#[serde(with = "names::CacheReason")] pub model::CacheReason);

/// An image that dockerd was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct NamedImage {
    /// Reference as printed.
    pub image: String,
    /// The line that says so.
    pub quote: Quote,
}

/// Something a plugin says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Note {
    /// Which statement.
    #[serde(with = "names::NoteKind")]
    pub kind: model::NoteKind,
    /// The value in it.
    pub value: String,
    /// The line that says so.
    pub quote: Quote,
}
