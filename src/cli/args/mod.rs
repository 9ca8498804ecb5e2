//! What can be written on the command line: the whole of it, and a file a subcommand.

mod catalog;
mod check;
mod compare;
mod diagnosis;
mod fix;
mod fleet;
mod history;
mod judge;
mod look;
mod run;
mod trend;
mod value;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::screen;

pub(super) use self::catalog::{CompletionsArgs, ExplainArgs, ManArgs, RulesArgs, Shell};
pub(super) use self::check::CheckArgs;
pub(super) use self::compare::CompareArgs;
pub(super) use self::diagnosis::DiagnosisArgs;
pub(super) use self::fix::FixArgs;
pub(super) use self::fleet::{GroupsArgs, RecordsArgs};
pub(super) use self::history::{JobArgs, RememberedArgs, Span, Verb};
pub(super) use self::judge::JudgeArgs;
pub(super) use self::look::{Charset, Look, When};
pub(super) use self::run::RunArgs;
pub(super) use self::trend::TrendArgs;
pub(super) use self::value::{
    AUTO, FailOn, Format, ListFormat, MustHit, NO_NUMBER, Output, Percent, RuleId, SettingsPath,
    formats, nearest, renderer, whole,
};

/// First, because most who ask for help want to see how it is called.
const EXAMPLES: &str = "\
Examples:
  docker buildx build … 2>&1 | cachediag      read a build as it runs
  cachediag run -- docker buildx build …      run a build and diagnose it
  cachediag build.log                         read one log
  cachediag logs/ run-*.log jobs.zip          compare many runs
  cachediag --fail-on error build.log         fail the job if the cache is defeated
  cachediag --format auto build.log           in a CI job: annotations, if the CI has them
  cachediag --output sarif=a.sarif build.log  also write a file for machines";

const AFTER: &str = "\
Options with a value can also be set by variables (CACHEDIAG_FAIL_ON=error) and, for a project,
in cachediag.toml (fail-on = \"error\"). Flags beat variables, which beat the file.

Exit status: 0 nothing at or above --fail-on, 1 findings or a gate, 2 usage error or nothing was read.
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
    #[command(flatten)]
    pub(in crate::cli) look: Look,
}

impl Cli {
    /// The arguments of the process, and its variables.
    pub(in crate::cli) fn from_environment() -> Self {
        let matches = set_variables(Self::command()).try_get_matches();
        matches.and_then(|matches| Self::from_arg_matches(&matches)).unwrap_or_else(|error| {
            // Nobody can be shown an error of writing it.
            let _ = error.print();
            if let Some(name) = variable_of(&error) {
                screen::complain(&format!("The value is that of {name}."));
            }
            std::process::exit(error.exit_code())
        })
    }
}

/// The variable whose value was wrong: clap names the option, also where nobody wrote it.
fn variable_of(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let option = option.split(' ').next()?;
    let written = |arg: std::ffi::OsString| arg.to_string_lossy().starts_with(option);
    let name =
        format!("CACHEDIAG_{}", option.trim_start_matches('-').replace('-', "_").to_uppercase());
    (std::env::var_os(&name).is_some() && !std::env::args_os().any(written)).then_some(name)
}

/// A variable that is set to nothing is as good as none: what a CI has no value for becomes empty.
fn set_variables(command: clap::Command) -> clap::Command {
    let empty = |arg: &clap::Arg| {
        arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty())
    };
    let command =
        command.mut_args(|arg| if empty(&arg) { arg.env(Resettable::Reset) } else { arg });
    command.mut_subcommands(set_variables)
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Run a build, show it live, and diagnose it; the exit status is the build's
    Run(Box<RunArgs>),
    /// List all rules
    Rules(RulesArgs),
    /// Print or write the patches that fix the configuration
    Fix(FixArgs),
    /// Check Dockerfiles, CI and build configuration; no log is needed
    Check(CheckArgs),
    /// Compare logs from before and after a change: did it help?
    Compare(CompareArgs),
    /// Explain what a rule looks for, why that is bad and how to fix it
    Explain(ExplainArgs),
    /// Show, export, import and prune the remembered runs
    History(RememberedArgs),
    /// Show how jobs did from run to run: when they broke, and what changed then
    Trend(TrendArgs),
    /// Turn logs that come over a pipe into records, for tables of many jobs
    Records(RecordsArgs),
    /// Diagnose records that come over a pipe, job by job
    Judge(GroupsArgs),
    /// Serve agents over the Model Context Protocol: diagnose, explain, fix, compare
    Mcp,
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Print the man page, of cachediag or of one of its commands
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(
            Cli::parse_from(["cachediag", "rules", "--color", "never"]).look.color,
            Some(When::Never)
        );
    }
}
