//! Remembering runs: which job this is, and what can be done with the file.

use std::path::PathBuf;
use std::str::FromStr;

use chrono::TimeDelta;
use clap::{Args, Subcommand, ValueHint};
use serde::Deserialize;

use super::value::ListFormat;
use crate::cli::settings::{Project, Scope, Settings};

/// Of these options alone: a heading of the whole struct would go on over the options that follow
/// it.
const JOB: &str = "The job, for --history";

/// Which job this is, for the history: what the CI's variables and the log say unless it is
/// given.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct JobArgs {
    /// Repository of the job, if no variable of the CI says so
    #[arg(long, value_name = "NAME", help_heading = JOB)]
    pub(in crate::cli) repository: Option<String>,
    /// Pipeline or workflow of the job
    #[arg(long, value_name = "NAME", help_heading = JOB)]
    pub(in crate::cli) pipeline: Option<String>,
    /// Job or step
    #[arg(long, value_name = "NAME", help_heading = JOB)]
    pub(in crate::cli) job: Option<String>,
    /// Leg of the job's matrix: ${{ matrix.platform }}
    #[arg(long, value_name = "NAME", help_heading = JOB)]
    pub(in crate::cli) leg: Option<String>,
    /// Branch
    #[arg(long, value_name = "NAME", help_heading = JOB)]
    pub(in crate::cli) branch: Option<String>,
    /// Commit
    #[arg(long, value_name = "HASH", help_heading = JOB)]
    pub(in crate::cli) commit: Option<String>,
    /// Number or id of the run
    #[arg(long, value_name = "ID", help_heading = JOB)]
    pub(in crate::cli) run_id: Option<String>,
    /// Attempt of the run
    #[arg(long, value_name = "N", help_heading = JOB)]
    pub(in crate::cli) attempt: Option<String>,
}

/// `cachediag history`: look at what is remembered, and carry it from one file to another.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cachediag history list --history cachediag.db\n  cachediag history \
        export --history cachediag.db > runs.ndjson\n  cachediag history import --history all.db \
        runs-*.ndjson"
)]
pub(in crate::cli) struct RememberedArgs {
    #[command(subcommand)]
    pub(in crate::cli) verb: Verb,
    #[command(flatten)]
    pub(in crate::cli) file: HistoryFile,
}

/// The file of the commands that look at what is remembered.
#[derive(Debug, Args)]
pub(in crate::cli) struct HistoryFile {
    /// The file that remembers the runs [default: that of cachediag.toml, else cachediag.db]
    // Not the option of the settings: an id of its own.
    #[arg(id = "remembered", long = "history", value_name = "FILE", global = true)]
    #[arg(value_hint = ValueHint::FilePath, env = "CACHEDIAG_HISTORY", hide_env = true)]
    given: Option<PathBuf>,
}

impl HistoryFile {
    /// What is given, else what the project has set.
    pub(in crate::cli) fn path(&self) -> anyhow::Result<PathBuf> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        let project = Project::load(&Settings::default(), &Scope::default())?;
        Ok(project.settings.history.map_or_else(|| PathBuf::from("cachediag.db"), |file| file.0))
    }
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// List the jobs, with the number of remembered runs of each
    List {
        /// Format of the list
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: ListFormat,
    },
    /// Print one record, or the newest of a job
    Show {
        /// Name of the record, or its beginning, or the name of a job
        #[arg(value_name = "RECORD|JOB")]
        name: String,
    },
    /// Print all records, one per line, always in the same order
    Export {
        /// Format of the records
        #[arg(long, value_name = "FORMAT", default_value = "ndjson", value_parser = ["ndjson"])]
        format: String,
        /// Only what was recorded within this time: 1h is this run, and what else ran recently
        #[arg(long, value_name = "TIME")]
        younger: Option<Span>,
    },
    /// Add exported records; those already there are not added again
    Import {
        /// Files of records; - is standard input
        #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// Store every record before the next is read, and print its name once it is stored
        #[arg(long)]
        one_by_one: bool,
    },
    /// Remove old records, and free their space
    Prune {
        /// Keep what is newer than this
        #[arg(long, value_name = "TIME", default_value_t)]
        keep: Span,
    },
}

/// A time in hours, days or weeks: `90d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String")]
pub(in crate::cli) struct Span(pub(in crate::cli) TimeDelta);

const NO_SPAN: &str = "write it as 36h, 90d or 12w";

impl Default for Span {
    fn default() -> Self {
        Self(TimeDelta::days(90))
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self.0.num_hours() {
            hours if hours % 24 == 0 => write!(f, "{}d", hours / 24),
            hours => write!(f, "{hours}h"),
        }
    }
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(NO_SPAN)?;
        let number: i64 = number.parse().map_err(|_| NO_SPAN)?;
        let span = match unit {
            "h" => TimeDelta::try_hours(number),
            "d" => TimeDelta::try_days(number),
            "w" => TimeDelta::try_weeks(number),
            _ => None,
        };
        span.filter(|span| *span > TimeDelta::zero()).map(Self).ok_or(NO_SPAN)
    }
}

impl TryFrom<String> for Span {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        assert_eq!("90d".parse(), Ok(Span::default()));
        assert_eq!("2w".parse::<Span>(), "336h".parse());
        assert_eq!(
            ["2w", "36h"].map(|text| text.parse::<Span>().unwrap().to_string()),
            ["14d", "36h"]
        );
        for wrong in ["", "d", "90", "-1d", "0h", "9é", "99999999999999w"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
