//! The plain call.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::diagnosis::DiagnosisArgs;

#[derive(Debug, Args)]
pub(in crate::cli) struct JudgeArgs {
    /// Logs, directories or archives; none, or -, is standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) diagnosis: DiagnosisArgs,
    /// Pass standard input through unchanged while reading it
    #[arg(long)]
    pub(in crate::cli) tee: bool,
}
