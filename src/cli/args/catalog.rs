//! `cachediag rules`, `explain`, `completions` and `man`.

use clap::{Args, ValueEnum};

use super::value::{ListFormat, RuleId};

#[derive(Debug, Args)]
pub(in crate::cli) struct RulesArgs {
    /// Format of the list
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(in crate::cli) format: ListFormat,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExplainArgs {
    /// Id of the rule
    #[arg(value_name = "RULE", required_unless_present = "evidence")]
    pub(in crate::cli) rule: Option<RuleId>,
    /// Print instead which files next to a log prove what, and how to get them
    #[arg(long, conflicts_with = "rule")]
    pub(in crate::cli) evidence: bool,
    /// Format of the page
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(in crate::cli) format: ListFormat,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CompletionsArgs {
    /// The shell
    pub(in crate::cli) shell: Shell,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ManArgs {
    /// One of the commands: run, fix, compare, …
    pub(in crate::cli) command: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum Shell {
    Bash,
    Elvish,
    Fish,
    Nushell,
    Powershell,
    Zsh,
}
