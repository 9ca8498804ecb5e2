//! What can be written on the command line. Values are checked here, so that clap words the errors.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::auto;
use crate::finding::Severity;
use crate::render::{RENDERERS, Renderer};
use crate::rules::RULES;

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
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) judge: JudgeArgs,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help = "When to use colour; NO_COLOR beats CLICOLOR_FORCE"
    )]
    pub(super) color: When,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
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

#[derive(Debug, Args)]
#[command(
    after_help = "Without --unsafe only changes of cache options and names of references: they cannot change the image.\n\nExamples:\n  cachediag fix build.log --config . | git apply\n  cachediag fix --config . --write"
)]
pub(super) struct FixArgs {
    /// Logs, directories or archives; none, or -, is standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    /// Configuration to correct; found in the working directory where not given
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) config: Vec<PathBuf>,
    /// Write the files instead of printing the patch
    #[arg(long)]
    pub(super) write: bool,
    /// Take changes too that can change the image or where it is built
    #[arg(long)]
    pub(super) r#unsafe: bool,
    /// Check this rule only; can be repeated
    #[arg(long, value_name = "ID", value_parser = rule_id)]
    pub(super) rule: Vec<String>,
    /// Do not check this rule; can be repeated
    #[arg(long, value_name = "ID", value_parser = rule_id)]
    pub(super) ignore: Vec<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cachediag compare old/*.log --with new/*.log\n\nThe first run after a change of the cache starts cold: give two or more."
)]
pub(super) struct CompareArgs {
    /// Logs, directories or archives from before the change
    #[arg(value_name = "BEFORE", required = true, value_hint = ValueHint::AnyPath)]
    pub(super) before: Vec<PathBuf>,
    /// Logs from after the change
    #[arg(long, value_name = "AFTER", required = true, num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub(super) with: Vec<PathBuf>,
    /// Format of the answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: ListFormat,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct JudgeArgs {
    /// Logs, directories or archives; none, or -, is standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    /// Format of standard output; auto is what the CI shows that this runs in
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = PossibleValuesParser::new(formats()))]
    pub(super) format: String,
    /// Write the report to a file as well; can be repeated. auto=FILE writes what the CI collects
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output)]
    pub(super) output: Vec<Output>,
    /// Exit with status 1 where a finding is at least this bad
    #[arg(long, value_name = "SEVERITY", default_value = "never")]
    pub(super) fail_on: FailOn,
    /// Configuration of CI or build to correlate with; can be repeated
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) config: Vec<PathBuf>,
    /// Check this rule only; can be repeated
    #[arg(long, value_name = "ID", value_parser = rule_id)]
    pub(super) rule: Vec<String>,
    /// Do not check this rule; can be repeated
    #[arg(long, value_name = "ID", value_parser = rule_id)]
    pub(super) ignore: Vec<String>,
    /// Number of threads; as many as cores where not given
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
    /// Pass standard input through unchanged while reading it
    #[arg(long)]
    pub(super) tee: bool,
    /// How much one compressed file or archive may expand to [default: 4 GiB]
    #[arg(long, value_name = "BYTES")]
    pub(super) max_expanded: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// Format of the list
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) format: ListFormat,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Id of the rule
    #[arg(value_name = "RULE", value_parser = rule_id)]
    pub(super) rule: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Shell {
    Bash,
    Elvish,
    Fish,
    Nushell,
    Powershell,
    Zsh,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ListFormat {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl FailOn {
    /// The least severity that fails; `None` where nothing does.
    pub(super) fn least(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Note => Some(Severity::Note),
            Self::Never => None,
        }
    }
}

/// One `--output`.
#[derive(Clone)]
pub(super) struct Output {
    pub(super) renderer: &'static dyn Renderer,
    pub(super) path: PathBuf,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.renderer.name(), self.path.display())
    }
}

/// The format that depends on where it runs.
pub(super) const AUTO: &str = "auto";

/// What can be given as a format.
fn formats() -> impl Iterator<Item = &'static str> {
    RENDERERS.iter().map(|renderer| renderer.name()).chain([AUTO])
}

/// The renderer of this name.
pub(super) fn renderer(name: &str) -> Option<&'static dyn Renderer> {
    RENDERERS.iter().copied().find(|r| r.name() == name)
}

fn output(text: &str) -> Result<Output, String> {
    let (format, path) = text
        .split_once('=')
        .filter(|(_, path)| !path.is_empty())
        .ok_or("write it as FORMAT=FILE: --output sarif=report.sarif")?;
    let name = if format == AUTO { auto::file() } else { format };
    let renderer = renderer(name).ok_or_else(|| {
        let names: Vec<_> = formats().collect();
        match nearest(format, &names) {
            Some(near) => format!("no such format, did you mean {near}?"),
            None => format!("no such format; there are {}", names.join(", ")),
        }
    })?;
    Ok(Output { renderer, path: path.into() })
}

fn rule_id(text: &str) -> Result<String, String> {
    let ids: Vec<_> = RULES.iter().map(|rule| rule.meta().id).collect();
    if ids.contains(&text) {
        return Ok(text.to_owned());
    }
    let hint =
        nearest(text, &ids).map_or_else(|| "see: cachediag rules".to_owned(), |id| format!("did you mean {id}?"));
    Err(format!("no such rule, {hint}"))
}

/// The name one probably meant: more than half of it must be right.
fn nearest<'a>(text: &str, names: &[&'a str]) -> Option<&'a str> {
    let scored = names.iter().map(|&name| (strsim::normalized_damerau_levenshtein(text, name), name));
    scored.filter(|(score, _)| *score > 0.5).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
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
    fn suggests_what_is_near_only() {
        let names = ["inline-cache-multi-stage", "cache-lost"];
        assert_eq!(nearest("inline-cache-multistage", &names), Some("inline-cache-multi-stage"));
        assert_eq!(nearest("zzz", &names), None);
    }

    #[test]
    fn outputs_name_format_and_file() {
        assert_eq!(format!("{:?}", output("json=a=b.json").unwrap()), "json=a=b.json");
        assert!(output("json").unwrap_err().contains("FORMAT=FILE"));
        assert!(output("json=").is_err());
        assert_eq!(output("jsn=x").unwrap_err(), "no such format, did you mean json?");
        assert!(output("xyz=x").unwrap_err().contains("human, json, "));
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
