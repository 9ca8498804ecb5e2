//! The formats of a report.
//!
//! A renderer decides nothing. To add one: one new file, its `mod` line and its row in
//! [`RENDERERS`].

mod alternatives;
mod anchor;
mod bitbucket;
mod buildkite;
mod catalog;
mod comparison;
mod concise;
mod csv;
mod decisions;
pub mod escape;
mod fingerprint;
mod fleet;
mod github;
mod github_summary;
mod gitlab;
mod glyphs;
mod html;
mod human;
mod ids;
mod jobs;
mod json;
mod junit;
mod markdown;
pub mod names;
mod ndjson;
mod overview;
mod page;
mod phrases;
mod proofs;
pub mod redact;
mod report;
#[cfg(test)]
pub(crate) mod samples;
mod sarif;
mod seen;
mod summary;
#[cfg(test)]
mod tests;
mod trend;
mod units;

use std::io;

pub use bitbucket::Bitbucket;
pub use buildkite::Buildkite;
pub use catalog::{explain, explain_json, rules, rules_json};
pub use comparison::{comparison, comparison_json};
pub use concise::Concise;
pub use csv::Csv;
pub use fleet::{Ended, judged, row};
pub use github::Github;
pub use github_summary::GithubSummary;
pub use gitlab::Gitlab;
pub use html::Html;
pub use human::{Human, problem_line};
pub use ids::BuildIds;
pub use json::Json;
#[cfg(test)]
pub(crate) use json::finding_of_group;
pub use junit::Junit;
pub use markdown::Markdown;
pub use ndjson::Ndjson;
pub use proofs::{explain_evidence, explain_evidence_json};
pub use report::{Against, GoneFinding, News, Report};
pub use sarif::Sarif;
pub use summary::Summary;
pub use trend::{Question, TRENDS, TrendFormat};

/// What a renderer may know of where it prints.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Whether ANSI colour may be used.
    pub color: bool,
    /// Whether it shows ASCII only. Formats that are files are UTF-8 all the same.
    pub ascii: bool,
}

/// One format.
pub trait Renderer: Sync {
    /// As given to `--format`.
    fn name(&self) -> &'static str;
    /// The whole report.
    fn render(&self, report: &Report, screen: Screen) -> String;
    /// Writes the whole report; one that grows with the number of builds is written bit by bit.
    ///
    /// # Errors
    /// Where `out` fails.
    fn write(&self, report: &Report, screen: Screen, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(self.render(report, screen).as_bytes())
    }
}

/// All formats.
pub static RENDERERS: &[&dyn Renderer] = &[
    &Human,
    &Summary,
    &Concise,
    &Json,
    &Ndjson,
    &Sarif,
    &Github,
    &GithubSummary,
    &Gitlab,
    &Bitbucket,
    &Buildkite,
    &Markdown,
    &Junit,
    &Html,
    &Csv,
];
