//! The plain call.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::history::JobArgs;
use crate::cli::settings::{Scope, Settings};

#[derive(Debug, Args)]
pub(in crate::cli) struct JudgeArgs {
    /// Logs, directories or archives; none, or -, is standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) settings: Settings,
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,
    /// Write what is found to the file of --baseline: it is known from now on
    #[arg(long)]
    pub(in crate::cli) update_baseline: bool,
    /// Pass standard input through unchanged while reading it
    #[arg(long)]
    pub(in crate::cli) tee: bool,
    #[command(flatten)]
    pub(in crate::cli) job: JobArgs,
}
