//! Patches go through git, as they do for a user.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// `git apply` of a diff in a folder.
pub(crate) fn apply(folder: &Path, diff: &str) {
    git(folder, &["init", "--quiet"], "");
    git(folder, &["-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"], diff);
}

fn git(folder: &Path, arguments: &[&str], input: &str) {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{}: git {arguments:?}: {said}\n{input}", folder.display());
}
