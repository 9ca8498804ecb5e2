//! The patch of the `.dockerignore` that goes with a new order: what changes with every commit, and
//! what an installation of the machine that builds left in the context.

use super::git;
use crate::config::dockerignore::ignores;
use crate::config::{Change, Config, Instruction};
use crate::finding::{Edit, Fix};
use crate::rules::Study;
use crate::rules::dockerfile_at::all;
use crate::rules::instruction::{commands, script};

/// `.git` is another one in each commit. It lies in the root of the repository: a Dockerfile there
/// has it in its context.
pub(in crate::rules) fn without_git(fix: Fix, study: &Study, dockerfile: &Config) -> Fix {
    patched(fix, study, dockerfile, &[])
}

/// As [`without_git`], with the folders that the installations fill: where the COPY of everything
/// comes behind them, those of the context would lie over what was installed.
pub(super) fn patched(fix: Fix, study: &Study, dockerfile: &Config, filled: &[&str]) -> Fix {
    let own = format!("{}.dockerignore", dockerfile.path);
    let named = |name: &str| study.configs.iter().find(|c| c.path == name);
    let there = named(&own).or_else(|| named(".dockerignore"));
    let ignored = there.map_or(&[][..], |there| there.content.ignored.as_slice());
    let stays = |folder: &&str| !ignores(ignored, folder) && !is_copied(study, folder);
    let filled: Vec<&str> = filled.iter().copied().filter(stays).collect();
    if dockerfile.path.contains('/') {
        return told(fix, &filled);
    }
    let git = (!git::may_be_read(study, dockerfile)).then_some(".git");
    let patterns: Vec<&str> =
        git.into_iter().filter(|git| !ignores(ignored, git)).chain(filled.clone()).collect();
    // Only the Dockerfile was given, and there is one beside it.
    let hidden = dockerfile.beside.as_ref().is_some_and(|there| there.contains(".dockerignore"));
    match there {
        _ if patterns.is_empty() => fix,
        None if hidden => told(fix, &filled),
        _ => edited(fix, there, &patterns),
    }
}

fn edited(mut fix: Fix, there: Option<&Config>, patterns: &[&str]) -> Fix {
    let ignore = |pattern: &&str| Change::Ignore { pattern: (*pattern).to_owned() };
    let changes: Vec<Change> = patterns.iter().map(ignore).collect();
    let (path, new) = match there {
        Some(there) => (there.path.clone(), there.corrected(&changes)),
        None => (".dockerignore".to_owned(), Config::created(".dockerignore", &changes)),
    };
    fix.edits.extend(new.ok().map(|new| Edit {
        path,
        diff: new.diff,
        change: new.change,
        safe: false,
        builders: Vec::new(),
    }));
    fix
}

/// Which file would leave them out is not certain.
fn told(mut fix: Fix, filled: &[&str]) -> Fix {
    fix.steps.extend(filled.iter().map(|folder| {
        format!(
            "List `{folder}` in the `.dockerignore` of its context: a `{folder}` that lies there \
                would be copied over what was installed."
        )
    }));
    fix
}

/// Folders of the project that these installations fill.
pub(super) fn filled(runs: &str) -> Vec<&'static str> {
    const FOLDERS: [(&str, &str); 8] = [
        ("npm", "node_modules"),
        ("yarn", "node_modules"),
        ("pnpm", "node_modules"),
        ("bun", "node_modules"),
        ("composer", "vendor"),
        ("poetry", ".venv"),
        ("pipenv", ".venv"),
        ("uv", ".venv"),
    ];
    let mut found = Vec::new();
    for command in runs.lines().flat_map(|run| commands(script(run)).collect::<Vec<_>>()) {
        let mut words = command.split_ascii_whitespace();
        let tool = words.next().unwrap_or_default();
        let global = words.any(|word| matches!(word, "-g" | "--global" | "pip" | "cache"));
        let folder = FOLDERS.iter().find(|(name, _)| *name == tool).map(|(_, folder)| *folder);
        found.extend(folder.filter(|folder| !global && !found.contains(folder)));
    }
    found
}

/// A COPY takes the folder itself out of the context.
fn is_copied(study: &Study, folder: &str) -> bool {
    let named = |word: &str| {
        let word = word.trim_start_matches("./").trim_start_matches('/');
        word.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let copies = |i: &Instruction| {
        let words = i.text.split_ascii_whitespace();
        matches!(i.keyword.as_str(), "COPY" | "ADD")
            && i.from.is_empty()
            && words.into_iter().any(named)
    };
    instructions(study).any(copies)
}

/// Instructions of all Dockerfiles that may be built from the same context.
pub(super) fn instructions(study: &Study) -> impl Iterator<Item = &Instruction> {
    all(study).flat_map(|config| &config.content.stages).flat_map(|stage| &stage.instructions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_those_of_the_project() {
        assert_eq!(filled("RUN npm i -g pnpm && pnpm install --frozen-lockfile"), ["node_modules"]);
        assert_eq!(filled("RUN npm ci\nRUN composer install"), ["node_modules", "vendor"]);
        assert_eq!(filled("RUN uv sync --frozen"), [".venv"]);
        for run in ["RUN npm i -g typescript", "RUN uv pip install -r x.txt", "RUN go mod download"]
        {
            assert!(filled(run).is_empty(), "{run}");
        }
    }
}
