//! Which files a path stands for.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// One log to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is; `-` is standard input.
    pub path: PathBuf,
    /// Its name in the report: the path as the user gave it.
    pub name: String,
}

/// What the paths of the command line stand for.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Logs, in natural order of their names.
    pub logs: Vec<Entry>,
    /// Other files of walked directories that may be configuration.
    pub others: Vec<Entry>,
    /// Paths that stand for nothing, with the reason.
    pub missing: Vec<(String, String)>,
}

/// Looks every path up. No path at all is standard input. A file named on the command line is a log
/// whatever its name; in a directory only names that logs have are.
#[must_use]
pub fn discover(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    if paths.is_empty() {
        found.logs.push(stdin());
    }
    for path in paths {
        match path {
            p if p == Path::new("-") => found.logs.push(stdin()),
            p if p.is_dir() => walk(p, &mut found),
            p if p.exists() => found.logs.push(entry(p)),
            p => found.missing.push((p.display().to_string(), "no such file or directory".to_owned())),
        }
    }
    for list in [&mut found.logs, &mut found.others] {
        list.sort_by(|a, b| natord::compare(&a.name, &b.name).then_with(|| a.name.cmp(&b.name)));
        list.dedup();
    }
    found
}

fn stdin() -> Entry {
    Entry { path: PathBuf::from("-"), name: "-".to_owned() }
}

fn entry(path: &Path) -> Entry {
    Entry { path: path.to_owned(), name: path.display().to_string() }
}

/// Logs are ignored files more often than not, so no ignore file is honoured.
fn walk(dir: &Path, found: &mut Found) {
    let before = found.logs.len();
    for item in WalkBuilder::new(dir).standard_filters(false).filter_entry(|e| e.file_name() != ".git").build() {
        match item {
            Ok(item) if item.file_type().is_some_and(|t| t.is_file()) => {
                let list = if is_log(item.path()) { &mut found.logs } else { &mut found.others };
                list.push(entry(item.path()));
            }
            Ok(_) => {}
            Err(e) => found.missing.push((dir.display().to_string(), e.to_string())),
        }
    }
    if found.logs.len() == before {
        let reason = "directory without logs (*.log, *.txt, *.out)".to_owned();
        found.missing.push((dir.display().to_string(), reason));
    }
}

/// `build.log`, `1_build.txt`, `console.out`, and rotated `build.log.1`.
fn is_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('.');
    [name.as_str(), base].iter().any(|n| [".log", ".txt", ".out"].iter().any(|ext| n.ends_with(ext)))
}
