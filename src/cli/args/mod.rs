//! What can be written on the command line: the whole of it, and a file a subcommand.

mod catalog;
mod compare;
mod fix;
mod judge;
mod value;

use clap::{Parser, Subcommand};

pub(super) use self::catalog::{CompletionsArgs, ExplainArgs, RulesArgs, Shell};
pub(super) use self::compare::CompareArgs;
pub(super) use self::fix::FixArgs;
pub(super) use self::judge::JudgeArgs;
pub(super) use self::value::{AUTO, FailOn, ListFormat, Output, When, renderer};

/// First, because most who ask for help want to see how it is called.
const EXAMPLES: &str = "\
Examples:
  docker buildx build … 2>&1 | cachediag      read a build as it runs
  cachediag build.log                         read one log
  cachediag logs/ run-*.log jobs.zip          compare many runs
  cachediag --fail-on error build.log         let the job fail where the cache is defeated
  cachediag --format auto build.log           in a CI job: annotations where the CI has them
  cachediag --output sarif=a.sarif build.log  a file for machines beside the report";

const AFTER: &str = "\
Exit status: 0 nothing at or above --fail-on, 1 findings, 2 usage error or nothing could be read.
A file named like a command is given with its folder: ./rules";

/// Says why the Docker build cache did not help, from logs that already exist.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    before_help = EXAMPLES,
    after_help = AFTER,
    help_template = "{about}.\n\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}",
    args_conflicts_with_subcommands = true
)]
pub(in crate::cli) struct Cli {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<Command>,
    #[command(flatten)]
    pub(in crate::cli) judge: JudgeArgs,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help = "When to use colour; NO_COLOR beats CLICOLOR_FORCE"
    )]
    pub(in crate::cli) color: When,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// List all rules
    Rules(RulesArgs),
    /// Print the patches of all findings for the configuration, or write them
    Fix(FixArgs),
    /// Compare logs from before and after a change: did it help?
    Compare(CompareArgs),
    /// Say what a rule looks for, why that is bad and how to mend it
    Explain(ExplainArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Print the man page
    Man,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn clap_finds_no_contradiction() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_path_after_another_is_no_command() {
        let cli = Cli::parse_from(["cachediag", "a.log", "rules"]);
        assert!(cli.command.is_none() && cli.judge.paths.len() == 2);
        assert!(Cli::parse_from(["cachediag", "rules"]).command.is_some());
        assert!(Cli::parse_from(["cachediag", "./rules"]).command.is_none());
        assert_eq!(Cli::parse_from(["cachediag", "rules", "--color", "never"]).color, When::Never);
    }
}
