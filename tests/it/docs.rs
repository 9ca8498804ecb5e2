//! The generated parts of the README are what the tool says today. `UPDATE_DOCS=1 cargo test --test it docs`
//! writes them anew.

use std::fmt::Write as _;
use std::fs;

use cachediag::finding::Severity;
use cachediag::pipeline::{self, Options};
use cachediag::render::{RENDERERS, Screen};
use cachediag::rules::{RULES, RuleMeta};

const README: &str = "README.md";

/// Replaces what stands between `<!-- name -->` and `<!-- /name -->`.
fn with_part(text: &str, name: &str, part: &str) -> String {
    let (before, rest) = text.split_once(&format!("<!-- {name} -->\n")).unwrap();
    let (_, after) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
    format!("{before}<!-- {name} -->\n{part}<!-- /{name} -->{after}")
}

fn tour() -> String {
    let paths = vec!["sample-logs/every-second-run".into()];
    let report = pipeline::run(&Options { paths, ..Options::default() });
    let human = RENDERERS.iter().find(|r| r.name() == "human").unwrap();
    let page = human.render(&report, Screen { width: 100, color: false, ascii: false });
    format!("\n```console\n$ cachediag sample-logs/every-second-run\n{page}```\n\n")
}

/// What a test of `tests/trend` holds to be said.
fn trend() -> String {
    let said = fs::read_to_string("tests/trend/broke-when-copied-too-early/human.snap").unwrap();
    let (_, page) = said.trim_start_matches("---").split_once("---\n").unwrap();
    format!("\n```console\n$ cachediag trend image --history cachediag.db\n{}\n```\n\n", page.trim_end())
}

fn table() -> String {
    let mut groups: Vec<&str> = Vec::new();
    for rule in RULES {
        if !groups.contains(&rule.meta().group) {
            groups.push(rule.meta().group);
        }
    }
    let mut text = String::new();
    for group in groups {
        let _ = writeln!(text, "\n### {group}\n\n| rule | severity | says |\n|---|---|---|");
        for meta in RULES.iter().map(|r| r.meta()).filter(|m| m.group == group) {
            let _ = writeln!(text, "| `{}` | {} | {} |", meta.id, severity(meta), meta.title);
        }
    }
    text + "\n"
}

fn severity(meta: &RuleMeta) -> &'static str {
    match meta.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

#[test]
fn the_readme_shows_what_the_tool_says() {
    let text = fs::read_to_string(README).unwrap();
    let now = with_part(&with_part(&with_part(&text, "tour", &tour()), "trend", &trend()), "rules", &table());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(README, &now).unwrap();
        return;
    }
    assert!(now == text, "run: UPDATE_DOCS=1 cargo test --test it docs");
}

/// The settings in the README are settings.
#[test]
fn the_settings_of_the_readme_are_read() {
    let text = fs::read_to_string(README).unwrap();
    let blocks: Vec<&str> = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty());
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("cachediag.toml");
    for block in blocks {
        fs::write(&file, block).unwrap();
        let mut command = assert_cmd::Command::cargo_bin("cachediag").unwrap();
        let read =
            command.args(["--settings", file.to_str().unwrap(), "sample-logs/every-second-run"]).output().unwrap();
        let said = String::from_utf8(read.stdout).unwrap();
        assert_eq!(read.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&read.stderr));
        assert!(
            said.contains("gate failed: --min-hit-rate 50") && said.contains("--must-hit 'build: RUN npm ci'"),
            "{said}"
        );
        assert!(folder.path().join("cachediag.sarif").exists());
    }
}

#[test]
fn every_rule_is_documented_in_full() {
    for meta in RULES.iter().map(|r| r.meta()) {
        for (field, text) in [
            ("title", meta.title),
            ("group", meta.group),
            ("what", meta.what),
            ("why", meta.why),
            ("fix", meta.fix),
            ("rules_out", meta.rules_out),
            ("limits", meta.limits),
            ("example", meta.example),
        ] {
            assert!(!text.trim().is_empty(), "{}: {field}", meta.id);
        }
        assert!(meta.source().is_some_and(|page| page.starts_with("https://")), "{}: source of the fix", meta.id);
        assert!(!meta.title.ends_with('.'), "{}: a title is no sentence", meta.id);
    }
}
