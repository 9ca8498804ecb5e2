//! Scripts, Makefiles, justfiles and files of Task of the repository that a CI file calls.
//!
//! Told by the words of the file: a path that ends in `.sh` and is there, `make` and a target.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::justfile::{self, Justfile, is_justfile};
use super::makefile::{self, Makefile};
use super::shell_script::ShellScript;
use super::taskfile::{self, Taskfile, is_taskfile};
use super::{Config, Kind};

/// What CI files call.
#[derive(Debug, Default)]
pub struct Called {
    /// Paths of scripts, from the root of the repository.
    scripts: HashSet<String>,
    /// Targets of Makefiles.
    targets: Vec<String>,
    /// Recipes of justfiles.
    recipes: Vec<String>,
    /// Tasks of Task.
    tasks: Vec<String>,
    /// What is assigned behind `make`, before anything that a Makefile assigns itself.
    assigned: Vec<(String, String)>,
}

impl Called {
    /// By these files.
    #[must_use]
    pub fn by(configs: &[Config]) -> Self {
        let mut called = Self::default();
        for config in configs.iter().filter(|config| config.kind.ci().is_some()) {
            for line in config.body().lines().filter(|line| !line.trim_start().starts_with('#')) {
                called.line(config, line);
            }
        }
        called
    }

    fn line(&mut self, config: &Config, line: &str) {
        if ![".sh", ".bash", "make ", "just ", "task "].iter().any(|word| line.contains(word)) {
            return;
        }
        let ends = |c: char| {
            c.is_ascii_whitespace()
                || matches!(c, '"' | '\'' | ';' | '(' | ')' | '&' | '|' | ',' | '[' | ']')
        };
        let words: Vec<&str> = line.split(ends).filter(|word| !word.is_empty()).collect();
        let scripts = words.iter().filter(|word| is_script(word));
        self.scripts
            .extend(scripts.map(|word| super::link::in_root(&config.path, in_checkout(word))));
        if words.contains(&"make") {
            self.assigned.extend(assigned(line));
        }
        add(&mut self.targets, behind(&words, "make"));
        add(&mut self.recipes, behind(&words, "just"));
        add(&mut self.tasks, behind(&words, "task"));
    }

    /// A file of this path may be called.
    #[must_use]
    pub fn names(&self, path: &str) -> bool {
        self.scripts.contains(path)
            || (!self.targets.is_empty() && is_makefile(path))
            || (!self.recipes.is_empty() && is_justfile(path))
            || (!self.tasks.is_empty() && is_taskfile(path))
    }

    /// What the file is, if something in it that is called may build images.
    fn kind(&self, path: &str, text: &str) -> Option<&'static dyn Kind> {
        if self.scripts.contains(path) {
            return Some(&ShellScript);
        }
        if is_justfile(path) {
            return justfile::builds(text, &self.recipes).then_some(&Justfile);
        }
        if is_taskfile(path) {
            return taskfile::has_one_of(text, &self.tasks).then_some(&Taskfile);
        }
        makefile::builds(text, &self.targets).then_some(&Makefile)
    }

    /// The file, if it builds images.
    #[must_use]
    pub fn read(&self, path: &str, text: &str) -> Option<Config> {
        let kind = self.kind(path, text)?;
        let content = if kind.name() == Makefile.name() {
            makefile::content(text, &self.assigned)
        } else {
            kind.read(text).ok()?
        };
        if content.places.is_empty() {
            return None;
        }
        let others = std::sync::Arc::default();
        let (path, text, lines) = (path.to_owned(), text.to_owned(), OnceLock::new());
        Some(Config { path, text, kind, content, others, lines, beside: None })
    }
}

/// Words behind a program that may name what it is to make: a name, or one with a variable in it.
fn behind<'a>(words: &[&'a str], program: &str) -> Vec<&'a str> {
    let Some(at) = words.iter().position(|word| *word == program) else { return Vec::new() };
    let behind = words.iter().skip(at + 1).copied();
    let named = behind.filter(|word| !word.starts_with('-') && !word.contains('='));
    let is_name =
        |word: &&str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:${}".contains(&b));
    named.take_while(is_name).collect()
}

fn add(known: &mut Vec<String>, names: Vec<&str>) {
    for name in names {
        if !known.iter().any(|known| known == name) {
            known.push(name.to_owned());
        }
    }
}

/// `make image TAG=${{ github.sha }}`: with these a Makefile's own assignments do not count
/// (<https://www.gnu.org/software/make/manual/html_node/Overriding.html>).
fn assigned(line: &str) -> Vec<(String, String)> {
    let Some((_, behind)) = line.split_once("make ") else { return Vec::new() };
    let whole = behind.replace("${{ ", "${{").replace(" }}", "}}");
    let words = shlex::split(&whole).unwrap_or_default();
    let words = words.iter().take_while(|word| !matches!(word.as_str(), "&&" | "||" | ";" | "|"));
    let pairs = words.filter(|word| !word.starts_with('-')).filter_map(|word| word.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn is_script(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "sh" | "bash"))
}

fn is_makefile(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("Makefile" | "makefile" | "GNUmakefile"))
}

/// Without the folder of the checkout in front: `$GITHUB_WORKSPACE/ci/build.sh`, `./ci/build.sh`.
fn in_checkout(word: &str) -> &str {
    const ROOTS: [&str; 8] = [
        "${{ github.workspace }}/",
        "$GITHUB_WORKSPACE/",
        "${GITHUB_WORKSPACE}/",
        "$CI_PROJECT_DIR/",
        "${CI_PROJECT_DIR}/",
        "$BITBUCKET_CLONE_DIR/",
        "$(Build.SourcesDirectory)/",
        "/workspace/",
    ];
    ROOTS.iter().find_map(|root| word.strip_prefix(root)).unwrap_or(word)
}
