//! One log has one result: from a path or a pipe, with one thread or two, with LF or CRLF.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

fn logs() -> Vec<PathBuf> {
    let mut logs = Vec::new();
    for folder in fs::read_dir("sample-logs").unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "log") {
                logs.push(path);
            }
        }
    }
    logs.sort();
    assert!(logs.len() > 10);
    logs
}

fn cachediag() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    command.env_remove("CLICOLOR_FORCE");
    command
}

fn from_path(path: &Path, format: &str, threads: &str) -> String {
    let output = cachediag().args(["--format", format, "--threads", threads]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn from_pipe(path: &Path, format: &str) -> String {
    let bytes = fs::read(path).unwrap();
    let output = cachediag().args(["--format", format, "-"]).write_stdin(bytes).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The name of the source is all that may differ.
fn nameless(report: &str, path: &Path) -> String {
    let name = path.display().to_string();
    let stem = path.file_stem().unwrap().to_str().unwrap();
    report
        .replace(&format!("{name:?}"), "NAME")
        .replace("\"-\"", "NAME")
        .replace(&format!("\"{stem}"), "\"LABEL")
        .replace("\"stdin", "\"LABEL")
}

#[test]
fn path_and_pipe_say_the_same() {
    for path in logs() {
        let (file, pipe) = (from_path(&path, "json", "2"), from_pipe(&path, "json"));
        assert_eq!(nameless(&file, &path), nameless(&pipe, &path), "{}", path.display());
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    for format in ["json", "human"] {
        assert_eq!(from_path(Path::new("sample-logs"), format, "1"), from_path(Path::new("sample-logs"), format, "2"));
    }
}

#[test]
fn line_ends_do_not_matter() {
    for path in logs() {
        let bytes = fs::read(&path).unwrap();
        let lf: Vec<u8> = bytes.iter().copied().filter(|b| *b != b'\r').collect();
        let crlf: Vec<u8> = lf.iter().flat_map(|b| if *b == b'\n' { vec![b'\r', b'\n'] } else { vec![*b] }).collect();
        let say = |bytes: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("build.log"), bytes).unwrap();
            let mut command = cachediag();
            let output = command.current_dir(folder.path()).args(["--format", "json", "build.log"]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(say(&lf), say(&crlf), "{}", path.display());
    }
}

#[test]
fn the_order_of_arguments_does_not_matter() {
    let mut paths: Vec<PathBuf> =
        logs().into_iter().filter(|p| p.starts_with("sample-logs/every-second-run")).collect();
    let there = cachediag().args(["--format", "json"]).args(&paths).output().unwrap();
    paths.reverse();
    let back = cachediag().args(["--format", "json"]).args(&paths).output().unwrap();
    assert_eq!(there.stdout, back.stdout);
}

/// Blocks of a large file are scanned side by side; a pipe is cut elsewhere. The log is large
/// enough for both to be cut many times.
#[test]
fn a_large_log_has_one_result_however_it_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.log");
    let build = fs::read("sample-logs/inline-multi-stage/run-02.log").unwrap();
    let mut large = Vec::new();
    for n in 0..40 {
        for line in 0..(700 + n * 13) {
            large.extend_from_slice(format!("plain output {line} of {n}: {}\n", "x".repeat(90)).as_bytes());
        }
        large.extend_from_slice(&build);
    }
    fs::write(&path, &large).unwrap();
    let one = from_path(&path, "json", "1");
    assert_eq!(one, from_path(&path, "json", "2"));
    assert_eq!(nameless(&one, &path), nameless(&from_pipe(&path, "json"), &path));
    assert_eq!(one.matches("\"outcome\":\"succeeded\"").count(), 40);
}
