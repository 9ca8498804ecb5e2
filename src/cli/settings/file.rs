//! `cachediag.toml`: where it lies, and what is wrong with it, by line.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Settings;
use crate::cli::args::{NO_NUMBER, nearest};
use crate::render::escape;
use crate::source;

const NAME: &str = "cachediag.toml";

/// A file that was read.
#[derive(Default)]
pub(super) struct ReadSettings {
    /// As it is named in messages.
    pub(super) name: String,
    text: String,
}

impl ReadSettings {
    /// `cachediag.toml:12`.
    pub(super) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.name, self.line(at))
    }

    /// 1-based line of a byte.
    pub(super) fn line(&self, at: usize) -> u64 {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        memchr::memchr_iter(b'\n', before).count() as u64 + 1
    }
}

/// In the working directory, else above it up to the root of the repository; outside of one nothing
/// above counts.
pub(super) fn find() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let root = here.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or(0);
    let above = (0..=root).map(|up| "../".repeat(up) + NAME);
    above.map(PathBuf::from).find(|path| path.is_file())
}

/// Reads it. What cannot be read as settings is an error: a gate that is misspelt would never
/// close.
pub(super) fn read(path: &Path) -> anyhow::Result<(ReadSettings, Settings)> {
    let name = path.display().to_string();
    let text =
        source::read_small(path).with_context(|| format!("cannot read the settings {name}"))?;
    let file = ReadSettings { name, text };
    match toml::from_str(&file.text) {
        Ok(settings) => Ok((file, settings)),
        Err(error) => anyhow::bail!(complaint(&file, &error)),
    }
}

/// `cachediag.toml:3: unknown key fail_on, did you mean fail-on?`, and the line.
fn complaint(file: &ReadSettings, error: &toml::de::Error) -> String {
    let message = unknown_key(error.message()).unwrap_or_else(|| plain(error.message()));
    let Some(span) = error.span() else { return format!("{}: {message}", file.name) };
    let line = file.line(span.start);
    let text = usize::try_from(line - 1)
        .ok()
        .and_then(|index| file.text.lines().nth(index))
        .unwrap_or_default();
    format!("{}:{line}: {}\n  {line} | {}", file.name, escape::line(&message), escape::line(text))
}

/// serde: ``invalid value: integer `0`, expected a nonzero usize`` (`serde_core/src/de/impls.rs`).
fn plain(message: &str) -> String {
    message.trim_end().replace('\n', ": ").replace("a nonzero usize", NO_NUMBER)
}

/// serde: ``unknown field `fail_on`, expected one of `format`, `output` ``
/// (`serde_core/src/de/mod.rs`, `unknown_field`).
fn unknown_key(message: &str) -> Option<String> {
    let names: Vec<&str> =
        message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2).collect();
    let (key, valid) = names.split_first()?;
    let hint = match nearest(key, valid) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", valid.join(", ")),
    };
    Some(format!("unknown key {key}, {hint}"))
}
