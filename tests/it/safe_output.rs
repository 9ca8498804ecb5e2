//! A log that wants to be more than text, and that holds secrets, goes through every format there
//! is.
//!
//! A format added tomorrow is held to the strictest rules, those of Markdown and HTML, until it is
//! named here.

use std::fs;

use cachediag::pipeline::{self, Options};
use cachediag::render::{RENDERERS, Report, Screen, escape};
use cachediag::rules::RULES;
use pulldown_cmark::{Event, Options as Markdown, Parser, Tag};
use serde_json::Value;
use tempfile::TempDir;

/// Wide enough that nothing is cut: what is cut off is not tested.
const SCREEN: Screen = Screen { width: 2000, color: false, ascii: false };

/// What is in the log, and nowhere may have an effect. No blanks: it is the name of a reference as
/// well.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "<img/src=x/onerror=alert(1)>",
    "</summary></details><!--",
    "[x](http://evil.example/)",
    "![x](http://evil.example/x.png)",
    "<http://evil.example/>",
    "`</code>`<b>`",
    "*bold*__under__~~gone~~",
    "|a|b|",
    "&lt;b&gt;&#x1b;",
    "]]>",
    "%0A::error::a",
    "\u{1b}[2J\u{9b}31m\u{7}",
    "\u{202e}\u{200b}\u{2028}",
    "\u{fffe}",
];

/// Commands that CI systems obey, where they stand in a line or begin one.
const COMMANDS: &[&str] = &[
    "::set-env name=a::b",
    "##[add-mask]x",
    "##vso[task.complete]",
    "##teamcity[x]",
    "section_start:1:x",
];

/// Put together here: secret scanners of hosting services reject files that look like secrets.
fn secrets() -> Vec<(String, String)> {
    let fake = |prefix: &str, length: usize| format!("{prefix}{}", "a1B2".repeat(length / 4));
    let key = format!("MII{}", "Ev9K".repeat(15));
    let jwt = format!("{}.{}.{}", fake("eyJ", 12), fake("eyJ", 12), fake("", 12));
    let both = |text: String, secret: &str| (text, secret.to_owned());
    let mut all: Vec<_> = ["ghp_", "gho_", "github_pat_", "glpat-", "npm_", "xoxb-"]
        .iter()
        .map(|prefix| fake(prefix, 40))
        .chain([format!("AKIA{}", "A2B3".repeat(4)), jwt])
        .map(|secret| (format!("said {secret} then"), secret))
        .collect();
    all.extend([
        both("https://user:hunter2hunter2@registry.example.com/v2/".to_owned(), "hunter2hunter2"),
        both("docker build --build-arg NPM_TOKEN=hunter2hunter2 .".to_owned(), "hunter2hunter2"),
        both("Authorization: Basic aHVudGVyMjpodW50ZXIy".to_owned(), "aHVudGVyMjpodW50ZXIy"),
        both("Authorization: Bearer hunter2hunter2hunter2".to_owned(), "hunter2hunter2hunter2"),
        both(format!("-----BEGIN RSA PRIVATE KEY----- {key}"), &key),
    ]);
    all
}

/// A build whose cache the registry refuses: the line that says so is quoted, and the reference is
/// the subject.
fn log(reference: &str, said: &str) -> String {
    format!(
        "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n#2 [1/2] FROM \
            docker.io/library/alpine:3.20\n#2 DONE 0.0s\n\n#3 importing cache manifest from \
            registry.example.com/team/MARK{reference}:cache\n#3 ERROR: failed to configure \
            registry cache importer: unexpected status from HEAD request to \
            https://registry.example.com/v2/team/MARK{reference}/manifests/cache: 401 Unauthorized \
            {said}\n\n#4 [2/2] RUN echo {said}\n#4 0.100 {said}\n#4 DONE 1.0s\n\n#5 exporting to \
            image\n#5 DONE 0.1s\n"
    )
}

fn report(reference: &str, said: &str) -> Report {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("run.log"), log(reference, said)).unwrap();
    let report =
        pipeline::run(&Options { paths: vec![folder.path().to_owned()], ..Options::default() });
    assert!(!report.findings.is_empty(), "nothing quotes {said}");
    report
}

/// Each format's text; all of them name the reference, and most quote the line.
fn texts(report: &Report) -> impl Iterator<Item = (&'static str, String)> + '_ {
    RENDERERS.iter().map(|renderer| {
        let text = renderer.render(report, SCREEN);
        assert!(text.contains("MARK"), "{} does not show it", renderer.name());
        (renderer.name(), text)
    })
}

#[test]
fn hostile_text_stays_text() {
    for hostile in HOSTILE {
        for (name, text) in texts(&report(hostile, hostile)) {
            let shown = text.chars().find(|c| *c != '\n' && escape::must_show(*c));
            assert_eq!(shown, None, "{name} of {hostile:?}");
            match name {
                "json" | "sarif" | "gitlab" | "bitbucket" => {
                    drop(serde_json::from_str::<Value>(&text).unwrap());
                }
                "ndjson" => {
                    text.lines()
                        .for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
                }
                // Read as they stand: markup has no meaning there.
                "human" | "concise" | "summary" | "github" | "csv" => {}
                "junit" => assert_xml(&text, hostile),
                "html" => assert_no_markup(&text),
                _ => assert_markdown(&text, name),
            }
        }
    }
}

#[test]
fn commands_are_not_obeyed() {
    for command in COMMANDS {
        for (name, text) in texts(&report("app", command)) {
            assert!(
                !text.lines().any(|line| line.trim_start().starts_with("::set-env")),
                "{name}: {text}"
            );
            assert!(
                !text.contains("##[add-mask]")
                    && !text.contains("##vso[")
                    && !text.contains("##teamcity["),
                "{name}"
            );
            assert!(
                !text.lines().any(|line| line.trim_start().starts_with("section_start:")),
                "{name}"
            );
        }
    }
}

#[test]
fn no_format_tells_a_secret() {
    for (said, secret) in secrets() {
        for (name, text) in texts(&report("app", &said)) {
            assert!(!text.contains(&secret), "{name} tells {secret}");
            assert!(
                text.contains("***") || !text.contains("Unauthorized"),
                "{name} hides that there was one: {text}"
            );
        }
    }
}

fn assert_no_markup(text: &str) {
    for tag in ["<script>alert", "<img/", "<b>`", "</details><!--", "<http"] {
        assert!(!text.contains(tag), "{tag}");
    }
}

fn assert_xml(text: &str, hostile: &str) {
    let document = uppsala::parse(text).unwrap_or_else(|error| panic!("{hostile}: {error}"));
    let schema = uppsala::parse(include_str!("../schemas/junit-10.xsd")).unwrap();
    let errors = uppsala::XsdValidator::from_schema(&schema).unwrap().validate(&document);
    assert!(errors.is_empty(), "{hostile}: {errors:?}");
}

/// Elements that the formats themselves write.
const OWN: [&str; 9] = [
    "<details>",
    "<details open>",
    "</details>",
    "<summary>",
    "<p>",
    "<!-- cachediag -->",
    "<b>error</b>",
    "<b>warning</b>",
    "<b>note</b>",
];

fn assert_markdown(text: &str, name: &str) {
    for event in Parser::new_ext(text, Markdown::all()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                let html = html.trim();
                assert!(
                    html.is_empty() || OWN.iter().any(|own| html.starts_with(own)),
                    "{name}: {html}"
                );
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                assert!(
                    RULES.iter().any(|rule| rule.meta().source() == Some(&*dest_url)),
                    "{name} links {dest_url}"
                );
            }
            Event::Start(Tag::Strikethrough | Tag::Emphasis | Tag::BlockQuote(_)) => {
                panic!("{name} formats: {text}")
            }
            _ => {}
        }
    }
}
