//! `docs/rules`: the table of all rules, and a page of each, made of what `cachediag explain`
//! prints.

use std::fmt::Write as _;
use std::fs;

use cachediag::finding::Severity;
use cachediag::rules::{RULES, RuleMeta};

use super::keep;

const FOLDER: &str = "docs/rules";

fn table() -> String {
    let mut text =
        "# Rules\n\nEverything `cachediag` looks for. Each page is what `cachediag explain RULE` \
            prints.\n"
            .to_owned();
    let mut group = "";
    for meta in RULES.iter().map(|rule| rule.meta()) {
        if meta.group != group {
            group = meta.group;
            let _ = writeln!(text, "\n## {group}\n\n| rule | severity | says |\n|---|---|---|");
        }
        let _ =
            writeln!(text, "| [`{0}`]({0}.md) | {1} | {2} |", meta.id, severity(meta), meta.title);
    }
    text
}

fn page(meta: &RuleMeta) -> String {
    let references: String =
        meta.references.iter().map(|reference| reference_line(reference)).collect();
    let mut text = format!("# `{}`\n\n{}: {}.\n", meta.id, severity(meta), meta.title);
    for (title, body) in [
        ("What it does", prose(meta.what)),
        ("Why it is bad", prose(meta.why)),
        ("Example", format!("````text\n{}\n````\n", meta.example.trim_end())),
        ("How to fix", prose(meta.fix)),
        ("What else looks like it", prose(meta.rules_out)),
        ("Limits", prose(meta.limits)),
        ("References", references),
    ] {
        let _ = write!(text, "\n## {title}\n\n{body}");
    }
    let _ = writeln!(text, "\nSince version {}, in the group \"{}\".", meta.since, meta.group);
    text
}

/// An address, or a file of a project's source.
fn reference_line(reference: &str) -> String {
    if reference.starts_with("https://") {
        format!("* <{reference}>\n")
    } else {
        format!("* {}\n", plain(reference))
    }
}

/// Each line is a paragraph. Angle brackets outside of code are no markup.
fn prose(text: &str) -> String {
    let paragraphs: Vec<String> = text.lines().map(|line| plain(line.trim()) + "\n").collect();
    paragraphs.join("\n")
}

fn plain(line: &str) -> String {
    let spans = line.split('`').enumerate();
    let escaped = spans.map(|(n, span)| {
        if n % 2 == 0 { span.replace('<', "\\<").replace('*', "\\*") } else { span.to_owned() }
    });
    escaped.collect::<Vec<_>>().join("`")
}

fn severity(meta: &RuleMeta) -> &'static str {
    match meta.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

#[test]
fn every_rule_has_a_page_and_a_row() {
    keep(&format!("{FOLDER}/README.md"), &table());
    for meta in RULES.iter().map(|rule| rule.meta()) {
        keep(&format!("{FOLDER}/{}.md", meta.id), &page(meta));
    }
}

#[test]
fn a_page_without_a_rule_is_removed() {
    for file in fs::read_dir(FOLDER).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let id = name.strip_suffix(".md").unwrap();
        assert!(id == "README" || RULES.iter().any(|rule| rule.meta().id == id), "{FOLDER}/{name}");
    }
}
