//! Bake files with an override beside them, which a call that names no file reads over them.

use std::sync::Arc;

use super::{Config, Content};
use crate::model::Tool;

/// Names of files that a call finds by itself, in the order in which it reads them; the others are
/// overrides.
const FOUND: [&str; 2] = ["docker-bake.json", "docker-bake.hcl"];

/// Each of them with what the others say of its targets.
pub(super) fn fill(configs: &mut [Config]) {
    let overrides: Vec<usize> =
        (0..configs.len()).filter(|at| configs.get(*at).is_some_and(is_override)).collect();
    if overrides.is_empty() || !are_read(configs) {
        return;
    }
    for at in overrides {
        let bases: Vec<usize> = bases(configs, at).collect();
        for base in &bases {
            join(configs, *base, at);
        }
        for base in bases {
            join(configs, at, base);
        }
    }
}

fn is_override(config: &Config) -> bool {
    config.kind.name() == "bake-override"
}

/// Some call names no file, or the override itself; or there is none.
fn are_read(configs: &[Config]) -> bool {
    let calls = configs.iter().filter(|config| config.kind.reader().is_none());
    let calls = calls.flat_map(|config| &config.content.places);
    let mut files = calls
        .filter(|place| place.command.tool == Tool::BuildxBake)
        .map(|place| place.command.file.as_deref())
        .peekable();
    files.peek().is_none() || files.any(|file| file.is_none_or(|name| name.contains(".override.")))
}

/// The files that an override lies over.
fn bases(configs: &[Config], at: usize) -> impl Iterator<Item = usize> {
    let folder = configs.get(at).map_or("", |config| folder(&config.path)).to_owned();
    FOUND.into_iter().filter_map(move |name| {
        let lies_there = |config: &Config| {
            file_name(&config.path) == name && self::folder(&config.path) == folder
        };
        configs.iter().position(lies_there)
    })
}

/// Reads a file with one more beside it.
fn join(configs: &mut [Config], at: usize, other: usize) {
    let Some(text) = configs.get(other).map(|config| config.body().to_owned()) else { return };
    let Some(config) = configs.get_mut(at) else { return };
    let others: Arc<[String]> = config.others.iter().cloned().chain([text]).collect();
    if let Ok(content) = config.kind.read_among(config.body(), &others) {
        config.content =
            Content { includes: std::mem::take(&mut config.content.includes), ..content };
        config.others = others;
    }
}

/// The file that has the targets of an override, where one lies beside it.
pub(crate) fn base_of(configs: &[Config], at: usize) -> Option<usize> {
    let config = configs.get(at)?;
    if is_override(config) && !config.others.is_empty() { bases(configs, at).next() } else { None }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
