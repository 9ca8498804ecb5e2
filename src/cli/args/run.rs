//! `cachediag run`.

use std::ffi::OsString;

use clap::{Args, ValueHint};

use super::diagnosis::DiagnosisArgs;

const AFTER: &str = "\
The build's streams are passed through as they are. The report comes after them, on standard error, and in files with \
--output. BUILDKIT_PROGRESS is set to plain unless you set it.

Exit status: the build's; 1 if the build succeeded and --fail-on or a gate fails; 127 if the command is not found, \
126 if it cannot be started.";

#[derive(Debug, Args)]
#[command(
    before_help = "Examples:\n  cachediag run -- docker buildx build --tag app .\n  cachediag run \
        --fail-on error --output sarif=cache.sarif -- ./build.sh",
    after_help = AFTER,
    help_template = "{about}\n\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}"
)]
pub(in crate::cli) struct RunArgs {
    /// The build, as it is started without cachediag
    #[arg(
        value_name = "COMMAND",
        required = true,
        num_args = 1..,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_hint = ValueHint::CommandWithArguments
    )]
    pub(in crate::cli) command: Vec<OsString>,
    #[command(flatten)]
    pub(in crate::cli) diagnosis: DiagnosisArgs,
}
