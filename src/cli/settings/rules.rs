//! What the file says of rules and findings, as the policy of triage.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::file::ReadSettings;
use super::{Scope, Settings};
use crate::cli::args::RuleId;
use crate::finding::Severity;
use crate::model::Problem;
use crate::triage::{Ignore, Policy};

/// What holds for one rule.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RuleSettings {
    /// How severe it is in this project
    severity: Level,
}

/// How bad, or not to be checked at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Level {
    Error,
    Warning,
    Note,
    Off,
}

/// Findings that are not to be shown: those of the rule that fit all that is given.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Ignored {
    /// Id of the rule
    rule: RuleId,
    /// The job, with * and ?
    job: Option<String>,
    /// What the finding is about (`subject` in the JSON report), with * and ?
    subject: Option<String>,
    /// The one finding (`fingerprint` in the JSON report)
    fingerprint: Option<String>,
    /// Why; shown wherever something is hidden
    reason: Reason,
    /// The last day on which it applies: 2026-12-31
    #[cfg_attr(test, schemars(with = "Option<String>", extend("format" = "date")))]
    expires: Option<Day>,
}

/// Some words.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
struct Reason(String);

impl TryFrom<String> for Reason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() {
            Err("say why it is ignored: it is shown in the report")
        } else {
            Ok(Self(text))
        }
    }
}

/// A day, with or without quotes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Written")]
struct Day(NaiveDate);

#[derive(Deserialize)]
#[serde(untagged, expecting = "write a date as 2026-12-31")]
enum Written {
    Date(Datetime),
    Text(String),
}

impl TryFrom<Written> for Day {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let text = match written {
            Written::Date(date) => date.date.map(|date| date.to_string()).unwrap_or_default(),
            Written::Text(text) => text,
        };
        text.parse().map(Self).map_err(|_| "write a date as 2026-12-31")
    }
}

impl Ignored {
    /// Its last day is over.
    fn ended(&self) -> Option<NaiveDate> {
        let today = DateTime::<Utc>::from(std::time::SystemTime::now()).date_naive();
        self.expires.map(|day| day.0).filter(|last| *last < today)
    }
}

/// Flags and the file together. A rule that was asked for by a flag is checked though the file
/// turns it off.
pub(super) fn policy(scope: &Scope, written: &Settings, file: &ReadSettings) -> Policy {
    let mut policy =
        Policy { only: scope.rule.iter().map(ToString::to_string).collect(), ..Policy::default() };
    let flags = scope.ignore.iter().map(|rule| off(rule, "--ignore".to_owned()));
    policy.ignores.extend(flags);
    for (rule, settings) in &written.rules {
        match settings.as_ref().severity {
            Level::Off if scope.rule.contains(rule) => {}
            Level::Off => policy.ignores.push(off(rule, file.place(settings.span().start))),
            Level::Error => _ = policy.severities.insert(rule.to_string(), Severity::Error),
            Level::Warning => _ = policy.severities.insert(rule.to_string(), Severity::Warning),
            Level::Note => _ = policy.severities.insert(rule.to_string(), Severity::Note),
        }
    }
    let ignores = written.ignore.iter().filter(|ignored| ignored.as_ref().ended().is_none());
    policy.ignores.extend(ignores.map(|ignored| ignore(ignored, file)));
    policy
}

fn off(rule: &RuleId, place: String) -> Ignore {
    Ignore { rule: rule.to_string(), reason: "turned off".to_owned(), place, ..Ignore::default() }
}

fn ignore(ignored: &Spanned<Ignored>, file: &ReadSettings) -> Ignore {
    let Ignored { rule, job, subject, fingerprint, reason, .. } = ignored.as_ref().clone();
    let place = file.place(ignored.span().start);
    Ignore { rule: rule.to_string(), job, subject, fingerprint, reason: reason.0, place }
}

/// Ignores whose last day is over hide nothing, and say so until somebody looks at them.
pub(super) fn ended(written: &Settings, file: &ReadSettings) -> Vec<Problem> {
    let ended =
        written.ignore.iter().filter_map(|ignored| Some((ignored, ignored.as_ref().ended()?)));
    ended.map(|(ignored, last)| expired(ignored, last, file)).collect()
}

fn expired(ignored: &Spanned<Ignored>, last: NaiveDate, file: &ReadSettings) -> Problem {
    Problem {
        source: file.name.clone(),
        line: Some(file.line(ignored.span().start)),
        message: format!(
            "this ignore of {} expired on {last} and hides nothing any more: fix the cause, or set \
                a new date",
            ignored.as_ref().rule
        ),
    }
}
