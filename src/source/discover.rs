//! Which files a path stands for.

use std::collections::HashSet;
use std::fs::{DirEntry, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::WalkBuilder;

use super::{Whole, jobs, natural};

/// One log to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is; `-` is standard input.
    pub path: PathBuf,
    /// Its name in the report: the path as the user gave it.
    pub name: String,
    /// What it holds, where that is in memory: then nothing is read from the path.
    pub bytes: Option<Arc<[u8]>>,
}

impl Entry {
    /// A file that is in memory, named as if it lay in the working directory.
    #[must_use]
    pub fn in_memory(name: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { bytes: Some(bytes.into()), ..entry(Path::new(name)) }
    }
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
/// whatever its name; in a directory only names that logs have are, and files that are wanted as a
/// whole.
#[must_use]
pub fn discover(paths: &[PathBuf], whole: Whole) -> Found {
    let mut found = Found::default();
    if paths.is_empty() {
        found.logs.push(stdin());
    }
    for path in paths {
        match path {
            p if is_stdin(p) => found.logs.push(stdin()),
            p if p.is_dir() => walk(p, whole, &mut found),
            p if p.exists() => found.logs.push(entry(p)),
            p => found
                .missing
                .push((p.display().to_string(), "no such file or directory".to_owned())),
        }
    }
    let mut found = found.sorted();
    // A directory alone has each file once: links in it are not followed.
    if paths.len() > 1 {
        each_file_once(&mut found.logs);
    }
    found
}

/// A file under two names (`a.log ./a.log`, a link beside its target, a directory and a file in it)
/// is one log: read twice it would be a second run that did all again. The first name stays.
fn each_file_once(logs: &mut Vec<Entry>) {
    let mut seen = HashSet::new();
    let mut again =
        |log: &Entry| file_id::get_file_id(&log.path).is_ok_and(|file| !seen.insert(file));
    logs.retain(|log| is_stdin(&log.path) || !again(log));
}

impl Found {
    /// Tells logs from other files as in a directory: by their names, or by how they begin.
    #[must_use]
    pub fn among(entries: impl IntoIterator<Item = Entry>, whole: Whole) -> Self {
        let wanted = |entry: &Entry| entry.bytes.as_ref().is_some_and(|bytes| whole.wants(bytes));
        let (logs, others) =
            entries.into_iter().partition(|entry| is_log(&entry.path) || wanted(entry));
        Self { logs, others, missing: Vec::new() }.sorted()
    }

    fn sorted(mut self) -> Self {
        for list in [&mut self.logs, &mut self.others] {
            // The order of their bytes is nearly the natural one, and sooner compared.
            list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            list.sort_by(|a, b| natural(&a.name, &b.name));
            list.dedup();
        }
        self
    }
}

fn stdin() -> Entry {
    entry(Path::new("-"))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn entry(path: &Path) -> Entry {
    Entry { path: path.to_owned(), name: path.display().to_string(), bytes: None }
}

/// Logs are ignored files more often than not, so no ignore file is honoured.
fn walk(dir: &Path, whole: Whole, found: &mut Found) {
    let before = found.logs.len();
    for item in WalkBuilder::new(dir)
        .standard_filters(false)
        .filter_entry(|e| e.file_name() != ".git")
        .build()
    {
        match item {
            Ok(item) if item.file_type().is_some_and(|t| t.is_file()) => {
                let wanted = is_log(item.path()) || whole.is_file(item.path());
                let list = if wanted { &mut found.logs } else { &mut found.others };
                list.push(entry(item.path()));
            }
            Ok(_) => {}
            Err(e) => found.missing.push((dir.display().to_string(), e.to_string())),
        }
    }
    leave_out_copies(&mut found.logs);
    if found.logs.len() == before {
        let reason =
            "directory without logs (*.log, *.txt, *.out, compressed or in archives)".to_owned();
        found.missing.push((dir.display().to_string(), reason));
    }
}

/// The files of single steps, where an archive of GitHub was unpacked that has the jobs' as well.
fn leave_out_copies(logs: &mut Vec<Entry>) {
    let names: Vec<String> = logs.iter().map(|log| log.name.clone()).collect();
    let whole = jobs::whole(names.iter().map(String::as_str));
    if !whole.is_empty() {
        logs.retain(|log| !jobs::is_copy(&log.name, &whole));
    }
}

/// `build.log`, `1_build.txt`, `console.out`, rotated `build.log.1`, each of them compressed, and
/// archives.
pub(super) fn is_log(path: &Path) -> bool {
    const ARCHIVES: [&str; 4] = [".zip", ".tar", ".tgz", ".tar.gz"];
    const LOGS: [&str; 3] = [".log", ".txt", ".out"];
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if ARCHIVES.iter().any(|end| name.ends_with(end)) {
        return true;
    }
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    let base = plain.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('.');
    [plain, base].iter().any(|n| LOGS.iter().any(|end| n.ends_with(end)))
}

/// What the paths of `--config` stand for: files as they are, all files of a directory.
#[must_use]
pub fn discover_configs(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in paths {
        if path.is_dir() {
            let mut inside = Found::default();
            walk(path, Whole::default(), &mut inside);
            found.others.extend(inside.others);
        } else if path.exists() {
            found.others.push(entry(path));
        } else {
            found
                .missing
                .push((path.display().to_string(), "no such file or directory".to_owned()));
        }
    }
    found.others.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Folders of a checkout that hold configuration, beside its root.
const CONFIG_FOLDERS: [&str; 4] = ["", ".github/workflows", ".buildkite", ".gitlab"];

/// The files of the working directory: a checkout holds its configuration there.
#[must_use]
pub fn working_directory() -> Vec<Entry> {
    CONFIG_FOLDERS.iter().flat_map(|folder| files_of(Path::new(folder))).collect()
}

fn files_of(folder: &Path) -> Vec<Entry> {
    let Ok(items) = std::fs::read_dir(Path::new(".").join(folder)) else { return Vec::new() };
    let mut entries: Vec<Entry> =
        items.flatten().filter(is_file).map(|i| entry(&folder.join(i.file_name()))).collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

/// A folder tells what most of its entries are: only what a link leads to has to be asked for.
fn is_file(item: &DirEntry) -> bool {
    match item.file_type() {
        Ok(kind) if !kind.is_symlink() => kind.is_file(),
        _ => item.path().is_file(),
    }
}

/// Reads a small text file.
///
/// # Errors
/// Where it cannot be read, or is larger than any configuration.
pub fn read_text(entry: &Entry) -> io::Result<String> {
    match &entry.bytes {
        Some(bytes) => small(&**bytes),
        None => read_small(&entry.path),
    }
}

/// As [`read_text`], of a file that is none of the input.
///
/// # Errors
/// As [`read_text`].
pub fn read_small(path: &Path) -> io::Result<String> {
    small(File::open(path)?)
}

/// A file may be a pipe, which has no size.
fn small(bytes: impl Read) -> io::Result<String> {
    const MOST: u64 = 512 << 10;
    let mut text = String::new();
    bytes.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other(
            "is too large for a configuration file (512 KiB at the most)",
        ));
    }
    Ok(text)
}

/// What lies in the folder of a file, and in a root, by name; none where that cannot be read.
#[must_use]
pub fn files_beside(file: &Path, root: &Path) -> Vec<(String, PathBuf)> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folders = folder.into_iter().chain([root]);
    let entries = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let named =
        |entry: std::fs::DirEntry| (entry.file_name().to_string_lossy().into_owned(), entry.path());
    let mut found: Vec<(String, PathBuf)> = entries.map(named).collect();
    found.sort();
    found
}
