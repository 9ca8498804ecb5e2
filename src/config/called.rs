//! Scripts and Makefiles of the repository that a CI file calls.
//!
//! Told by the words of the file: a path that ends in `.sh` and is there, `make` and a target.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::makefile::{self, Makefile};
use super::shell_script::ShellScript;
use super::{Config, Kind};

/// What CI files call.
#[derive(Debug, Default)]
pub struct Called {
    /// Paths of scripts, from the root of the repository.
    scripts: HashSet<String>,
    /// Targets of Makefiles.
    targets: Vec<String>,
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
        if !line.contains(".sh") && !line.contains("make ") && !line.contains(".bash") {
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
        let Some(make) = words.iter().position(|word| *word == "make") else { return };
        self.assigned.extend(assigned(line));
        let targets = words
            .iter()
            .skip(make + 1)
            .filter(|word| !word.starts_with('-') && !word.contains('='));
        for target in targets.take_while(|word| {
            word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
        }) {
            if !self.targets.iter().any(|known| known == target) {
                self.targets.push((*target).to_owned());
            }
        }
    }

    /// A file of this path may be called.
    #[must_use]
    pub fn names(&self, path: &str) -> bool {
        self.scripts.contains(path) || (!self.targets.is_empty() && is_makefile(path))
    }

    /// The file, if it builds images.
    #[must_use]
    pub fn read(&self, path: &str, text: &str) -> Option<Config> {
        let kind: &'static dyn Kind =
            if self.scripts.contains(path) { &ShellScript } else { &Makefile };
        if kind.name() == Makefile.name() && !makefile::builds(text, &self.targets) {
            return None;
        }
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
