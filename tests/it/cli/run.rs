//! `cachediag run`, with shell scripts as builds.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::desk::Desk;
use crate::support::logs::{HEALTHY, SICK};

/// A desk with a script that is the build.
fn build(script: &str) -> Desk {
    Desk::with(SICK).and("healthy.log", HEALTHY).and("build.sh", script)
}

fn command(desk: &Desk, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    command.current_dir(&desk.folder).arg("run").args(options).args([
        "--",
        "sh",
        "build.sh",
        "--no-cache",
        "one two",
    ]);
    command.env_remove("BUILDKIT_PROGRESS");
    command
}

fn run(desk: &Desk, options: &[&str]) -> Output {
    command(desk, options).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn streams_and_status_are_those_of_the_build() {
    let desk = build("printf 'a\\000\\377b'; cat run.log >&2; echo \"$1|$2\"; exit 7");
    let output = run(&desk, &[]);
    assert_eq!(output.stdout, b"a\0\xffb--no-cache|one two\n");
    assert_eq!(output.status.code(), Some(7));
    let told = err(&output);
    assert!(
        told.starts_with(SICK) && told.contains("error[export-unsupported-by-driver]"),
        "{told}"
    );
    // Which number depends on which of the two streams was first.
    assert!(
        told.contains("evidence    output:")
            && told.contains("   ERROR: Cache export is not supported"),
        "{told}"
    );
}

#[test]
fn only_where_the_build_succeeds_a_finding_can_fail() {
    let sick = build("cat run.log >&2");
    assert_eq!(run(&sick, &[]).status.code(), Some(0));
    assert_eq!(run(&sick, &["--fail-on", "error"]).status.code(), Some(1));
    let healthy = build("cat healthy.log >&2");
    assert_eq!(run(&healthy, &["--fail-on", "note"]).status.code(), Some(0));
    assert_eq!(run(&healthy, &["--must-hit", "COPY"]).status.code(), Some(1));
    let failed = build("cat run.log >&2; exit 3");
    assert_eq!(
        run(&failed, &["--fail-on", "error", "--min-hit-rate", "100"]).status.code(),
        Some(3)
    );
}

#[test]
fn reports_go_to_files_as_well() {
    let desk = build("cat run.log");
    let output = run(&desk, &["--output", "json=report.json", "--format", "markdown"]);
    assert_eq!(output.stdout, SICK.as_bytes());
    assert!(err(&output).contains("### Docker build cache: 1 error"));
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(desk.file("report.json")).unwrap()).unwrap();
    assert_eq!(report["findings"][0]["evidence"][0]["source"], "output");
}

#[test]
fn what_cannot_be_written_fails_no_build() {
    let output = run(&build("cat run.log"), &["--output", "json=no/such/folder/a.json"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(err(&output).contains("error: cannot write no/such/folder/a.json"));
}

#[test]
fn a_build_that_does_not_start_is_told_as_shells_do() {
    let desk = build("");
    let start = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
        command.current_dir(&desk.folder).args(["run", "--", name]).output().unwrap()
    };
    let missing = start("no-such-build-tool");
    assert_eq!(missing.status.code(), Some(127));
    assert_eq!(err(&missing), "cachediag: no-such-build-tool: command not found\n");
    let refused = start("./build.sh");
    assert_eq!(refused.status.code(), Some(126));
    assert!(
        err(&refused).starts_with("cachediag: ./build.sh: cannot be started: Permission denied")
    );
}

#[test]
fn a_build_that_a_signal_ended_has_the_status_of_shells() {
    let output = run(&build("cat run.log >&2; kill -KILL $$"), &[]);
    assert_eq!(output.status.code(), Some(137));
    assert!(err(&output).contains("error[export-unsupported-by-driver]"));
}

/// Waits for a line; the child and its output so far.
fn started(desk: &Desk) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child =
        command(desk, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "started\n");
    (child, stdout)
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// The tests themselves were started so: `cargo test &` in a script ignores INT, `nohup cargo test`
/// HUP, and whatever they start does, too.
fn is_ignored(name: &str) -> bool {
    let number = match name {
        "HUP" => 1,
        "INT" => 2,
        _ => return false,
    };
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

/// As a CI's runner stops a job: the build hears of it, ends as it likes, and is diagnosed.
#[test]
fn signals_reach_the_build_and_it_is_still_diagnosed() {
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        if is_ignored(name) {
            continue;
        }
        let script = format!(
            "trap 'cat run.log; exit {code}' {name}; echo started; while :; do sleep 0.05; done"
        );
        let desk = build(&script);
        let (mut child, mut stdout) = started(&desk);
        signal(&child, &format!("-{name}"));
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, SICK);
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(told.contains("error[export-unsupported-by-driver]"), "{told}");
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn output_is_live_on_both_streams() {
    let desk = build("echo started; read -r line < pipe; echo \"$line\" >&2");
    assert!(Command::new("mkfifo").arg(desk.file("pipe")).status().unwrap().success());
    let (mut child, _stdout) = started(&desk);
    // The build waits for this: its first line was here before it went on.
    fs::write(desk.file("pipe"), "go on\n").unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "go on\n");
    child.wait().unwrap();
}

/// A daemon that a build leaves behind keeps its streams open: nobody waits for it.
#[test]
fn what_a_build_leaves_behind_is_not_waited_for() {
    let begin = Instant::now();
    let output = run(&build("sleep 30 & cat run.log"), &[]);
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert_eq!(output.stdout, SICK.as_bytes());
    assert!(err(&output).contains("error[export-unsupported-by-driver]"));
}

/// Nor for one that goes on printing; what the build itself said is all there.
#[test]
fn what_goes_on_printing_is_not_waited_for() {
    for every in ["0.01", "0.4"] {
        let desk = build(&format!(
            "(while :; do echo later; sleep {every}; done) & seq 60000; cat run.log; kill -0 $! && \
                echo $! > pid"
        ));
        let begin = Instant::now();
        let output = run(&desk, &[]);
        assert!(begin.elapsed() < Duration::from_secs(20));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            text.contains("\n60000\n") && text.replace("later\n", "").ends_with(SICK),
            "{every}"
        );
        assert!(err(&output).contains("error[export-unsupported-by-driver]"));
        Command::new("kill")
            .arg(fs::read_to_string(desk.file("pid")).unwrap().trim())
            .status()
            .unwrap();
    }
}

/// No folder can be written to: the log is kept in memory.
#[test]
fn a_build_is_started_without_a_temporary_folder() {
    let desk = build("cat run.log");
    let output = command(&desk, &[]).env("TMPDIR", "/proc/nowhere").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), SICK.as_bytes()));
    assert!(err(&output).contains("error[export-unsupported-by-driver]"), "{}", err(&output));
}

/// Whatever ends it, nothing that the build said is left behind.
#[test]
fn a_kill_leaves_no_log() {
    let desk = build("echo started; echo hunter2; sleep 2");
    fs::create_dir(desk.file("tmp")).unwrap();
    let mut child = command(&desk, &[])
        .env("TMPDIR", desk.file("tmp"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(fs::read_dir(desk.file("tmp")).unwrap().count(), 0);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read_dir(desk.file("tmp")).unwrap().count(), 0);
}

/// Those that would end it reach the build.
#[test]
fn other_signals_reach_the_build_too() {
    for name in ["HUP", "USR1", "USR2", "ALRM"] {
        if is_ignored(name) {
            continue;
        }
        let script = format!(
            "trap 'cat run.log; exit 9' {name}; echo started; while :; do sleep 0.05; done"
        );
        let desk = build(&script);
        let (mut child, mut stdout) = started(&desk);
        signal(&child, &format!("-{name}"));
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!((rest.as_str(), child.wait().unwrap().code()), (SICK, Some(9)), "{name}");
    }
}

/// `nohup` ignores one, and so does what it starts.
#[test]
fn an_ignored_signal_stays_ignored() {
    let desk = build("kill -HUP $$; cat run.log");
    let program = env!("CARGO_BIN_EXE_cachediag");
    let script = format!("trap '' HUP; exec {program} run -- sh build.sh");
    let output =
        Command::new("sh").args(["-c", &script]).current_dir(&desk.folder).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), SICK.as_bytes()));
}

#[test]
fn progress_is_plain_where_nothing_else_was_asked_for() {
    let desk = build("echo \"$BUILDKIT_PROGRESS\"");
    assert_eq!(run(&desk, &[]).stdout, b"plain\n");
    assert_eq!(
        command(&desk, &[]).env("BUILDKIT_PROGRESS", "rawjson").output().unwrap().stdout,
        b"rawjson\n"
    );
    assert_eq!(
        command(&desk, &[]).env("BUILDKIT_PROGRESS", "").output().unwrap().stdout,
        b"plain\n"
    );
}

#[test]
fn nothing_is_left_on_the_disk() {
    for script in ["cat run.log", "cat run.log; exit 7", "sleep 5 & cat run.log", "kill -KILL $$"] {
        let desk = build(script);
        fs::create_dir(desk.file("tmp")).unwrap();
        command(&desk, &[]).env("TMPDIR", desk.file("tmp")).output().unwrap();
        assert_eq!(fs::read_dir(desk.file("tmp")).unwrap().count(), 0, "{script}");
    }
}

#[test]
fn a_build_is_remembered() {
    let desk = build("cat healthy.log");
    let remembered = |runs: &str| {
        assert!(run(&desk, &["--history", "runs.db"]).status.success());
        let list = Command::new(env!("CARGO_BIN_EXE_cachediag"))
            .current_dir(&desk.folder)
            .args(["history", "export", "--history", "runs.db"])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(list.stdout).unwrap().lines().count().to_string(), runs);
    };
    remembered("1");
    fs::write(desk.file("healthy.log"), HEALTHY.replace("CACHED", "DONE 1.0s")).unwrap();
    remembered("2");
}

/// `cachediag run … | head -1`: the build does not die of it.
#[test]
fn a_closed_stream_does_not_end_the_build() {
    let desk = build("seq 100000; cat run.log; touch done");
    let mut child =
        command(&desk, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(child.wait().unwrap().success() && desk.file("done").exists());
    assert!(told.contains("error[export-unsupported-by-driver]"), "{told}");
}

#[test]
fn standard_input_is_the_builds() {
    let desk = build("cat");
    let input = fs::File::open(desk.file("run.log")).unwrap();
    assert_eq!(command(&desk, &[]).stdin(input).output().unwrap().stdout, SICK.as_bytes());
}
