//! What a rule says: one cause, the lines that prove it, and a fix.
//!
//! Plain data. Knows nothing of how rules find it or how it is printed.

mod alternative;
mod fingerprint;

use std::collections::{BTreeSet, HashSet};

use crate::config::Splice;
use crate::model::{Build, Quote, Run};

pub use self::alternative::{Alternative, Standing, not_ruled_out, ruled_out, to_decide};
pub use crate::series::Confidence;

/// How bad it is: an `Error` defeats the cache, a `Warning` costs, a `Note` is worth knowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is wrong, or not enough is known.
    Note,
    /// The cache helps less than it could.
    Warning,
    /// The cache is defeated.
    Error,
}

/// The text with a capital letter, as a sentence begins.
#[must_use]
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// One quoted line of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Name of the source as the user gave it.
    pub source: String,
    /// 1-based line number.
    pub line: u64,
    /// The line without its CI prefix, not yet escaped.
    pub text: String,
    /// What the line shows, in the words of a reader who does not know `BuildKit`; may be empty.
    pub shows: String,
}

/// A place in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// Name of the source as the user gave it.
    pub source: String,
    /// 1-based line number.
    pub line: u64,
}

impl LogPlace {
    /// Where a build begins; targets of one bake begin in one line, so at the first step of each
    /// that is printed as its own.
    #[must_use]
    pub fn of(run: &Run, build: &Build) -> Self {
        let own = build.steps.iter().find(|step| build.prints(step));
        let line = match own.or_else(|| build.steps.first()) {
            Some(step) if build.target.is_some() => step.header.line,
            _ => build.line,
        };
        Self { source: run.source.to_string(), line }
    }
}

/// Evidence that cannot be empty, by type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    first: Evidence,
    rest: Vec<Evidence>,
    /// Builds that show the same: a few are quoted, all of them are counted.
    builds: Vec<LogPlace>,
    /// What the builds are called that show it, sorted.
    names: Vec<String>,
    /// How many lines each event has, where several show one; they come before all others.
    events: Vec<usize>,
}

impl Proof {
    /// Starts with the line that shows it best.
    #[must_use]
    pub fn new(first: Evidence) -> Self {
        Self { first, rest: Vec::new(), builds: Vec::new(), names: Vec::new(), events: Vec::new() }
    }

    /// From a list in the order of reading; `None` where the list is empty.
    #[must_use]
    pub fn from_lines(lines: Vec<Evidence>) -> Option<Self> {
        let mut lines = lines.into_iter();
        let first = lines.next()?;
        Some(Self { rest: lines.collect(), ..Self::new(first) })
    }

    /// From events that it takes several lines to show, be they of several logs: those of one stay
    /// together, in the order given. `None` where there is no line.
    #[must_use]
    pub fn from_events(events: Vec<Vec<Evidence>>) -> Option<Self> {
        let lengths = events.iter().map(Vec::len).collect();
        let proof = Self::from_lines(events.into_iter().flatten().collect())?;
        Some(Self { events: lengths, ..proof })
    }

    /// All lines, in the order given: those of one event together, each other one by itself.
    #[must_use]
    pub fn events(&self) -> Vec<Vec<&Evidence>> {
        let mut lines = self.iter();
        let mut events: Vec<Vec<&Evidence>> =
            self.events.iter().map(|length| lines.by_ref().take(*length).collect()).collect();
        events.extend(lines.map(|line| vec![line]));
        events
    }

    /// One more line.
    pub fn push(&mut self, line: Evidence) {
        if !self.iter().any(|e| e.source == line.source && e.line == line.line) {
            self.rest.push(line);
        }
    }

    /// It happened in these builds, whether or not they are quoted.
    #[must_use]
    pub fn seen_in(mut self, builds: impl IntoIterator<Item = LogPlace>) -> Self {
        self.builds.extend(builds);
        self
    }

    /// The builds in which it happened as well.
    #[must_use]
    pub fn builds(&self) -> &[LogPlace] {
        &self.builds
    }

    /// The builds that show it are called so, from run to run.
    pub fn name(&mut self, names: BTreeSet<String>) {
        self.names = names.into_iter().collect();
    }

    /// What the builds are called that show it; none where it is not seen in a build.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Source and line of all that shows it, the lines that are quoted before the others.
    pub fn places(&self) -> impl Iterator<Item = (&str, u64)> {
        let quoted = self.iter().map(|line| (line.source.as_str(), line.line));
        quoted.chain(self.builds.iter().map(|place| (place.source.as_str(), place.line)))
    }

    /// All lines, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &Evidence> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The line that shows it best.
    #[must_use]
    pub fn first(&self) -> &Evidence {
        &self.first
    }
}

impl Extend<Evidence> for Proof {
    /// As [`Proof::push`] of each; of many lines none is compared with all others.
    fn extend<T: IntoIterator<Item = Evidence>>(&mut self, lines: T) {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_none() {
            return;
        }
        let mut known: HashSet<(String, u64)> =
            self.iter().map(|e| (e.source.clone(), e.line)).collect();
        self.rest.extend(lines.filter(|line| known.insert((line.source.clone(), line.line))));
    }
}

/// A change to one file, ready for `git apply`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file as the user named it.
    pub path: String,
    /// Unified diff.
    pub diff: String,
    /// What of it is written otherwise.
    pub change: Splice,
    /// It cannot change the image that is built: cache options and names of references only.
    pub safe: bool,
    /// Jobs in which it makes a builder: one is enough for each.
    pub builders: Vec<String>,
}

/// How to mend it, written for what was found in the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fix {
    /// One sentence.
    pub summary: String,
    /// What to do, in order; alternatives say so.
    pub steps: Vec<String>,
    /// Text to paste.
    pub snippet: Option<String>,
    /// Corrected files, where the configuration was read.
    pub edits: Vec<Edit>,
    /// What the fix costs; empty where it costs nothing.
    pub cost: String,
    /// Lines of the configuration that it concerns, whether they can be corrected or not.
    pub places: Vec<Evidence>,
}

impl Fix {
    /// The text to paste. A patch says all that it says, at its place.
    #[must_use]
    pub fn to_paste(&self) -> Option<&str> {
        if self.edits.is_empty() { self.snippet.as_deref() } else { None }
    }
}

/// What the cause cost in the input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Impact {
    /// Steps that ran again, over all runs.
    pub steps: usize,
    /// Seconds they took: an upper bound where steps ran side by side and the log does not tell
    /// when.
    pub seconds: f64,
    /// Runs in which that happened.
    pub runs: usize,
}

/// One root cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Id of the rule, as in `cachediag rules`.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One line, says the defect.
    pub title: String,
    /// Why it happens, in plain words.
    pub cause: String,
    /// The lines that prove it.
    pub evidence: Proof,
    /// How to mend it.
    pub fix: Fix,
    /// What it cost.
    pub impact: Impact,
    /// What else it could have been: what is ruled out, what is not, and what would decide it.
    pub rules_out: Vec<Alternative>,
    /// What it is about (a cache, a reference, a stage): the same cause seen twice has the same
    /// subject.
    pub subject: String,
}

impl Evidence {
    /// Quotes a line kept by the model.
    #[must_use]
    pub fn of(source: &str, quote: &Quote, shows: impl Into<String>) -> Self {
        Self {
            source: source.to_owned(),
            line: quote.line,
            text: quote.text.to_string(),
            shows: shows.into(),
        }
    }
}
