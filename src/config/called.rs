//! Scripts, Makefiles, justfiles, files of Task and of npm of the repository that a CI file calls.
//!
//! Told by the words of the file: a path that ends in `.sh` and is there, `make` and a target.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::justfile::{self, Justfile, is_justfile};
use super::makefile::{self, Makefile};
use super::package_scripts::{PackageScripts, is_package};
use super::script::{in_checkout, is_script};
use super::shell_script::ShellScript;
use super::taskfile::{self, Taskfile, is_taskfile};
use super::{Config, Kind, contexts};
use crate::model::shell_words;

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
    /// Some script of a package.
    packages: bool,
    /// What is assigned behind `make`, before anything that a Makefile assigns itself.
    assigned: Vec<(String, String)>,
}

impl Called {
    /// By these files.
    #[must_use]
    pub fn by(configs: &[Config]) -> Self {
        let mut called = Self::default();
        let roots: HashSet<String> = configs
            .iter()
            .filter(|config| config.kind.ci().is_some())
            .map(|config| super::link::root(&config.path))
            .collect();
        for config in configs.iter().filter(|c| c.kind.ci().is_some() || c.kind.is_called()) {
            let runs = config.content.runs.iter().filter_map(|run| run.call.as_deref());
            let bases =
                if config.content.runs.is_empty() { Vec::new() } else { bases(config, &roots) };
            for run in runs {
                let candidates = bases.iter().flat_map(|base| contexts::candidates(run, base));
                called.scripts.extend(candidates);
            }
            for line in config.body().lines().filter(|line| !line.trim_start().starts_with('#')) {
                called.line(config, line);
            }
        }
        called
    }

    fn line(&mut self, config: &Config, line: &str) {
        const WORDS: [&str; 9] =
            [".sh", ".bash", "make ", "just ", "task ", "npm ", "pnpm ", "yarn ", "bun "];
        if !WORDS.iter().any(|word| line.contains(word)) {
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
        self.packages |= words.iter().any(|word| matches!(*word, "npm" | "pnpm" | "yarn" | "bun"));
    }

    /// A file of this path may be called.
    #[must_use]
    pub fn names(&self, path: &str) -> bool {
        self.scripts.contains(path)
            || (!self.targets.is_empty() && is_makefile(path))
            || (!self.recipes.is_empty() && is_justfile(path))
            || (!self.tasks.is_empty() && is_taskfile(path))
            || (self.packages && is_package(path))
    }

    /// What the file is.
    fn kind(path: &str) -> &'static dyn Kind {
        match path {
            _ if is_justfile(path) => &Justfile,
            _ if is_taskfile(path) => &Taskfile,
            _ if is_package(path) => &PackageScripts,
            _ if is_makefile(path) => &Makefile,
            _ => &ShellScript,
        }
    }

    /// Something in the file that is called may build images.
    fn builds(&self, kind: &'static dyn Kind, text: &str) -> bool {
        match kind.name() {
            "justfile" => justfile::builds(text, &self.recipes),
            "taskfile" => taskfile::has_one_of(text, &self.tasks),
            "makefile" => makefile::builds(text, &self.targets),
            "shell-script" => true,
            // Its scripts count where a plain call names them.
            _ => false,
        }
    }

    /// The file, if it builds images or calls others.
    #[must_use]
    pub fn read(&self, path: &str, text: &str) -> Option<Config> {
        let kind = Self::kind(path);
        if kind.is_script() && !is_script(path) && !kind.looks(text) {
            return None;
        }
        let mut content = if kind.name() == Makefile.name() {
            makefile::content(text, &self.assigned)
        } else {
            kind.read(text).ok()?
        };
        if content.places.is_empty() && content.runs.is_empty() && !has_builder(text) {
            return None;
        }
        if !self.builds(kind, text) {
            // They count as the calls have them, and not by themselves.
            content.called = (0..content.places.len()).map(|index| (index, Vec::new())).collect();
        }
        let others = std::sync::Arc::default();
        let (path, text) = (path.to_owned(), text.to_owned());
        let (parts, lines) = (OnceLock::new(), OnceLock::new());
        Some(Config { path, text, kind, content, others, parts, lines, beside: None })
    }
}

/// Where paths of what it calls may begin: the checkouts that it lies in, and its own folder.
fn bases<'a>(config: &'a Config, roots: &'a HashSet<String>) -> Vec<&'a str> {
    let folder = config.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let above = std::iter::successors(Some(folder), |folder| {
        let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
        (!folder.is_empty()).then_some(above)
    });
    above.filter(|base| *base == folder || roots.contains(*base)).collect()
}

/// The file makes a builder, or chooses one.
pub(super) fn makes_builders(config: &Config) -> bool {
    has_builder(config.body())
}

fn has_builder(text: &str) -> bool {
    ["buildx create", "buildx use", "buildx install"].iter().any(|words| text.contains(words))
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
    let words = shell_words(&whole).unwrap_or_default();
    let words = words.iter().take_while(|word| !matches!(word.as_str(), "&&" | "||" | ";" | "|"));
    let pairs = words.filter(|word| !word.starts_with('-')).filter_map(|word| word.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn is_makefile(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("Makefile" | "makefile" | "GNUmakefile"))
}
