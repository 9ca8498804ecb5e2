//! Lines for those who judge many jobs: rows, findings of a group, and what closes them.

use std::borrow::Cow;

use serde::Serialize;

use super::seen::QuotedLogs;
use super::{Report, json, names};
use crate::triage::Verdict;

/// What closes the lines of one frame, or of one group of records.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Ended<'a> {
    /// Of one log.
    Log {
        /// Name of the frame.
        end: &'a str,
        /// Number of lines before this one that are of it.
        records: usize,
        /// What could not be read of it.
        problems: Vec<Cow<'a, str>>,
    },
    /// Of one group of records.
    Group {
        /// Key of the group.
        end: &'a str,
        /// Number of runs that were judged.
        runs: usize,
        /// Number of findings: lines before this one.
        findings: usize,
        /// All in all.
        #[cfg_attr(test, schemars(extend("enum" = ["healthy", "trouble", "too-little-to-tell", "nothing-read"])))]
        verdict: &'static str,
        /// Records that could not be read, each with the reason.
        unread: &'a [String],
    },
}

impl<'a> Ended<'a> {
    /// A group whose records were judged.
    #[must_use]
    pub fn group(key: &'a str, report: &Report, unread: &'a [String]) -> Self {
        let verdict = names::verdict(report.assessment().verdict);
        let (runs, findings) = (report.study.runs.len(), report.findings.len());
        Self::Group { end: key, runs, findings, verdict, unread }
    }

    /// A group without a record.
    #[must_use]
    pub fn empty(key: &'a str, unread: &'a [String]) -> Self {
        Self::Group {
            end: key,
            runs: 0,
            findings: 0,
            verdict: names::verdict(Verdict::NothingRead),
            unread,
        }
    }
}

/// A value as one line.
#[must_use]
pub fn row(value: &impl Serialize) -> String {
    json::line(value)
}

/// The findings of a group of records, one a line.
#[must_use]
pub fn judged(report: &Report, key: &str) -> Vec<String> {
    let seen = QuotedLogs::of(report);
    report.findings.iter().map(|finding| json::judged_line(report, finding, &seen, key)).collect()
}
