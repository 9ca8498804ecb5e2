//! `cachediag compare`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::value::{FailOn, ListFormat};
use crate::cli::settings::Scope;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cachediag compare old/*.log --with new/*.log\n\nThe first run after \
        a change of the cache starts cold: give at least two."
)]
pub(in crate::cli) struct CompareArgs {
    /// Logs, directories or archives from before the change
    #[arg(value_name = "BEFORE", required = true, value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) before: Vec<PathBuf>,
    /// Logs from after the change; of two paths alone, the second is after
    #[arg(long, value_name = "AFTER", num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) with: Vec<PathBuf>,
    /// Exit with status 1 if a new finding is at least this severe [default:
    /// never]
    #[arg(long, value_name = "SEVERITY")]
    pub(in crate::cli) fail_on: Option<FailOn>,
    /// Format of the answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(in crate::cli) format: ListFormat,
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,
}
