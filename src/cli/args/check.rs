//! `cachediag check`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};

use super::value::{FailOn, Format, Output, formats};
use crate::cli::settings::Scope;

#[derive(Debug, Args)]
#[command(after_help = "Logs show more: a configuration alone does not say what a cache \
        costs.\n\nExamples:\n  cachediag check Dockerfile .github/workflows/build.yml\n  cachediag \
        check --fail-on warning .")]
pub(in crate::cli) struct CheckArgs {
    /// Dockerfiles, CI or build files, or folders of them; all are read as configuration, and no
    /// log is
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, default_value = ".")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Format of what is printed [default: human]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(formats()).map(Format))]
    #[arg(env = "CACHEDIAG_FORMAT", hide_env = true)]
    pub(in crate::cli) format: Option<Format>,
    /// Print everything about each finding: steps of the fix, all evidence, what was ruled out
    #[arg(long)]
    pub(in crate::cli) details: bool,
    /// Write the report to a file as well; can be repeated
    #[arg(
        long,
        value_name = "FORMAT=FILE",
        env = "CACHEDIAG_OUTPUT",
        hide_env = true,
        value_delimiter = '\n'
    )]
    pub(in crate::cli) output: Option<Vec<Output>>,
    /// Exit with status 1 if a finding is at least this severe [default: never]
    #[arg(long, value_name = "SEVERITY", env = "CACHEDIAG_FAIL_ON", hide_env = true)]
    pub(in crate::cli) fail_on: Option<FailOn>,
    /// File of known findings: only what is not in it counts for --fail-on
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "CACHEDIAG_BASELINE", hide_env = true)]
    pub(in crate::cli) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,
}
