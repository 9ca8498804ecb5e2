//! Commands that run what the repository holds: a script, targets of make, recipes of just, tasks
//! of Task, scripts of a package.

use std::path::{Component, Path};

use super::{Builders, Simple, is_assignment, program};
use crate::config::{Machine, Place};

/// What a command runs.
#[derive(Clone, Debug)]
pub struct ScriptCall {
    /// Which kind of it.
    pub(in crate::config) program: Program,
    /// The script, or the file that the program is told to read; empty for the one it finds.
    pub(in crate::config) path: String,
    /// The directory it runs in, as far as the script tells.
    pub(in crate::config) folder: String,
    /// Targets, recipes, tasks; the arguments of a script.
    pub(in crate::config) words: Vec<String>,
    /// What is assigned behind the program: `make image TAG=1`.
    pub(in crate::config) assigned: Vec<(String, String)>,
    /// The builders that it finds.
    pub(in crate::config) builders: Builders,
    /// Builds of the file that stand before it.
    pub(in crate::config) before: usize,
}

/// Who reads what is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Program {
    Shell,
    Make,
    Just,
    Task,
    Package,
}

/// The call, as a place that has what its job gives to all commands.
pub(super) fn of(simple: &Simple, folder: &str, builders: &Builders) -> Option<Place> {
    let words: Vec<&str> = program(simple).iter().map(|word| word.value.as_str()).collect();
    let mut call = read(&words)?;
    call.within(folder);
    call.builders = builders.of_call();
    let set = simple.words.iter().take_while(|word| is_assignment(&word.value));
    let pairs = set.filter_map(|word| word.value.split_once('='));
    Some(Place {
        variables: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        machine: Machine { fresh: builders.is_fresh(), ..Machine::default() },
        call: Some(Box::new(call)),
        ..Place::default()
    })
}

fn read(words: &[&str]) -> Option<ScriptCall> {
    match words {
        ["bash" | "sh" | "zsh" | "dash" | "source" | ".", rest @ ..] => {
            let path = rest.iter().position(|word| is_script(word))?;
            let flags = rest.get(..path)?;
            let only = |word: &&str| word.starts_with(['-', '+']) || *word == "pipefail";
            if !flags.iter().all(only) || flags.contains(&"-c") {
                return None;
            }
            script(rest.get(path..)?)
        }
        ["make" | "gmake" | "$(MAKE)" | "${MAKE}" | "$MAKE", rest @ ..] => {
            Some(tool(Program::Make, rest, &["-C", "--directory"], &["-f", "--file"]))
        }
        ["just", rest @ ..] => {
            Some(tool(Program::Just, rest, &["-d", "--working-directory"], &["-f", "--justfile"]))
        }
        ["task", rest @ ..] => {
            Some(tool(Program::Task, rest, &["-d", "--dir"], &["-t", "--taskfile"]))
        }
        ["npm" | "pnpm" | "yarn" | "bun", rest @ ..] => {
            let call = tool(Program::Package, rest, &["--prefix", "--cwd", "-C", "--dir"], &[]);
            let names = call.words.iter().filter(|word| !matches!(&***word, "run" | "run-script"));
            let words: Vec<String> = names.take(1).cloned().collect();
            (!words.is_empty()).then_some(ScriptCall { words, ..call })
        }
        [path, ..] if is_script(path) || path.starts_with("./") => script(words),
        _ => None,
    }
}

fn script(words: &[&str]) -> Option<ScriptCall> {
    let (path, arguments) = words.split_first()?;
    let words = arguments.iter().map(|word| (*word).to_owned()).collect();
    Some(ScriptCall { words, ..new(Program::Shell, in_checkout(path)) })
}

/// Words of a program that takes names, assignments, and options for a directory and a file.
fn tool(program: Program, words: &[&str], folder: &[&str], file: &[&str]) -> ScriptCall {
    let mut call = new(program, "");
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        let (name, attached) =
            word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        if folder.contains(&name) || file.contains(&name) {
            let value = in_checkout(attached.or_else(|| words.next()).unwrap_or_default());
            let known = if file.contains(&name) { &mut call.path } else { &mut call.folder };
            value.clone_into(known);
        } else if word == "--" {
            break;
        } else if !name.starts_with('-')
            && let Some(value) = attached
        {
            call.assigned.push((name.to_owned(), value.to_owned()));
        } else if !word.starts_with('-') && word.parse::<u32>().is_err() {
            call.words.push(word.to_owned());
        }
    }
    call
}

fn new(program: Program, path: &str) -> ScriptCall {
    ScriptCall {
        program,
        path: path.to_owned(),
        folder: String::new(),
        words: Vec::new(),
        assigned: Vec::new(),
        builders: Builders::unknown(),
        before: 0,
    }
}

impl ScriptCall {
    /// It runs where something else is in this folder.
    pub(in crate::config) fn within(&mut self, folder: &str) {
        self.folder = joined(folder, &self.folder);
    }
}

/// One path behind another, without detours; empty where a variable is in it or it lies elsewhere.
pub(in crate::config) fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let both = format!("{folder}/{path}");
    if path.starts_with('/') || both.contains(['$', '`', '~']) {
        return String::new();
    }
    for part in Path::new(both.trim_start_matches('/')).components() {
        match part {
            Component::Normal(name) => parts.extend(name.to_str()),
            Component::ParentDir => drop(parts.pop()),
            _ => {}
        }
    }
    parts.join("/")
}

/// The path is one of a shell script.
pub(in crate::config) fn is_script(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "sh" | "bash"))
}

/// Without the folder of the checkout in front: `$GITHUB_WORKSPACE/ci/build.sh`, `./ci/build.sh`.
pub(in crate::config) fn in_checkout(word: &str) -> &str {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<String> {
        let words: Vec<&str> = line.split(' ').collect();
        let call = read(&words)?;
        let set = call.assigned.iter().map(|(name, value)| format!("{name}={value}"));
        let all = [call.folder.clone(), call.path.clone()].into_iter().chain(call.words.clone());
        Some(format!("{:?} {}", call.program, all.chain(set).collect::<Vec<_>>().join("|")))
    }

    #[test]
    fn calls_are_told_by_their_words() {
        for (line, meant) in [
            ("./ci/build.sh web 1", "Shell |./ci/build.sh|web|1"),
            ("bash -euo pipefail ci/build.sh", "Shell |ci/build.sh"),
            (". $CI_PROJECT_DIR/ci/env.sh", "Shell |ci/env.sh"),
            ("make -j 4 -C web image TAG=1", "Make web||image|TAG=1"),
            ("make --directory=web -f ci.mk a b", "Make web|ci.mk|a|b"),
            ("task -t ci/Taskfile.yml image -- x", "Task |ci/Taskfile.yml|image"),
            ("npm --prefix web run docker:build", "Package web||docker:build"),
            ("yarn image", "Package ||image"),
        ] {
            assert_eq!(told(line).as_deref(), Some(meant), "{line}");
        }
        for line in ["bash -c ./ci/build.sh", "sh echo x.sh", "docker run x.sh", "npm run"] {
            assert_eq!(told(line), None, "{line}");
        }
    }

    #[test]
    fn folders_have_no_detours() {
        assert_eq!(joined("a/b", "../c/./d.sh"), "a/c/d.sh");
        assert_eq!(joined("a", "$X"), "");
        assert_eq!(joined("", "/opt/x"), "");
    }
}
