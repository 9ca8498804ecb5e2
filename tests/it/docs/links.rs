//! What the pages point at is there: files, and options of the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::folder;

/// All pages for readers.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "llms.txt"]
        .into_iter()
        .map(PathBuf::from)
        .collect();
    for folder in ["docs", "docs/rules", "integrations", "packaging", "fleet", "schema"] {
        pages.extend(
            folder::children(Path::new(folder))
                .into_iter()
                .filter(|path| path.extension().is_some_and(|e| e == "md")),
        );
    }
    pages
}

/// Targets of `](…)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in links(&text).filter(|target| !target.contains("://")) {
            let path = target.split('#').next().unwrap();
            let found = path.is_empty() || page.parent().unwrap().join(path).exists();
            assert!(found, "{} links {target}", page.display());
        }
    }
}

/// Options of all commands, as their help names them.
fn options() -> BTreeSet<String> {
    let commands = [
        "",
        "run",
        "fix",
        "compare",
        "trend",
        "rules",
        "explain",
        "completions",
        "man",
        "records",
        "judge",
    ];
    let verbs = ["list", "show", "export", "import", "prune"].map(|verb| vec!["history", verb]);
    let all = commands.iter().map(|name| name.split_whitespace().collect()).chain(verbs);
    let pages = all.map(|words: Vec<&str>| {
        let mut help = assert_cmd::Command::cargo_bin("cachediag").unwrap();
        String::from_utf8(help.args(words).arg("--help").output().unwrap().stdout).unwrap()
    });
    pages.flat_map(|page| flags(&page).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Words with two dashes in front; a manual page has letters of its own before them
/// (`\fB--branch`).
fn flags(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter_map(|word| word.find("--").map(|at| &word[at..])).filter(|flag| flag.len() > 3)
}

/// What stands behind `cachediag` in a command, up to where another command begins.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| ['\n', '`', '|', ';', '#', '>'].contains(&c);
    // A path that ends so is an argument of another program.
    let begins = |at: usize| !text[..at].ends_with('/');
    let found = text.match_indices("cachediag ").filter(move |(at, _)| begins(*at));
    found.filter_map(move |(at, name)| text[at + name.len()..].split(ends).next())
}

#[test]
fn commands_have_options_that_exist() {
    let known = options();
    assert!(known.contains("--fail-on") && known.contains("--unsafe"), "{known:?}");
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for command in commands(&text) {
            // What is run by `cachediag run -- …` has options of its own.
            let ours = command.split(" -- ").next().unwrap();
            let strange: Vec<&str> = flags(ours).filter(|flag| !known.contains(*flag)).collect();
            assert!(strange.is_empty(), "{}: cachediag {ours}: {strange:?}", page.display());
        }
    }
}
