//! Memory does not grow with the size of the input: the peak of the whole process, as the system
//! counts it. Linux only, where that count can be trusted.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in its helpers"
)]

#[path = "../benches/logs/mod.rs"]
mod logs;

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use logs::Logs;
use wait4::Wait4;

/// One of these at a time: a process that is begun counts what this one has.
static ALONE: Mutex<()> = Mutex::new(());

/// What is allowed, whatever the input.
const PEAK: u64 = 64 << 20;

const INPUT: usize = 96 << 20;

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    command.args(["--format", "json"]).stdout(Stdio::null());
    command
}

/// Peak of a diagnosis whose standard input is what `write` writes.
fn peak_of_pipe(write: impl FnOnce(&mut dyn Write)) -> u64 {
    let mut child = command().stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = BufWriter::new(child.stdin.take().unwrap());
    write(&mut pipe);
    pipe.flush().unwrap();
    drop(pipe);
    peak(&child.wait4().unwrap())
}

fn peak_of_path(path: &Path) -> u64 {
    peak(&command().arg(path).spawn().unwrap().wait4().unwrap())
}

fn peak(used: &wait4::ResUse) -> u64 {
    assert!(used.status.success());
    used.rusage.maxrss
}

#[test]
fn a_pipe_of_any_length() {
    let peak = peak_of_pipe(|pipe| {
        Logs::new(1).write(INPUT, pipe).unwrap();
    });
    assert!(peak < PEAK, "{} MiB", peak >> 20);
}

#[test]
fn one_line_of_any_length() {
    let part = vec![b'x'; 1 << 20];
    let peak = peak_of_pipe(|pipe| (0..INPUT >> 20).for_each(|_| pipe.write_all(&part).unwrap()));
    assert!(peak < PEAK, "{} MiB", peak >> 20);
}

#[test]
fn a_file_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("build.log");
    let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
    Logs::new(1).write(INPUT, &mut file).unwrap();
    file.flush().unwrap();
    let peak = peak_of_path(&path);
    assert!(peak < PEAK, "{} MiB", peak >> 20);
}

#[test]
fn a_tree_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let mut logs = Logs::new(1);
    for n in 0..INPUT / (200 << 10) {
        let path = folder.path().join(format!("run-{n}.log"));
        logs.write(1, BufWriter::new(std::fs::File::create(path).unwrap())).unwrap();
    }
    let peak = peak_of_path(folder.path());
    assert!(peak < PEAK, "{} MiB", peak >> 20);
}

/// A file of 15 MiB that begins as evidence does, and is full of the smallest parts.
fn full(start: &str, part: &str, end: &str) -> Vec<u8> {
    [start, &part.repeat((15 << 20) / part.len()), end].concat().into_bytes()
}

/// Vertices or statuses without anything in them, in one frame behind one that has a digest.
fn frame(part: [u8; 2]) -> Vec<u8> {
    let digest = format!("sha256:{:064x}", 1);
    let vertex = [&[0x0a, 73, 0x0a, 71][..], digest.as_bytes()].concat();
    let body = [&vertex[..], &part.repeat(7 << 20)].concat();
    [&u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

/// Makes the bytes of a file.
type Make = fn() -> Vec<u8>;

#[test]
fn evidence_full_of_small_parts() {
    const ARGUMENTS: &str =
        r#"{"buildDefinition":{"externalParameters":{"request":{"args":{"a":"""#;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let hostile: [(&str, Make); 7] = [
        ("records.json", || full(r#"{"records":[{"digest":""}"#, r#",{"digest":""}"#, "]}")),
        ("inputs.json", || full(r#"{"records":[{"digest":"","inputs":[[]"#, ",[]", "]}]}")),
        ("links.json", || full(r#"{"records":[{"digest":"","inputs":[[{}"#, ",{}", "]]}]}")),
        ("arguments.json", || full(ARGUMENTS, r#","":"""#, "}}}}}")),
        ("deep.json", || full("{\"buildDefinition\":", "[", "")),
        ("vertices", || frame([0x0a, 0])),
        ("statuses", || frame([0x12, 0])),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in hostile {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes()).unwrap();
        let used = command().arg(&path).stderr(Stdio::null()).spawn().unwrap().wait4().unwrap();
        // Nothing could be read.
        assert_eq!(used.status.code(), Some(2), "{name}");
        assert!(used.rusage.maxrss < PEAK, "{name}: {} MiB", used.rusage.maxrss >> 20);
    }
}

/// The line of a number.
type Line = fn(usize) -> String;

/// What is left of [`PEAK`] for a program that begins with 17 MiB. One that is not optimised begins
/// with more.
const ROOM: u64 = 46 << 20;

/// What counts without end: a log, an archive, a configuration.
#[test]
fn what_never_ends_is_read_to_a_limit_that_is_told() {
    const LOAD: &str = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n";
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let logs: [(&str, Line); 6] = [
        ("text", |n| format!("#{n} text\n")),
        ("steps", |n| format!("#{n} [{n}/{}] RUN task-{n}\n#{n} DONE 0.1s\n", n + 1)),
        ("imports", |n| format!("#{n} importing cache manifest from r/a:{n}\n#{n} DONE 0.1s\n")),
        ("builds", |_| format!("{LOAD}#2 [1/1] RUN make\n#2 DONE 0.1s\n")),
        ("classic", |n| format!("Step {n}/150000 : RUN task-{n}\n ---> {n:012x}\n")),
        ("commands", |n| format!("+ docker buildx build -t app:{n} .\n")),
    ];
    let folder = tempfile::tempdir().unwrap();
    let begins = peak_of_path(Path::new("sample-logs/inline-multi-stage/run-01.log"));
    for (name, line) in logs {
        let path = folder.path().join(format!("{name}.log"));
        let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
        file.write_all(LOAD.as_bytes()).unwrap();
        (4..150_000).for_each(|n| file.write_all(line(n).as_bytes()).unwrap());
        drop(file);
        let said = folder.path().join("said.txt");
        let output = format!("human={}", said.display());
        let used =
            command().args(["--output", &output]).arg(&path).spawn().unwrap().wait4().unwrap();
        assert!(
            std::fs::read_to_string(&said).unwrap().contains("split it"),
            "{name} was read as a whole"
        );
        assert!(peak(&used) < begins + ROOM, "{name}: {} MiB", used.rusage.maxrss >> 20);
    }
}

#[test]
fn configuration_without_end_is_refused() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let files: [(&str, Make); 4] = [
        (".gitlab-ci.yml", || "job:\n  script: docker build .\n".repeat(9_000).into_bytes()),
        ("bitbucket-pipelines.yml", || format!("a: [{}a]\n", "a,".repeat(60_000)).into_bytes()),
        ("docker-bake.hcl", || "target \"t\" {}\n".repeat(9_000).into_bytes()),
        ("compose.yml", || "#".repeat(600 << 10).into_bytes()),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, text()).unwrap();
        let mut command = command();
        let log = "sample-logs/inline-multi-stage/run-01.log";
        let used = command.args([log, "--config"]).arg(&path).spawn().unwrap().wait4().unwrap();
        assert!(peak(&used) < PEAK, "{name}: {} MiB", used.rusage.maxrss >> 20);
    }
}
