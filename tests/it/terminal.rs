//! What is different on a terminal: colour, and a bar for what takes long, gone before the report.
//! `script` is the terminal.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cachediag");
const LOG: &str = "sample-logs/inline-multi-stage/run-01.log";
const BAR: &str = "reading ";
/// Clears the line (ECMA-48 EL).
const CLEAR: &str = "\u{1b}[2K";

/// What a command prints on a terminal, on both streams.
fn on_a_terminal(command: &str) -> String {
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", command, "/dev/null"]).env("TERM", "xterm");
    // Logs of a CI show colours whatever their terminal is called.
    text(script.env_remove("CI").output().unwrap())
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A named pipe that gives the log after more than a second: an input that takes long.
fn slow(folder: &Path) -> String {
    let pipe = folder.join("slow.log");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = pipe.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(1700));
        fs::write(writer, fs::read(LOG).unwrap())
    });
    pipe.display().to_string()
}

#[test]
fn long_input_has_a_bar_that_is_gone_before_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let printed = on_a_terminal(&format!("{PROGRAM} {LOG} {}", slow(folder.path())));
    let bar = printed.rfind(BAR).unwrap();
    let report = printed.find("build").unwrap();
    assert!(bar < report, "{printed:?}");
    let between = printed.get(bar..report).unwrap();
    assert!(between.contains(CLEAR), "{printed:?}");
}

#[test]
fn short_input_has_no_bar() {
    assert!(!on_a_terminal(&format!("{PROGRAM} {LOG}")).contains(BAR));
}

#[test]
fn a_stream_has_no_bar() {
    let printed = on_a_terminal(&format!("(sleep 1.5; cat {LOG}) | {PROGRAM}"));
    assert!(!printed.contains(BAR), "{printed:?}");
}

#[test]
fn a_dumb_terminal_has_no_bar() {
    let folder = tempfile::tempdir().unwrap();
    let printed = on_a_terminal(&format!("TERM=dumb {PROGRAM} {}", slow(folder.path())));
    assert!(!printed.contains(BAR), "{printed:?}");
}

#[test]
fn color_is_for_terminals_that_have_it() {
    let colored = |environment: &str| {
        on_a_terminal(&format!("{environment} {PROGRAM} sample-logs/inline-multi-stage"))
            .contains("\u{1b}[")
    };
    assert!(colored("TERM=xterm"));
    assert!(!colored("TERM=dumb") && !colored("NO_COLOR=1"));
    assert!(
        !on_a_terminal(&format!("{PROGRAM} sample-logs/inline-multi-stage | cat"))
            .contains("\u{1b}[")
    );
}

#[test]
fn where_standard_error_is_a_file_there_is_no_bar() {
    let folder = tempfile::tempdir().unwrap();
    let errors = folder.path().join("errors");
    on_a_terminal(&format!("{PROGRAM} {} 2>{}", slow(folder.path()), errors.display()));
    assert_eq!(fs::read_to_string(errors).unwrap(), "");
}
