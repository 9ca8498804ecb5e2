//! What can be set: on the command line, else in the environment, else in `cachediag.toml`.
//!
//! One struct for all three: a field is an option, its variable (read by clap) and a key of the
//! file. `file` finds and reads the file, `rules` makes a [`Policy`](crate::triage::Policy) of what
//! it says of rules.

mod file;
mod rules;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use serde::Deserialize;
use toml::Spanned;

use self::rules::{Ignored, RuleSettings};
use super::args::{
    Charset, FailOn, Format, Look, MustHit, Output, Percent, RuleId, SettingsPath, Span, When,
    formats, whole,
};
use super::judge::only_configuration;
use crate::model::Problem;
use crate::pipeline::Options;
use crate::triage::{Gates, Policy, StepPattern};

/// Settings of cachediag for a project: flags beat variables (`CACHEDIAG_*`), which beat this file.
/// Its paths are relative to its folder.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "cachediag.toml"))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Settings {
    /// Format of what is printed; auto: what the CI it runs in can show [default: human]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(formats()).map(Format))]
    #[arg(env = "CACHEDIAG_FORMAT", hide_env = true)]
    pub(super) format: Option<Format>,
    /// Overview of many jobs on one screen: --format summary
    #[arg(long, conflicts_with = "format")]
    #[serde(skip)]
    pub(super) summary: bool,
    /// Print everything about each finding: steps of the fix, all evidence, what was ruled out
    #[arg(long)]
    #[serde(skip)]
    pub(super) details: bool,
    /// How many to show: causes in a summary, findings in the human and csv reports
    #[arg(long, value_name = "N", value_parser = whole, env = "CACHEDIAG_TOP", hide_env = true)]
    pub(super) top: Option<NonZeroUsize>,
    /// Write the report to a file as well; can be repeated. auto=FILE writes what the CI collects
    #[arg(
        long,
        value_name = "FORMAT=FILE",
        env = "CACHEDIAG_OUTPUT",
        hide_env = true,
        value_delimiter = '\n'
    )]
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub(super) output: Option<Vec<Output>>,
    /// Exit with status 1 if a finding is at least this severe [default: never]
    #[arg(long, value_name = "SEVERITY", env = "CACHEDIAG_FAIL_ON", hide_env = true)]
    pub(super) fail_on: Option<FailOn>,
    /// Fail if a smaller share of a build's steps comes from the cache: RUN, COPY, ADD and WORKDIR
    /// of its successful runs
    #[arg(long, value_name = "PERCENT", env = "CACHEDIAG_MIN_HIT_RATE", hide_env = true)]
    pub(super) min_hit_rate: Option<Percent>,
    /// Fail if this step of a build's newest run is not from the cache: 'build: RUN npm ci',
    /// with * and ?; can be repeated
    #[arg(
        long,
        value_name = "STEP",
        env = "CACHEDIAG_MUST_HIT",
        hide_env = true,
        value_delimiter = '\n'
    )]
    pub(super) must_hit: Option<Vec<MustHit>>,
    /// File of known findings: only what is not in it counts for --fail-on
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "CACHEDIAG_BASELINE", hide_env = true)]
    pub(super) baseline: Option<PathBuf>,
    /// With --history: only what this branch's newest remembered run did not have counts for
    /// --fail-on
    #[arg(long, value_name = "NAME", env = "CACHEDIAG_BASELINE_BRANCH", hide_env = true)]
    pub(super) baseline_branch: Option<String>,
    /// Fail if a build has this many percentage points fewer of its steps from the cache than in
    /// the newest run of --baseline-branch
    #[arg(long, value_name = "POINTS", env = "CACHEDIAG_MAX_DROP", hide_env = true)]
    pub(super) max_drop: Option<Percent>,
    /// CI or build configuration to correlate with; can be repeated
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    #[arg(env = "CACHEDIAG_CONFIG", hide_env = true, value_delimiter = '\n')]
    pub(super) config: Option<Vec<PathBuf>>,
    /// Number of threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = whole, env = "CACHEDIAG_THREADS", hide_env = true)]
    pub(super) threads: Option<NonZeroUsize>,
    /// How much one compressed file or archive may expand to [default: 4 GiB]
    #[arg(long, value_name = "BYTES", env = "CACHEDIAG_MAX_EXPANDED", hide_env = true)]
    pub(super) max_expanded: Option<u64>,
    /// Compare with the earlier runs in this file and add this one; created if missing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "CACHEDIAG_HISTORY", hide_env = true)]
    pub(super) history: Option<SettingsPath>,
    /// How long the history remembers a run: 36h, 12w [default: 90d]
    #[arg(long, value_name = "TIME", env = "CACHEDIAG_KEEP", hide_env = true)]
    pub(super) keep: Option<Span>,
    /// How many earlier runs of the job are looked at [default: 20]
    #[arg(long, value_name = "N", value_parser = whole, env = "CACHEDIAG_LAST", hide_env = true)]
    pub(super) last: Option<NonZeroUsize>,
    /// When to use colour: auto, always, never
    // On the command line these two are options of all commands.
    #[arg(skip)]
    color: Option<When>,
    /// Characters of the report for people: auto, ascii, utf-8
    #[arg(skip)]
    charset: Option<Charset>,
    /// Rules by their ids: how severe each is in this project
    #[arg(skip)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, RuleSettings>"))]
    rules: BTreeMap<RuleId, Spanned<RuleSettings>>,
    /// Known findings that are not shown, each with a reason
    #[arg(skip)]
    #[cfg_attr(test, schemars(with = "Vec<Ignored>"))]
    ignore: Vec<Spanned<Ignored>>,
}

/// What all commands that read logs take.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Scope {
    /// Settings of the project [default: cachediag.toml here, or above up to the repository's root]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "CACHEDIAG_SETTINGS", hide_env = true)]
    pub(super) settings: Option<PathBuf>,
    /// Check this rule only; can be repeated
    #[arg(long, value_name = "ID", env = "CACHEDIAG_RULE", hide_env = true, value_delimiter = ',')]
    pub(super) rule: Vec<RuleId>,
    /// Do not check this rule; can be repeated
    #[arg(
        long,
        value_name = "ID",
        env = "CACHEDIAG_IGNORE",
        hide_env = true,
        value_delimiter = ','
    )]
    pub(super) ignore: Vec<RuleId>,
}

/// All that is set, from all three places.
pub(super) struct Project {
    pub(super) settings: Settings,
    pub(super) policy: Policy,
    /// What is wrong with the settings though they can be read: ignores that have ended.
    pub(super) problems: Vec<Problem>,
}

impl Project {
    /// Flags and variables are read already; what they leave open the file says.
    pub(super) fn load(given: &Settings, scope: &Scope) -> anyhow::Result<Self> {
        let Some(path) = scope.settings.clone().or_else(file::find) else {
            let policy = rules::policy(scope, &Settings::default(), &file::ReadSettings::default());
            return Ok(Self { settings: given.clone(), policy, problems: Vec::new() });
        };
        let (file, written) = file::read(&path)?;
        let policy = rules::policy(scope, &written, &file);
        let problems = rules::ended(&written, &file);
        Ok(Self { settings: given.clone().or(written.in_folder(&path)), policy, problems })
    }

    /// What the pipeline is asked for.
    pub(super) fn options(&self, paths: &[PathBuf]) -> Options {
        let Settings { config, threads, max_expanded, min_hit_rate, must_hit, .. } = &self.settings;
        Options {
            paths: paths.to_vec(),
            config: config.clone().unwrap_or_default(),
            policy: self.policy.clone(),
            gates: Gates {
                min_hit_rate: min_hit_rate.map(|percent| percent.0),
                must_hit: must_hit
                    .iter()
                    .flatten()
                    .map(|pattern| StepPattern::new(&pattern.0))
                    .collect(),
            },
            threads: threads.map(NonZeroUsize::get),
            max_expanded: *max_expanded,
            configuration_only: only_configuration(paths, config.as_deref()),
            ..Options::default()
        }
    }
}

impl Settings {
    /// Of a command that takes no other.
    pub(super) fn of_config(config: Option<&[PathBuf]>) -> Self {
        Self { config: config.map(<[_]>::to_vec), ..Self::default() }
    }

    /// What is set here, else what is set there.
    fn or(self, other: Self) -> Self {
        Self {
            format: self.format.or(other.format),
            summary: self.summary,
            details: self.details,
            top: self.top.or(other.top),
            output: self.output.or(other.output),
            fail_on: self.fail_on.or(other.fail_on),
            min_hit_rate: self.min_hit_rate.or(other.min_hit_rate),
            must_hit: self.must_hit.or(other.must_hit),
            baseline: self.baseline.or(other.baseline),
            baseline_branch: self.baseline_branch.or(other.baseline_branch),
            max_drop: self.max_drop.or(other.max_drop),
            config: self.config.or(other.config),
            threads: self.threads.or(other.threads),
            max_expanded: self.max_expanded.or(other.max_expanded),
            history: self.history.or(other.history),
            keep: self.keep.or(other.keep),
            last: self.last.or(other.last),
            color: self.color.or(other.color),
            charset: self.charset.or(other.charset),
            rules: other.rules,
            ignore: other.ignore,
        }
    }

    /// What the file says of how it looks.
    pub(super) fn look(&self) -> Look {
        Look { color: self.color, charset: self.charset }
    }

    /// Paths are meant from the folder of the file.
    fn in_folder(mut self, file: &Path) -> Self {
        let folder = file.parent().unwrap_or(Path::new(""));
        let outputs = self.output.iter_mut().flatten().map(|output| &mut output.path);
        let history = self.history.iter_mut().map(|file| &mut file.0);
        for path in
            self.config.iter_mut().flatten().chain(&mut self.baseline).chain(outputs).chain(history)
        {
            *path = folder.join(&*path);
        }
        self
    }
}

#[cfg(test)]
mod tests;
