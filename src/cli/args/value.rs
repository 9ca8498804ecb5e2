//! Values of options. They are checked here, so that clap words the errors.

use std::ffi::OsString;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use clap::ValueEnum;
use serde::Deserialize;

use crate::cli::auto;
use crate::finding::Severity;
use crate::render::{RENDERERS, Renderer};
use crate::rules::RULES;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum ListFormat {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl FailOn {
    /// The least severity that fails; `None` where nothing does.
    pub(in crate::cli) fn least(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Note => Some(Severity::Note),
            Self::Never => None,
        }
    }
}

/// One `--output`.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::cli) struct Output {
    pub(in crate::cli) renderer: &'static dyn Renderer,
    pub(in crate::cli) path: PathBuf,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.renderer.name(), self.path.display())
    }
}

/// The format that depends on where it runs.
pub(in crate::cli) const AUTO: &str = "auto";

/// Name of a format that exists, or `auto`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
pub(in crate::cli) struct Format(pub(in crate::cli) String);

impl TryFrom<String> for Format {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if formats().any(|known| known == name) {
            Ok(Self(name))
        } else {
            Err(format!("{name}: {}", no_format(&name)))
        }
    }
}

/// What can be given as a format.
pub(in crate::cli) fn formats() -> impl Iterator<Item = &'static str> {
    RENDERERS.iter().map(|renderer| renderer.name()).chain([AUTO])
}

/// The format whose files end so.
fn by_ending(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    let known = match ending {
        "md" => "markdown",
        "xml" => "junit",
        "txt" | "log" => "human",
        "htm" => "html",
        other => other,
    };
    formats().find(|format| *format == known)
}

/// The renderer of this name.
pub(in crate::cli) fn renderer(name: &str) -> Option<&'static dyn Renderer> {
    RENDERERS.iter().copied().find(|r| r.name() == name)
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((format, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
            return Err(match by_ending(text) {
                Some(format) => format!("the format is missing: --output {format}={text}"),
                None => "write it as FORMAT=FILE: --output sarif=report.sarif".to_owned(),
            });
        };
        let name = if format == AUTO { auto::file() } else { format };
        let renderer = renderer(name).ok_or_else(|| no_format(format))?;
        Ok(Output { renderer, path: path.into() })
    }
}

impl TryFrom<String> for Output {
    type Error = String;

    /// From the settings file, which may come with somebody else's repository: it writes where it
    /// lies only.
    fn try_from(text: String) -> Result<Self, String> {
        let output: Self = text.parse()?;
        if inside(&output.path) { Ok(output) } else { Err(format!("{text}: {OUTSIDE}")) }
    }
}

/// A file of a project's settings that is written to.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String")]
pub(in crate::cli) struct SettingsPath(pub(in crate::cli) PathBuf);

impl From<OsString> for SettingsPath {
    fn from(path: OsString) -> Self {
        Self(path.into())
    }
}

impl TryFrom<String> for SettingsPath {
    type Error = String;

    /// From the settings file.
    fn try_from(text: String) -> Result<Self, String> {
        if inside(Path::new(&text)) {
            Ok(Self(text.into()))
        } else {
            Err(format!("{text}: {OUTSIDE}"))
        }
    }
}

/// A path that leads nowhere but down.
fn inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

const OUTSIDE: &str = "a settings file writes into its own folder only";

fn no_format(name: &str) -> String {
    let names: Vec<_> = formats().collect();
    match nearest(name, &names) {
        Some(near) => format!("no such format, did you mean {near}?"),
        None => format!("no such format; there are {}", names.join(", ")),
    }
}

/// A share: `60`, `60%`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "u8")]
pub(in crate::cli) struct Percent(
    #[cfg_attr(test, schemars(range(max = 100)))] pub(in crate::cli) u8,
);

const NO_PERCENT: &str = "whole per cent, 0 to 100";

impl TryFrom<u8> for Percent {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        if number <= 100 { Ok(Self(number)) } else { Err(NO_PERCENT) }
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.trim_end_matches('%').trim_end();
        if let Ok(number) = number.parse::<u8>() {
            return Self::try_from(number).map_err(ToOwned::to_owned);
        }
        Err(match number.parse::<f64>() {
            Ok(share) if share > 0.0 && share < 1.0 => {
                format!("{NO_PERCENT}; did you mean {:.0}?", (share * 100.0).max(1.0))
            }
            _ => NO_PERCENT.to_owned(),
        })
    }
}

/// Words for a number that must not be 0.
pub(in crate::cli) const NO_NUMBER: &str = "a whole number, 1 or more";

/// How many.
pub(in crate::cli) fn whole(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| format!("write {NO_NUMBER}"))
}

/// A step, by its stage and the beginning of its instruction.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
pub(in crate::cli) struct MustHit(pub(in crate::cli) String);

impl FromStr for MustHit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            Err("name a step: 'build: RUN npm ci'")
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl TryFrom<String> for MustHit {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Id of a rule that exists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
pub(in crate::cli) struct RuleId(String);

impl FromStr for RuleId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ids: Vec<_> = RULES.iter().map(|rule| rule.meta().id).collect();
        if ids.contains(&text) {
            return Ok(Self(text.to_owned()));
        }
        let near: Vec<&str> = match nearest(text, &ids) {
            Some(near) => vec![near],
            None => ids.into_iter().filter(|id| id.contains(text)).take(4).collect(),
        };
        let hint = if near.is_empty() {
            "see: cachediag rules".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        Err(format!("no such rule, {hint}"))
    }
}

impl TryFrom<String> for RuleId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|hint| format!("{text}: {hint}"))
    }
}

impl RuleId {
    pub(in crate::cli) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name one probably meant: more than half of it must be right.
pub(in crate::cli) fn nearest<'a>(text: &str, names: &[&'a str]) -> Option<&'a str> {
    let scored =
        names.iter().map(|&name| (strsim::normalized_damerau_levenshtein(text, name), name));
    scored
        .filter(|(score, _)| *score > 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_only() {
        let names = ["inline-cache-multi-stage", "cache-lost"];
        assert_eq!(nearest("inline-cache-multistage", &names), Some("inline-cache-multi-stage"));
        assert_eq!(nearest("zzz", &names), None);
    }

    fn output(text: &str) -> Result<Output, String> {
        text.parse()
    }

    #[test]
    fn outputs_name_format_and_file() {
        assert_eq!(format!("{:?}", output("json=a=b.json").unwrap()), "json=a=b.json");
        assert!(output("json").unwrap_err().contains("FORMAT=FILE"));
        assert!(output("json=").is_err());
        assert_eq!(output("jsn=x").unwrap_err(), "no such format, did you mean json?");
        assert!(output("xyz=x").unwrap_err().contains("human, summary, concise, json, "));
    }
}
