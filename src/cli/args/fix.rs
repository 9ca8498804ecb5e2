//! `cachediag fix`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::settings::Scope;

#[derive(Debug, Args)]
#[command(
    after_help = "Without --unsafe, only cache options and reference names are changed: that \
        cannot change the image.\n\nExamples:\n  cachediag fix build.log --config . | git apply\n  \
        cachediag fix --config . --write"
)]
pub(in crate::cli) struct FixArgs {
    /// Logs, directories or archives; none, or -, is standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Configuration to correct [default: that of the working directory]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    #[arg(env = "CACHEDIAG_CONFIG", hide_env = true, value_delimiter = '\n')]
    pub(in crate::cli) config: Option<Vec<PathBuf>>,
    /// Write the files instead of printing the patch
    #[arg(long)]
    pub(in crate::cli) write: bool,
    /// Include changes that can change the image or where it is built
    #[arg(long)]
    pub(in crate::cli) r#unsafe: bool,
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,
}
