//! Runs are remembered by processes that know nothing of each other.

mod again;
mod branch;
mod commands;
mod crash;
mod merge;
mod news;
mod recipes;
mod secrets;
mod series;
mod trouble;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The program in a folder, where no CI is around it.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    command.current_dir(folder).env_clear();
    command
}

fn report(folder: &Path, args: &[&str]) -> Value {
    let output = program(folder).args(["--format", "json"]).args(args).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}: {output:?}"))
}

/// One line a record.
fn exported(folder: &Path, file: &str) -> String {
    let output = program(folder).args(["history", "export", "--history", file]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn absolute(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
