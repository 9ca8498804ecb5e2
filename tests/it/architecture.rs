//! The shape of the project: modules import from their left only, files stay short.

use std::fs;
use std::path::{Path, PathBuf};

/// The pipe, left to right (DESIGN: "The straight pipe").
const PIPE: [&str; 15] = [
    "source", "envelope", "dialect", "model", "evidence", "series", "config", "finding", "rules",
    "triage", "trend", "render", "history", "pipeline", "cli",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(Path::new("src"), &mut found);
    found.sort();
    found
}

fn module(path: &Path) -> Option<usize> {
    let first = path.strip_prefix("src").unwrap().components().next().unwrap();
    let name = first.as_os_str().to_str().unwrap().trim_end_matches(".rs");
    PIPE.iter().position(|m| *m == name)
}

/// Names after each `crate::` and, for grouped imports, in the braces.
fn imports(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + 7..];
        let group =
            rest.strip_prefix('{').and_then(|g| g.split_once("};")).map(|(inside, _)| inside);
        let items: Vec<&str> = group.map_or(vec![rest], |inside| inside.split(',').collect());
        for item in items {
            names.push(
                item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect(),
            );
        }
    }
    names
}

#[test]
fn modules_import_from_their_left_only() {
    for path in all() {
        let Some(own) = module(&path) else { continue };
        for name in imports(&fs::read_to_string(&path).unwrap()) {
            if let Some(other) = PIPE.iter().position(|m| *m == name) {
                assert!(
                    other <= own,
                    "{}: {} is to the right of {}",
                    path.display(),
                    name,
                    PIPE[own]
                );
            }
        }
    }
}

#[test]
fn every_module_is_in_the_pipe() {
    let text = fs::read_to_string("src/lib.rs").unwrap();
    let declared: Vec<&str> = text
        .lines()
        .filter_map(|l| l.strip_prefix("pub mod "))
        .map(|l| l.trim_end_matches(';'))
        .collect();
    assert_eq!(declared, PIPE);
}

#[test]
fn files_stay_short_and_say_what_they_are() {
    for path in all() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() <= 450, "{} is too long to be one thing", path.display());
        assert!(text.starts_with("//!"), "{} does not say what it does", path.display());
    }
}

#[test]
fn the_core_neither_fails_nor_panics_by_intent() {
    for path in all().iter().filter(|p| {
        !p.ends_with("testing.rs") && !p.ends_with("samples.rs") && !p.ends_with("tests.rs")
    }) {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "#[allow("] {
            assert!(!code.contains(word), "{} has {word}", path.display());
        }
    }
}

/// Cargo does not look for tests by itself here: a file that is not named would be no test, and
/// nobody would know.
#[test]
fn every_file_of_tests_is_compiled() {
    let (manifest, modules) = (
        fs::read_to_string("Cargo.toml").unwrap(),
        fs::read_to_string("tests/it/main.rs").unwrap(),
    );
    for file in fs::read_dir("tests")
        .unwrap()
        .chain(fs::read_dir("tests/it").unwrap())
        .map(|e| e.unwrap().path())
    {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let is_module = file.starts_with("tests/it")
            && (name == "main" || modules.contains(&format!("mod {name};\n")));
        let is_source = file.extension().is_some_and(|e| e == "rs") || file.join("mod.rs").exists();
        let is_named = is_module || manifest.contains(&format!("path = \"{}\"", file.display()));
        assert!(!is_source || is_named, "{} is not in tests/it/main.rs", file.display());
    }
}
