//! Secrets and what only looks like one, as data: `tests/secrets/kinds` in every format, in a
//! comparison, in the history and its export; `tests/secrets/harmless` is to stay as it is.

use std::fs;
use std::path::Path;
use std::process::Command;

use cachediag::pipeline::{self, Options};
use cachediag::render::redact::redact;
use cachediag::render::{RENDERERS, Screen};
use tempfile::TempDir;

/// What must not be seen, in words, in hex, in capitals and in digits.
const MARKS: [&str; 4] = ["R3st7", "0ddba11", "R3ST", "7357073"];

fn lines(file: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new("tests/secrets").join(file)).unwrap();
    text.lines()
        .filter(|line| !line.starts_with("# ") && !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A kind with a secret in it, made here: scanners of hosting services reject files that look like
/// secrets.
fn kinds() -> Vec<String> {
    lines("kinds").iter().map(|line| filled(line)).collect()
}

fn filled(line: &str) -> String {
    let line = line
        .replace("\\e", "\u{1b}")
        .replace("\\z", "\u{200b}")
        .replace("\\s", "\u{a0}")
        .replace("{S}", "Hu4R3st7x9");
    let mut out = String::new();
    let mut rest = line.as_str();
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let (asked, after) = behind.split_once('}').unwrap_or((behind, ""));
        let (letters, number) = match asked.strip_prefix(['h', 'u', 'd']) {
            Some(number) => (
                if asked.starts_with('h') {
                    "0ddba11"
                } else if asked.starts_with('u') {
                    "R3ST"
                } else {
                    "73570"
                },
                number,
            ),
            None => ("R3st7x", asked),
        };
        let Ok(number) = number.parse::<usize>() else {
            out.push('{');
            rest = behind;
            continue;
        };
        out.extend(letters.chars().cycle().take(number));
        rest = after;
    }
    out + rest
}

fn leaks(text: &str) -> bool {
    MARKS.iter().any(|mark| text.contains(mark))
}

#[test]
fn no_kind_of_secret_is_left() {
    let kinds = kinds();
    assert!(kinds.len() >= 150, "{}", kinds.len());
    let left: Vec<String> = kinds
        .iter()
        .filter(|kind| leaks(&redact(kind)))
        .map(|kind| format!("{kind:?} -> {:?}", redact(kind)))
        .collect();
    assert!(left.is_empty(), "{} of {}:\n{}", left.len(), kinds.len(), left.join("\n"));
    for kind in &kinds {
        assert!(leaks(kind), "{kind} holds no secret");
        let once = redact(kind).into_owned();
        assert_eq!(redact(&once), once, "masked twice");
    }
}

#[test]
fn what_is_harmless_stays() {
    let harmless = lines("harmless");
    assert!(harmless.len() >= 200, "{}", harmless.len());
    let hidden: Vec<String> = harmless
        .iter()
        .filter(|line| redact(line) != **line)
        .map(|line| format!("{line} -> {}", redact(line)))
        .collect();
    assert!(hidden.is_empty(), "{} of {}:\n{}", hidden.len(), harmless.len(), hidden.join("\n"));
}

/// A build whose cache the registry refuses, with a text in all places that are quoted.
fn log(said: &str) -> String {
    let said = said.replace('\n', " ");
    format!(
        "+ docker buildx build --cache-from type=registry,ref=r.example.com/app:cache {said}\n#1 \
            [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n#2 [1/2] FROM \
            docker.io/library/alpine:3.20\n#2 DONE 0.0s\n\n#3 importing cache manifest from \
            r.example.com/app:cache\n#3 ERROR: failed to configure registry cache importer: \
            unexpected status from HEAD request to https://r.example.com/v2/app/manifests/cache: \
            401 Unauthorized\n{said}\n#4 [2/2] RUN {said}\n#4 0.100 {said}\n#4 ERROR: process \
            \"/bin/sh -c {said}\" did not complete successfully: exit code: 2\n------\n > [2/2] \
            RUN {said}:\n{said}\n------\nERROR: failed to solve: {said}\n"
    )
}

/// All kinds, a log each, in one folder.
fn desk() -> TempDir {
    let desk = TempDir::new().unwrap();
    fs::create_dir(desk.path().join("logs")).unwrap();
    for (n, kind) in kinds().iter().enumerate() {
        fs::write(desk.path().join(format!("logs/{n}.log")), log(kind)).unwrap();
    }
    desk
}

/// The lines that leak.
fn shown(text: &str) -> String {
    text.lines().filter(|line| leaks(line)).take(12).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_format_shows_one() {
    let desk = desk();
    let report =
        pipeline::run(&Options { paths: vec![desk.path().join("logs")], ..Options::default() });
    for renderer in RENDERERS {
        let text = renderer.render(&report, Screen { width: 2000, color: false, ascii: false });
        assert!(!leaks(&text), "{}:\n{}", renderer.name(), shown(&text));
    }
}

#[test]
fn neither_a_comparison_nor_the_history_holds_one() {
    let desk = desk();
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cachediag"))
            .current_dir(desk.path())
            .args(args)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(!leaks(&text), "{args:?}:\n{}", shown(&text));
        text
    };
    run(&["compare", "logs", "--with", "logs"]);
    run(&["compare", "logs", "--with", "logs", "--format", "json"]);
    let flags = [
        "--repository",
        "https://me:Hu4R3st7x9@h/a",
        "--job",
        "PASSWORD=Hu4R3st7x9",
        "--branch",
        "glpat-R3st7R3st7R3st7",
    ];
    run(&[&["--history", "h.db", "logs"], &flags[..]].concat());
    let exported = run(&["history", "export", "--history", "h.db"]);
    assert!(exported.lines().count() >= 150);
    for format in ["human", "json", "html"] {
        run(&["trend", "--history", "h.db", "--format", format]);
    }
    let file = fs::read(desk.path().join("h.db")).unwrap();
    assert!(!leaks(&String::from_utf8_lossy(&file)));
}
