//! Which of the files that were found are configuration, and what they say together.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Options, problem};
use crate::config::{self, Beside, Called, Config};
use crate::model::Problem;
use crate::source::{self, Entry};

/// The configuration among these files; what was named with `--config` has to be some.
pub(super) fn read(options: &Options, files: &[Entry]) -> (Vec<Config>, Vec<Problem>) {
    let (mut configs, mut problems): (Vec<Config>, Vec<Problem>) = (Vec::new(), Vec::new());
    let mut seen: HashSet<String> = HashSet::new();
    for entry in files {
        let named = options.config.contains(&entry.path);
        if !(named || Config::is_config(&entry.name))
            || seen.contains(&config::plain_path(&entry.name))
        {
            continue;
        }
        // A folder says little of what is in it: what is named by itself is told by its looks too.
        let read = |text: String| match Config::read(&entry.name, &text) {
            None if named => Config::read_by_looks(&entry.name, &text),
            read => read,
        };
        match source::read_text(entry).map(read) {
            Ok(Some(Ok(mut config))) => {
                seen.insert(config.path.clone());
                if !config.content.stages.is_empty() && entry.bytes.is_none() {
                    config.beside = root_of(options, &entry.path)
                        .map(|root| Arc::new(beside(&entry.path, root)));
                }
                configs.push(config);
            }
            Ok(Some(Err(message))) => problems.push(problem(&entry.name, message)),
            Ok(None) if named => {
                problems.push(problem(
                    &entry.name,
                    "is not a configuration file that cachediag knows".to_owned(),
                ));
            }
            Ok(None) => {}
            Err(_) if !named && Config::may_be_other(&entry.name) => {}
            Err(e) => problems.push(problem(&entry.name, e.to_string())),
        }
    }
    read_included(files, &mut seen, &mut configs, &mut problems);
    read_called(files, &mut seen, &mut configs);
    config::link(&mut configs);
    for config in &configs {
        let unread = config.content.unread.iter();
        problems.extend(unread.map(|what| problem(&config.path, what.clone())));
    }
    (configs, problems)
}

/// What lies there, with the texts of manifests; of very many the first.
fn beside(file: &Path, root: &Path) -> Beside {
    const MOST: usize = 64;
    let files = source::files_beside(file, root);
    let told = files.iter().filter(|(name, path)| Beside::is_told(name) && path.is_file());
    let text =
        |(name, path): &(String, PathBuf)| Some((name.clone(), source::read_small(path).ok()?));
    let mut texts: Vec<(String, String)> = told.take(MOST).filter_map(text).collect();
    texts.dedup();
    Beside::new(files.into_iter().map(|(name, _)| name).collect(), texts)
}

/// The checkout that a file was found in: a folder of `--config`, or the working directory, where
/// it is one. A file that is named by itself (`cachediag check Dockerfile`) is in the latter.
fn root_of<'a>(options: &'a Options, file: &Path) -> Option<&'a Path> {
    let named = options.config.iter().map(PathBuf::as_path).filter(|root| file.starts_with(root));
    let itself = options.config.iter().any(|root| root == file);
    let here = (options.config.is_empty() || itself)
        && file.is_relative()
        && !options.paths.iter().any(|path| file.starts_with(path));
    let here = here.then_some(Path::new("."));
    named.chain(here).find(|root| root.join(".git").exists())
}

/// Files that others include, whatever they are called.
fn read_included(
    files: &[Entry],
    seen: &mut HashSet<String>,
    configs: &mut Vec<Config>,
    problems: &mut Vec<Problem>,
) {
    // What is included may include others.
    for _ in 0..4 {
        let including: Vec<usize> = (0..configs.len())
            .filter(|at| configs.get(*at).is_some_and(|c| !c.content.includes.is_empty()))
            .collect();
        let mut more: Vec<Config> = Vec::new();
        for entry in files {
            let path = config::plain_path(&entry.name);
            if seen.contains(&path) {
                continue;
            }
            let mut including = including.iter().filter_map(|at| configs.get(*at));
            let by = including.find(|c| config::is_included(c, &path));
            let Some(by) = by else { continue };
            seen.insert(path);
            match source::read_text(entry).map(|text| by.read_as(&entry.name, &text)) {
                Ok(Ok(config)) => more.push(config),
                Ok(Err(message)) => problems.push(problem(&entry.name, message)),
                Err(e) => problems.push(problem(&entry.name, e.to_string())),
            }
        }
        if more.is_empty() {
            return;
        }
        configs.extend(more);
    }
}

/// Scripts and Makefiles that the files of CIs call, and what these call.
fn read_called(files: &[Entry], seen: &mut HashSet<String>, configs: &mut Vec<Config>) {
    for _ in 0..4 {
        let called = Called::by(configs);
        let named = files.iter().map(|entry| (entry, config::plain_path(&entry.name)));
        let named = named.filter(|(_, path)| called.names(path) && seen.insert(path.clone()));
        let read =
            named.filter_map(|(entry, path)| called.read(&path, &source::read_text(entry).ok()?));
        let read: Vec<Config> = read.collect();
        if read.is_empty() {
            return;
        }
        configs.extend(read);
    }
}
