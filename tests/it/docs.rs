//! The generated parts of the documentation are what the tool says today.
//! `UPDATE_DOCS=1 cargo test --test it docs` writes them anew.

mod links;
mod pages;

use std::fs;

use cachediag::pipeline::{self, Options};
use cachediag::render::{RENDERERS, Screen};
use cachediag::rules::RULES;

/// A part of a page that stands between `<!-- name -->` and `<!-- /name -->`.
struct Part {
    page: &'static str,
    name: &'static str,
    text: fn() -> String,
}

static PARTS: [Part; 3] = [
    Part { page: "README.md", name: "finding", text: finding },
    Part { page: "docs/report.md", name: "tour", text: tour },
    Part { page: "docs/history.md", name: "trend", text: trend },
];

impl Part {
    /// The page with this part as it is now.
    fn put_into(&self, page: &str) -> String {
        let Self { name, .. } = self;
        let (before, rest) = page.split_once(&format!("<!-- {name} -->\n")).unwrap();
        let (_, after) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
        format!("{before}<!-- {name} -->\n{}<!-- /{name} -->{after}", (self.text)())
    }
}

/// What is said of the sample, on a page of this width.
fn human(width: usize) -> String {
    let paths = vec!["sample-logs/every-second-run".into()];
    let report = pipeline::run(&Options { paths, ..Options::default() });
    let human = RENDERERS.iter().find(|r| r.name() == "human").unwrap();
    human.render(&report, Screen { width, color: false, ascii: false })
}

/// Lines of a finding that the first page shows: what is wrong, what it costs, what to do and why.
const FIRST: usize = 13;

fn finding() -> String {
    let said = human(100);
    let (before, after) = said.split_once("\n  cause").unwrap();
    // What is to be pasted is wider than the first page.
    let before = before.lines().take_while(|line| !line.starts_with(&" ".repeat(16)));
    let after = format!("                …\n  cause{after}");
    let lines: Vec<&str> = before.chain(after.lines()).take(FIRST).collect();
    format!(
        "\n```console\n$ cachediag sample-logs/every-second-run\n{}\n  …\n```\n\n",
        lines.join("\n")
    )
}

fn tour() -> String {
    format!("\n```console\n$ cachediag sample-logs/every-second-run\n{}```\n\n", human(100))
}

/// What a test of `tests/trend` holds to be said.
fn trend() -> String {
    let said = fs::read_to_string("tests/trend/broke-when-copied-too-early/human.snap").unwrap();
    let (_, page) = said.trim_start_matches("---").split_once("---\n").unwrap();
    format!(
        "\n```console\n$ cachediag trend image --history cachediag.db\n{}\n```\n\n",
        page.trim_end()
    )
}

/// Writes the file where that is asked for, else holds it against what it should be.
fn keep(path: &str, now: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, now).unwrap();
        return;
    }
    assert!(
        fs::read_to_string(path).is_ok_and(|text| text == now),
        "{path}: UPDATE_DOCS=1 cargo test --test it docs"
    );
}

#[test]
fn the_pages_show_what_the_tool_says() {
    for part in &PARTS {
        keep(part.page, &part.put_into(&fs::read_to_string(part.page).unwrap()));
    }
}

/// A screen of a reader, not of a builder.
#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string("README.md").unwrap().lines().count();
    assert!(lines <= 100, "{lines} lines: the rest belongs into docs/");
}

/// The settings in the documentation are settings.
#[test]
fn the_settings_of_the_page_are_read() {
    let text = fs::read_to_string("docs/settings.md").unwrap();
    let blocks: Vec<&str> =
        text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty());
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("cachediag.toml");
    for block in blocks {
        fs::write(&file, block).unwrap();
        let mut command = assert_cmd::Command::cargo_bin("cachediag").unwrap();
        let read = command
            .args(["--settings", file.to_str().unwrap(), "sample-logs/every-second-run"])
            .output()
            .unwrap();
        let said = String::from_utf8(read.stdout).unwrap();
        assert_eq!(read.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&read.stderr));
        assert!(
            said.contains("gate failed: --min-hit-rate 50")
                && said.contains("--must-hit 'build: RUN npm ci'"),
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
        assert!(
            meta.source().is_some_and(|page| page.starts_with("https://")),
            "{}: source of the fix",
            meta.id
        );
        assert!(!meta.title.ends_with('.'), "{}: a title is no sentence", meta.id);
    }
}
