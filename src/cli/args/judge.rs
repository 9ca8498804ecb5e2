//! The plain call.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::value::{FailOn, Output, formats, output, rule_id};

#[derive(Debug, Args)]
pub(in crate::cli) struct JudgeArgs {
    /// Logs, directories or archives; none, or -, is standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Format of standard output; auto is what the CI shows that this runs in
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = PossibleValuesParser::new(formats()))]
    pub(in crate::cli) format: String,
    /// Write the report to a file as well; can be repeated. auto=FILE writes what the CI collects
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output)]
    pub(in crate::cli) output: Vec<Output>,
    /// Exit with status 1 where a finding is at least this bad
    #[arg(long, value_name = "SEVERITY", default_value = "never")]
    pub(in crate::cli) fail_on: FailOn,
    /// Configuration of CI or build to correlate with; can be repeated
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) config: Vec<PathBuf>,
    /// Check this rule only; can be repeated
    #[arg(long, value_name = "ID", value_parser = rule_id)]
    pub(in crate::cli) rule: Vec<String>,
    /// Do not check this rule; can be repeated
    #[arg(long, value_name = "ID", value_parser = rule_id)]
    pub(in crate::cli) ignore: Vec<String>,
    /// Number of threads; as many as cores where not given
    #[arg(long, value_name = "N")]
    pub(in crate::cli) threads: Option<NonZeroUsize>,
    /// Pass standard input through unchanged while reading it
    #[arg(long)]
    pub(in crate::cli) tee: bool,
    /// How much one compressed file or archive may expand to [default: 4 GiB]
    #[arg(long, value_name = "BYTES")]
    pub(in crate::cli) max_expanded: Option<u64>,
}
