//! Remembering runs: the file, how much of it counts, and which job this is.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{Args, Subcommand, ValueHint};

use super::value::ListFormat;

#[derive(Debug, Args)]
#[command(next_help_heading = "Earlier runs")]
pub(in crate::cli) struct HistoryArgs {
    /// Judge beside the earlier runs that this file remembers, and remember this one; made where it is not there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) history: Option<PathBuf>,
    /// How long runs are remembered: 90d, 12w
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = span, requires = "history")]
    pub(in crate::cli) keep: TimeDelta,
    /// How many earlier runs of the job are looked at
    #[arg(long, value_name = "N", default_value = "20", requires = "history")]
    pub(in crate::cli) last: NonZeroUsize,
    #[command(flatten)]
    pub(in crate::cli) job: JobArgs,
}

/// What the CI's variables and the log say where it is not given.
#[derive(Debug, Args)]
pub(in crate::cli) struct JobArgs {
    /// Repository of the job, where no variable of the CI tells
    #[arg(long, value_name = "NAME", requires = "history")]
    pub(in crate::cli) repository: Option<String>,
    /// Pipeline or workflow of the job
    #[arg(long, value_name = "NAME", requires = "history")]
    pub(in crate::cli) pipeline: Option<String>,
    /// Job or step
    #[arg(long, value_name = "NAME", requires = "history")]
    pub(in crate::cli) job: Option<String>,
    /// Leg of the job's matrix: ${{ matrix.platform }}
    #[arg(long, value_name = "NAME", requires = "history")]
    pub(in crate::cli) leg: Option<String>,
    /// Branch
    #[arg(long, value_name = "NAME", requires = "history")]
    pub(in crate::cli) branch: Option<String>,
    /// Commit
    #[arg(long, value_name = "HASH", requires = "history")]
    pub(in crate::cli) commit: Option<String>,
    /// Number or id of the run
    #[arg(long, value_name = "ID", requires = "history")]
    pub(in crate::cli) run_id: Option<String>,
    /// Attempt of the run
    #[arg(long, value_name = "N", requires = "history")]
    pub(in crate::cli) attempt: Option<String>,
}

/// `cachediag history`: look at what is remembered, and carry it from one file to another.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cachediag history list --history cachediag.db\n  cachediag history export --history cachediag.db > runs.ndjson\n  cachediag history import --history all.db runs-*.ndjson"
)]
pub(in crate::cli) struct RememberedArgs {
    #[command(subcommand)]
    pub(in crate::cli) verb: Verb,
    /// The file
    #[arg(long, value_name = "FILE", global = true, default_value = "cachediag.db", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) history: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// List the jobs, with the number of runs that are remembered of each
    List {
        /// Format of the list
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: ListFormat,
    },
    /// Print one record, or the newest of a job
    Show {
        /// Name of the record or the beginning of it; else of the job
        #[arg(value_name = "RECORD|JOB")]
        name: String,
    },
    /// Print all records, one a line, in an order that depends on nothing else
    Export {
        /// Format of the records
        #[arg(long, value_name = "FORMAT", default_value = "ndjson", value_parser = ["ndjson"])]
        format: String,
    },
    /// Add records that were exported; those that are there already are not added again
    Import {
        /// Files of records; - is standard input
        #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// Keep every record before the next is read, and print its name when it is kept
        #[arg(long)]
        one_by_one: bool,
    },
    /// Remove old records, and give the room back
    Prune {
        /// Keep what is younger than this
        #[arg(long, value_name = "TIME", default_value = "90d", value_parser = span)]
        keep: TimeDelta,
    },
}

/// A time in hours, days or weeks: `90d`.
pub(super) fn span(text: &str) -> Result<TimeDelta, String> {
    let wrong = || "write it as 36h, 90d or 12w".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let span = match unit {
        "h" => TimeDelta::try_hours(number),
        "d" => TimeDelta::try_days(number),
        "w" => TimeDelta::try_weeks(number),
        _ => None,
    };
    span.filter(|span| *span > TimeDelta::zero()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(span("90d"), Ok(TimeDelta::days(90)));
        assert_eq!(span("2w"), span("336h"));
        for wrong in ["", "d", "90", "-1d", "0h", "9é", "99999999999999w"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
