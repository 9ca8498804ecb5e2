//! Where in a repository a finding is shown: at the line of the configuration that is to blame,
//! else in the log.

use super::{Report, escape};
use crate::config::patch::in_repository;
use crate::finding::{Evidence, Finding};

/// A line of a file, as the CI's pages show it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Path with `/`; safe to print.
    pub(super) path: String,
    /// 1-based line.
    pub(super) line: u64,
    /// The text of that line; safe to print.
    pub(super) text: String,
    /// It is a file of the repository, not a log.
    pub(super) in_repository: bool,
}

/// The line to show a finding at.
pub(super) fn of(report: &Report, finding: &Finding) -> Anchor {
    let configured = finding.evidence.iter().find(|line| is_config(report, line));
    at(report, configured.unwrap_or(finding.evidence.first()))
}

/// The place of one line.
pub(super) fn at(report: &Report, line: &Evidence) -> Anchor {
    let in_repository = is_config(report, line);
    let path = if in_repository { repository_path(&line.source) } else { log_path(&line.source) };
    Anchor { path, line: line.line, text: quoted(&line.text), in_repository }
}

/// A line of a log may have 64 KiB; one page shows thousands of them.
pub(super) fn quoted(text: &str) -> String {
    escape::shorten(&escape::line(text.trim_end()), 1000)
}

/// Path of a configuration file within its repository.
pub(super) fn repository_path(path: &str) -> String {
    escape::path(in_repository(&path.replace('\\', "/")))
}

fn log_path(source: &str) -> String {
    match source {
        "-" => "stdin".to_owned(),
        path => escape::path(path.replace('\\', "/").trim_start_matches("./")),
    }
}

fn is_config(report: &Report, line: &Evidence) -> bool {
    report.study.configs.iter().any(|config| config.path == line.source)
}
