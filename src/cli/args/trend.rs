//! `cachediag trend`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::history::HistoryFile;
use crate::render::{TRENDS, TrendFormat};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cachediag trend --history cachediag.db                     # all \
        jobs, a line each, and what broke\n  cachediag trend build --history \
        cachediag.db               # one job, step by step\n  cachediag trend --format html \
        --history cachediag.db > trend.html\n\nWhat counts as broken, and what is listed beside \
        it: docs/history.md, \"Trends\"."
)]
pub(in crate::cli) struct TrendArgs {
    /// A job, as `cachediag history list` names it or by its own name [default: all]
    #[arg(value_name = "JOB")]
    pub(in crate::cli) job: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) file: HistoryFile,
    /// How many of a job's newest runs are looked at
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(in crate::cli) last: u16,
    /// Runs on this branch only
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) branch: Option<String>,
    /// Format of the answer
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = formats())]
    pub(in crate::cli) format: &'static dyn TrendFormat,
}

/// Formats by their names.
fn formats() -> impl TypedValueParser<Value = &'static dyn TrendFormat> {
    let all = || TRENDS.iter().copied();
    PossibleValuesParser::new(all().map(TrendFormat::name))
        .try_map(move |name| all().find(|format| format.name() == name).ok_or("no such format"))
}
