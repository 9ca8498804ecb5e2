//! Commits of a checkout, read with the `git` command: nothing is written, fetched or executed of
//! it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A checkout of a repository.
#[derive(Clone, Debug)]
pub struct Checkout {
    folder: PathBuf,
}

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// From the root of the repository, with `/`.
    pub path: String,
    /// What it is.
    pub kind: TrackedKind,
    /// What git calls its content.
    pub id: String,
}

/// What a tracked file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrackedKind {
    /// A file.
    File,
    /// A file that may be executed.
    Executable,
    /// A symbolic link; its content is where it leads.
    Link,
    /// A commit of another repository.
    Submodule,
}

impl Checkout {
    /// The checkout that holds a folder.
    ///
    /// # Errors
    /// What `git` says, or that there is none.
    pub fn at(folder: &Path) -> Result<Self, String> {
        let mut command = git(folder);
        command.args(["rev-parse", "--is-inside-work-tree"]);
        output(command).map(|_| Self { folder: folder.to_owned() })
    }

    /// The newest commits that lead to the one that is checked out, at most so many.
    #[must_use]
    pub fn latest(&self, most: usize) -> Vec<String> {
        let mut command = git(&self.folder);
        command.args(["rev-list", &format!("--max-count={most}"), "HEAD", "--"]);
        let text = output(command).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
    }

    /// The whole name of a commit that a log names; `None` where the checkout does not have it.
    #[must_use]
    pub fn commit(&self, name: &str) -> Option<String> {
        let hex = name.len() >= 7 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut command = git(&self.folder);
        command.args([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &format!("{name}^{{commit}}"),
        ]);
        let text = hex.then(|| output(command).ok())??;
        Some(String::from_utf8_lossy(&text).trim().to_owned())
    }

    /// All files of a commit, by a name that this checkout gave.
    #[must_use]
    pub fn files(&self, commit: &str) -> Vec<Tracked> {
        let mut command = git(&self.folder);
        command.args(["ls-tree", "-r", "-z", "--full-tree", commit]);
        let listed = output(command).unwrap_or_default();
        listed.split(|byte| *byte == 0).filter_map(tracked).collect()
    }

    /// Hands over the content of each of these, in their order, with its length: what is not there
    /// has none.
    ///
    /// # Errors
    /// Those of the pipes to `git`.
    pub fn contents(
        &self,
        ids: &[&str],
        hear: &mut dyn FnMut(usize, u64, &mut dyn Read),
    ) -> io::Result<()> {
        let mut command = git(&self.folder);
        command
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn()?;
        let (Some(mut ask), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Ok(());
        };
        let read = std::thread::scope(|scope| {
            // A pipe that is full would stop both.
            scope.spawn(move || ids.iter().try_for_each(|id| writeln!(ask, "{id}")));
            answers_of(ids.len(), &mut BufReader::new(answers), hear)
        });
        child.wait()?;
        read
    }
}

/// `<id> blob <length>`, the content and a line end; `<id> missing`.
fn answers_of(
    count: usize,
    answers: &mut impl BufRead,
    hear: &mut dyn FnMut(usize, u64, &mut dyn Read),
) -> io::Result<()> {
    for n in 0..count {
        let mut line = String::new();
        answers.by_ref().take(256).read_line(&mut line)?;
        let Some(length) =
            line.trim_end().rsplit(' ').next().and_then(|word| word.parse::<u64>().ok())
        else {
            continue;
        };
        let mut content = answers.by_ref().take(length);
        hear(n, length, &mut content);
        io::copy(&mut content, &mut io::sink())?;
        answers.read_exact(&mut [0])?;
    }
    Ok(())
}

/// `100644 blob <id>\t<path>`
fn tracked(line: &[u8]) -> Option<Tracked> {
    let line = std::str::from_utf8(line).ok()?;
    let (about, path) = line.split_once('\t')?;
    let mut words = about.split(' ');
    let kind = match words.next()? {
        "100755" => TrackedKind::Executable,
        "120000" => TrackedKind::Link,
        "160000" => TrackedKind::Submodule,
        _ => TrackedKind::File,
    };
    Some(Tracked { path: path.to_owned(), kind, id: words.nth(1)?.to_owned() })
}

/// Without what a repository can make `git` do: hooks, a pager, a fetch of what is missing.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args([
        "--no-pager",
        "--no-replace-objects",
        "-c",
        "core.fsmonitor=false",
    ]);
    command
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0");
    command.stdin(Stdio::null());
    command
}

fn output(mut command: Command) -> Result<Vec<u8>, String> {
    let output = command.output().map_err(|e| format!("git cannot be started: {e}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_tree_is_taken_apart() {
        let of = |line: &[u8]| tracked(line).map(|file| (file.path, file.kind, file.id));
        assert_eq!(
            of(b"100755 blob 3b18e512dba79e4c8300dd08aeb37f8e728b8dad\tbin/a b"),
            Some((
                "bin/a b".into(),
                TrackedKind::Executable,
                "3b18e512dba79e4c8300dd08aeb37f8e728b8dad".into()
            ))
        );
        assert_eq!(of(b"160000 commit 00\tvendor/x").unwrap().1, TrackedKind::Submodule);
        assert_eq!(of(b""), None);
    }

    #[test]
    fn contents_are_told_apart_by_their_lengths() {
        let mut heard = Vec::new();
        let mut hear = |n: usize, length: u64, content: &mut dyn Read| {
            let mut text = String::new();
            content.read_to_string(&mut text).unwrap();
            heard.push((n, length, text));
        };
        let answers = b"aa blob 3\na\nb\nbb missing\ncc blob 0\n\n";
        answers_of(3, &mut &answers[..], &mut hear).unwrap();
        assert_eq!(heard, [(0, 3, "a\nb".into()), (2, 0, String::new())]);
    }

    #[test]
    fn only_names_of_commits_are_asked_for() {
        let here = Checkout { folder: PathBuf::from(".") };
        for name in ["", "--help", "HEAD", "main", "abc", "12345g7"] {
            assert_eq!(here.commit(name), None, "{name}");
        }
    }
}
