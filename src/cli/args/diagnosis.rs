//! What a diagnosis takes, whether its log is there or a build is run for it.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::history::JobArgs;
use crate::cli::settings::{Scope, Settings};

#[derive(Debug, Args)]
pub(in crate::cli) struct DiagnosisArgs {
    #[command(flatten)]
    pub(in crate::cli) settings: Settings,
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,
    /// Write what is found to the file of --baseline: from now on it is known
    #[arg(long)]
    pub(in crate::cli) update_baseline: bool,
    /// Checkout with the commits that were built: names the files that changed in a COPY
    #[arg(long, value_name = "DIR", env = "CACHEDIAG_CHECKOUT", hide_env = true, value_hint = ValueHint::DirPath)]
    pub(in crate::cli) checkout: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) job: JobArgs,
}
