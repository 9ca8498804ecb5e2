//! What the report says of a project's decisions.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Text;

/// What was known before.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Baseline<'a> {
    /// Where it is kept.
    pub name: Text<'a>,
    /// Number of findings that are not in it.
    pub new: usize,
    /// Number of findings that are in it.
    pub known: usize,
    /// What is in it and was not found any more.
    pub gone: Vec<Gone<'a>>,
}

/// What the newest remembered run of a branch had.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Against<'a> {
    /// The branch.
    pub branch: Text<'a>,
    /// Its newest run; `null` where none is remembered, and every finding counts.
    pub run: Option<Text<'a>>,
    /// Number of findings that it did not have.
    pub new: usize,
    /// Number of findings that it had.
    pub known: usize,
}

/// A finding of the baseline that was not found any more.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Gone<'a> {
    /// Id of the rule.
    pub rule: Text<'a>,
    /// What it was about.
    pub subject: Text<'a>,
    /// What the build is called that showed it; `null` where it was seen in none.
    pub build: Option<Text<'a>>,
}

/// Findings against those of the run before.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct News<'a> {
    /// Number of earlier runs that were looked at; they are in `runs` too.
    pub earlier_runs: usize,
    /// Fingerprints of findings that the run before did not have.
    pub new: &'a BTreeSet<String>,
    /// Findings of the run before that are not there any more; they are named this once.
    pub gone: Vec<NoMore<'a>>,
}

/// A finding of the run before that is not there any more.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct NoMore<'a> {
    /// Id of the rule.
    pub rule: Text<'a>,
    /// Its title then.
    pub title: Text<'a>,
}

/// A finding that is not among the others.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Hidden<'a> {
    /// Id of the rule.
    pub rule: &'static str,
    /// What it is about.
    pub subject: Text<'a>,
    /// As in `findings`.
    pub fingerprint: String,
    /// Why it is hidden, in the words of the project.
    pub reason: Text<'a>,
    /// What hides it: `cachediag.toml:12`, `--ignore`.
    pub by: Text<'a>,
}

/// Something asked of the builds.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Gate<'a> {
    /// `min-hit-rate`, `must-hit`, `max-drop`. Names may be added.
    pub name: &'static str,
    /// What was asked.
    pub asked: Text<'a>,
    /// Something was measured, and all of it was good.
    pub passed: bool,
    /// Why nothing was measured.
    pub unmeasured: Option<Text<'a>>,
    /// Each build that was looked at.
    pub builds: Vec<Judged<'a>>,
}

/// How one build fared.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Judged<'a> {
    /// The `key` of its series.
    pub build: Text<'a>,
    /// `null` where nothing could be measured.
    pub good: Option<bool>,
    /// What was measured.
    pub says: Text<'a>,
}
