//! What the program prints is plain English: phrases that nobody says aloud stay out of it.

use std::fs;
use std::path::{Path, PathBuf};

use cachediag::rules::RULES;

use crate::support::folder;

/// Phrases that were there once, and what to say instead.
const BANNED: &[(&str, &str)] = &[
    ("stands behind", "comes after"),
    ("others took", "executed steps took"),
    ("also considered", "not ruled out"),
    ("is no valid", "is not a valid"),
    ("need not be why", "not necessarily the cause"),
    ("is no history", "is not a cachediag history"),
    ("to begin anew", "to start over"),
    ("one a core", "one per core"),
    ("made where it is not there", "created if missing"),
    ("another one each time", "different in every run"),
    ("is told by", "the log shows, the file says"),
    ("is told not to", "is switched off, runs without"),
    ("nobody is told", "nobody notices"),
    (" s a run", "per run"),
    ("those before the change included", "including those before the change"),
    ("let a bot move it", "let Renovate or Dependabot update it"),
    ("here it was built", "was built or found here"),
    ("takes them as well", "add --unsafe to include it"),
    ("something is wrong that was not before", "there is a new problem"),
    ("is another one each", "is different in each"),
    ("nothing to mend", "no action needed"),
    ("not excluded:", "not ruled out:"),
    ("is yours to say", "is your decision"),
    ("without a word", "silently"),
    ("nothing here shows", "the logs do not show"),
    ("is what a variable holds", "comes from a variable"),
    ("made anew", "created again, rebuilt"),
    ("the older builder", "the classic builder"),
    ("other explanations:", "ruled out: …, not ruled out: …, to decide: …"),
];

/// What is wrong with a text, phrase by phrase.
fn assert_plain(place: &str, text: &str) {
    // Words are wrapped, and a manual page has marks of its own.
    let flat =
        text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().replace("\\-", "-");
    for (phrase, better) in BANNED {
        assert!(!flat.contains(phrase), "{place} says '{phrase}', better: '{better}'");
    }
}

#[test]
fn pages_of_rules_are_plain() {
    for meta in RULES.iter().map(|rule| rule.meta()) {
        for text in [meta.title, meta.what, meta.why, meta.fix, meta.rules_out, meta.limits] {
            assert_plain(meta.id, text);
        }
    }
}

#[test]
fn help_is_plain() {
    let commands = [
        "",
        "run",
        "check",
        "mcp",
        "fix",
        "compare",
        "trend",
        "history",
        "rules",
        "explain",
        "completions",
        "man",
    ];
    for command in commands {
        let mut man = assert_cmd::Command::cargo_bin("cachediag").unwrap();
        let said = man.arg("man").args((!command.is_empty()).then_some(command)).output().unwrap();
        assert!(said.status.success());
        assert_plain(command, &String::from_utf8(said.stdout).unwrap());
    }
}

/// Reports of all cases, in all formats that are kept.
#[test]
fn reports_are_plain() {
    let mut left: Vec<PathBuf> = ["tests", "src/render"].iter().map(PathBuf::from).collect();
    let mut read = 0;
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(folder::children(&path));
        } else if path.extension().is_some_and(|end| end == "snap") {
            assert_plain(&path.display().to_string(), &fs::read_to_string(&path).unwrap());
            read += 1;
        }
    }
    assert!(read > 100, "{read} reports only");
}

#[test]
fn the_documentation_is_plain() {
    for page in [
        "README.md",
        "docs/report.md",
        "docs/ci.md",
        "docs/faq.md",
        "docs/fix.md",
        "docs/formats.md",
    ] {
        assert_plain(page, &fs::read_to_string(Path::new(page)).unwrap());
    }
}
