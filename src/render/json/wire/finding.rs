//! What the report says of one finding.

use serde::Serialize;

use super::Text;

/// One root cause.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Finding<'a> {
    /// Id of the rule: `cachediag explain ID` tells more. Rules may be added.
    pub rule: &'static str,
    /// How bad.
    #[cfg_attr(test, schemars(extend("enum" = ["error", "warning", "note"])))]
    pub severity: &'static str,
    /// How sure: the log states it; known look-alikes are excluded; look-alikes remain.
    #[cfg_attr(test, schemars(extend("enum" = ["proven", "likely", "suspected"])))]
    pub confidence: &'static str,
    /// The defect in one line.
    pub title: Text<'a>,
    /// Why it happens.
    pub cause: Text<'a>,
    /// The lines that prove it, the most telling first.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub evidence: Vec<Evidence<'a>>,
    /// How to mend it.
    pub fix: Fix<'a>,
    /// What it cost in these runs.
    pub impact: Impact,
    /// What else it could have been, and why it is not; or what would decide it.
    pub rules_out: Vec<String>,
    /// The same, each with how it stands.
    pub alternatives: Vec<Alternative<'a>>,
    /// What it is about: a cache, a reference, a stage.
    pub subject: Text<'a>,
    /// Made of rule and subject: the same cause has the same one in every run.
    pub fingerprint: String,
    /// Keys of the series in which it was seen, those that are quoted first.
    pub series: Vec<Text<'a>>,
    /// Names of the jobs in which it was seen.
    pub jobs: Vec<String>,
    /// Labels of the runs in which it was seen.
    pub runs: Vec<Text<'a>>,
    /// Whether it is in the baseline; `null` where there is none.
    pub known: Option<bool>,
    /// Whether the job's last run did not have it; not there where runs are not remembered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<bool>,
}

/// A finding of a group of records: a line of `cachediag judge`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct OfGroup<'a> {
    /// Key of the group.
    pub key: Text<'a>,
    /// Time of the first run in which it was seen, RFC 3339.
    pub first: Option<String>,
    /// Time of the last one.
    pub last: Option<String>,
    /// Seconds lost in each of the runs in which it happened.
    pub seconds_per_run: f64,
    /// The finding, as in the report of `cachediag --format json`.
    #[serde(flatten)]
    pub finding: Finding<'a>,
}

/// One quoted line.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Evidence<'a> {
    /// Path of the log or configuration file, as given.
    pub source: Text<'a>,
    /// 1-based line.
    pub line: u64,
    /// Header of the step whose line it is; `null` where it is no step's, or does not say what
    /// became of one.
    pub step: Option<Text<'a>>,
    /// The line, without what the CI put in front of it.
    pub text: Text<'a>,
    /// What it shows; may be empty.
    pub shows: Text<'a>,
}

/// Another explanation, or what would decide.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Alternative<'a> {
    /// Whether it is ruled out, is not, or is no explanation but what to look at to decide.
    #[cfg_attr(test, schemars(extend("enum" = ["ruled-out", "not-ruled-out", "to-decide"])))]
    pub standing: &'static str,
    /// Its name, with the reason in brackets; or what to do.
    pub text: Text<'a>,
}

/// How to mend it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Fix<'a> {
    /// In one sentence.
    pub summary: Text<'a>,
    /// What to do, in order; alternatives say so.
    pub steps: Vec<Text<'a>>,
    /// Text to paste.
    pub snippet: Option<Text<'a>>,
    /// Corrected files, where the configuration was read.
    pub edits: Vec<Edit<'a>>,
    /// What the fix costs; empty where it costs nothing.
    pub cost: Text<'a>,
    /// The page that documents the fix.
    pub source: Option<&'static str>,
}

/// A change to one file.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Edit<'a> {
    /// The file as given.
    pub path: Text<'a>,
    /// Unified diff, as `git apply` takes it.
    pub diff: Text<'a>,
    /// Whether it cannot change the image that is built: it changes cache options and names of
    /// references only.
    pub safe: bool,
}

/// What a cause cost in these runs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in super::super) struct Impact {
    /// Steps that ran again, over all runs.
    pub steps: usize,
    /// Seconds they took: an upper bound where steps ran side by side.
    pub seconds: f64,
    /// Runs in which that happened.
    pub runs: usize,
}
