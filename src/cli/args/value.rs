//! Values of options. They are checked here, so that clap words the errors.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::auto;
use crate::finding::Severity;
use crate::render::{RENDERERS, Renderer};
use crate::rules::RULES;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum ListFormat {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
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
#[derive(Clone)]
pub(in crate::cli) struct Output {
    pub(in crate::cli) renderer: &'static dyn Renderer,
    pub(in crate::cli) path: PathBuf,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.renderer.name(), self.path.display())
    }
}

/// The format that depends on where it runs.
pub(in crate::cli) const AUTO: &str = "auto";

/// What can be given as a format.
pub(super) fn formats() -> impl Iterator<Item = &'static str> {
    RENDERERS.iter().map(|renderer| renderer.name()).chain([AUTO])
}

/// The renderer of this name.
pub(in crate::cli) fn renderer(name: &str) -> Option<&'static dyn Renderer> {
    RENDERERS.iter().copied().find(|r| r.name() == name)
}

/// Reads one `--output`.
pub(super) fn output(text: &str) -> Result<Output, String> {
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

/// A rule that exists.
pub(super) fn rule_id(text: &str) -> Result<String, String> {
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
}
