//! What is kept of a build: a run as one line of JSON, and back.
//!
//! A record reads as the run it was made of, so that rules look at runs of today and of last week
//! alike. What is left out: values of build arguments (`arguments.rs`), secrets
//! (`render/redact.rs`), and all of the log that no rule may quote.

mod facts;
mod names;
mod read;
mod wire;
mod write;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use self::read::RunReader;
use self::write::Writer;
use super::Identity;
use super::arguments::{Arguments, hidden_argument};
use crate::finding::Finding;
use crate::model::{Run, Text};

pub use self::facts::Facts;
pub use self::wire::{Found, Record};

/// The version of the format that is written, and the newest that is read.
pub const VERSION: u32 = 1;

/// Why a line is no record.
#[derive(Debug, thiserror::Error)]
pub enum NoRecord {
    /// A newer program wrote it.
    #[error(
        "is a record of version {0}, written by a newer cachediag; this one knows up to {VERSION}"
    )]
    Newer(u64),
    /// It is something else.
    #[error("is not a record: {0}")]
    Other(#[from] serde_json::Error),
}

impl Record {
    /// Of a run that was just read. `index` is its number among the runs of its log.
    pub(super) fn of(run: &Run, index: usize, identity: Identity, recorded: DateTime<Utc>) -> Self {
        let arguments = Arguments::of([run]);
        let writer = Writer {
            text: &|text| arguments.hidden(text),
            line: &|text| arguments.command(text),
            argument: &hidden_argument,
        };
        let id = id(run, index, &identity);
        let tool = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            version: VERSION,
            id,
            recorded,
            tool,
            identity,
            run: writer.run(run),
            findings: Vec::new(),
        }
    }

    /// Reads one line.
    ///
    /// # Errors
    /// Where it is no record, or one of a version that is not known.
    pub fn parse(line: &str) -> Result<Self, NoRecord> {
        #[derive(serde::Deserialize)]
        struct Head {
            version: u64,
        }
        let head: Head = serde_json::from_str(line)?;
        if head.version > u64::from(VERSION) {
            return Err(NoRecord::Newer(head.version));
        }
        let mut record: Self = serde_json::from_str(line)?;
        if record.id.is_empty() {
            record.id = hex(&Sha256::digest(line));
        }
        Ok(record)
    }

    /// The line as a table holds it, where the name has a column of its own: it is the one part
    /// that cannot be compressed, and a quarter of what a build takes.
    fn to_line_beside_id(&self) -> String {
        self.to_line().replacen(&format!("\"id\":\"{}\",", self.id), "", 1)
    }

    /// As one line, without a line break.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Cannot fail: keys are strings, and numbers were read from text.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The run as rules see it, with the values of arguments that the logs at hand know as well.
    pub(super) fn to_run(&self, arguments: &Arguments) -> Run {
        RunReader { text: &|text| arguments.recalled(text) }.run(&self.run)
    }

    /// Remembers what was found; a title names what is in the log.
    pub(super) fn found(&mut self, findings: &[Finding], arguments: &Arguments) {
        self.findings = findings.iter().map(|finding| found(finding, arguments)).collect();
    }

    /// When it was built, as far as the log tells, else when it was recorded.
    #[must_use]
    pub fn time(&self) -> DateTime<Utc> {
        self.run.started.unwrap_or(self.recorded)
    }

    /// The job within its pipeline: what it is called, else the folder of its log, as series are
    /// told apart without names.
    pub(super) fn job(&self) -> String {
        let named = self.identity.name();
        let folder = self.run.source.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
        if named.trim().is_empty() { format!("\n{folder}") } else { named }
    }

    /// The branch: what the log says, else what the CI said.
    pub(super) fn branch(&self) -> Option<&str> {
        self.run.branch.as_deref().or(self.identity.branch.as_deref())
    }

    /// Name of the log.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.run.source
    }
}

/// The run as a record of it reads, but with the values of its arguments: what is compared with
/// records must have lost what they lost.
pub(super) fn as_recorded(run: &Run, arguments: &Arguments) -> Run {
    let show = |text: &str| arguments.shown(text);
    let shown = Writer { text: &show, line: &show, argument: &show }.run(run);
    let read = RunReader { text: &str::to_owned }.run(&shown);
    Run { label: run.label.clone(), digest: run.digest, problems: run.problems.clone(), ..read }
}

/// The same log is the same record, but for another run of the CI: a build that took everything
/// from the cache can say the same, byte by byte, as the one before.
fn id(run: &Run, index: usize, identity: &Identity) -> String {
    let mut hash = Sha256::new();
    hash.update(run.digest.unwrap_or_default());
    hash.update(index.to_le_bytes());
    hash.update(identity.of_run());
    hex(&hash.finalize())
}

/// A finding as it is remembered.
fn found(finding: &Finding, arguments: &Arguments) -> Found {
    let names: Vec<String> = finding.fingerprints().collect();
    Found {
        rule: finding.rule.to_owned(),
        fingerprint: finding.fingerprint(),
        fingerprints: if names.len() > 1 { names } else { Vec::new() },
        title: arguments.hidden(&finding.title),
    }
}

/// The name that a hash gives.
fn hex(hash: &[u8]) -> String {
    hash.iter().take(16).fold(String::with_capacity(32), |hex, byte| hex + &format!("{byte:02x}"))
}

/// What tells a run of the past apart for people: `run 4711`, `run 4711.2`, else its time.
pub(super) fn name(record: &Record) -> Text {
    let identity = &record.identity;
    let attempt = identity
        .attempt
        .as_ref()
        .filter(|attempt| !matches!(attempt.as_str(), "0" | "1") && attempt.len() < 4);
    Text::new(&match (&identity.run, attempt) {
        (Some(run), Some(attempt)) => format!("run {run}.{attempt}"),
        (Some(run), None) => format!("run {run}"),
        (None, _) => record.time().format("%Y-%m-%d %H:%M:%S").to_string(),
    })
}

#[cfg(test)]
mod tests;
