//! `cachediag explain RULE`: pages as they are read, and the example of each taken from the rule's
//! own samples. `UPDATE_DOCS=1 cargo test --test it explain` writes the examples anew
//! (`src/rules/examples`).

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cachediag::finding::{Evidence, Finding};
use cachediag::pipeline::{self, Options};
use cachediag::render::{self, Screen};
use cachediag::rules::{RULES, by_id};

use crate::support::folder;

/// Pages that stand for all: a long one, one about configuration, one whose line proves it.
const PAGES: [&str; 3] =
    ["inline-cache-lost-every-second-run", "parallel-steps-share-cache", "cache-option-invalid"];

/// Lines of an example: as many as fit a page beside the text.
const MOST: usize = 5;

/// Samples that the rule must report.
fn cases(rule: &str) -> Vec<PathBuf> {
    folder::children(&Path::new("tests/rules").join(rule).join("fires"))
}

/// The sample in which the rule is surest, and what it says there.
fn best(rule: &str) -> (PathBuf, Finding) {
    let found = |case: PathBuf| {
        let report = pipeline::run(&Options { paths: vec![case.clone()], ..Options::default() });
        report.findings.into_iter().find(|f| f.rule == rule).map(|finding| (case, finding))
    };
    let all: Vec<(PathBuf, Finding)> = cases(rule).into_iter().filter_map(found).collect();
    let surest = all.iter().map(|(_, f)| (f.severity, f.confidence)).max().unwrap();
    all.into_iter().find(|(_, f)| (f.severity, f.confidence) == surest).unwrap()
}

/// The quoted lines, below each what it shows, and last what is reported.
fn example(rule: &str) -> String {
    let (case, finding) = best(rule);
    let lines: Vec<&Evidence> = finding.evidence.iter().take(MOST).collect();
    let mut text = String::new();
    for (n, line) in lines.iter().enumerate() {
        let source = Path::new(&line.source).strip_prefix(&case).unwrap().display();
        let _ = writeln!(text, "{source}:{}  {}", line.line, line.text.trim());
        let said_below = lines.get(n + 1).is_some_and(|next| next.shows == line.shows);
        if !line.shows.is_empty() && !said_below {
            let _ = writeln!(text, "    ^ {}", line.shows);
        }
    }
    let _ = writeln!(text, "= {}", finding.title);
    text
}

#[test]
fn examples_are_what_the_rules_say_of_their_samples() {
    for meta in RULES.iter().map(|r| r.meta()) {
        let now = example(meta.id);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(Path::new("src/rules/examples").join(meta.id).with_extension("txt"), &now)
                .unwrap();
        } else {
            assert_eq!(
                meta.example, now,
                "{}: run UPDATE_DOCS=1 cargo test --test it explain",
                meta.id
            );
        }
    }
}

#[test]
fn pages_read_well() {
    for id in PAGES {
        let meta = by_id(id).unwrap().meta();
        insta::assert_snapshot!(
            id,
            render::explain(meta, Screen { width: 100, color: false, ascii: false })
        );
    }
}
