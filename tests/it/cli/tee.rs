//! `--tee`: what is piped in goes out again, byte for byte and at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::support::logs::SICK;

fn cachediag(args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    command
        .arg("--tee")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Gives it everything, and returns what came out.
fn passed(input: &[u8], args: &[&str]) -> Vec<u8> {
    let mut child = cachediag(args);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    output.stdout
}

/// The next line is given only when the one before it has come out: were it held back, this would
/// never end.
#[test]
fn each_line_comes_out_before_the_next_is_given() {
    let mut child = cachediag(&[]);
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for line in SICK.split_inclusive('\n') {
        stdin.write_all(line.as_bytes()).unwrap();
        let mut out = String::new();
        stdout.read_line(&mut out).unwrap();
        assert_eq!(out, line);
    }
    // A line that has not ended yet is no reason to wait either.
    stdin.write_all(b"#9 0.1 wait").unwrap();
    let mut out = [0; 11];
    stdout.read_exact(&mut out).unwrap();
    assert_eq!(&out, b"#9 0.1 wait");
    drop(stdin);
    let mut report = String::new();
    stdout.read_to_string(&mut report).unwrap();
    assert!(report.contains("error[export-unsupported-by-driver]"), "{report}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn every_byte_passes() {
    let all: Vec<u8> = (0..=255).collect();
    let long = [SICK.as_bytes(), &vec![b'x'; 3 << 20], b"\nend without a line end"].concat();
    let mixed = [SICK.as_bytes(), b"\r\n\xff\xfe\0\x1b[2J\r", &all].concat();
    for input in [&long[..], &mixed, b"one line, no end", b"\n"] {
        let out = passed(input, &[]);
        assert!(out.starts_with(input), "{} of {} bytes", out.len(), input.len());
    }
}

/// What cannot be read as a log passes all the same: a pipeline must not break over it.
#[test]
fn what_is_no_log_passes() {
    let binary: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 7) as u8).collect();
    let packed = [b"\x1f\x8b\x08 broken".to_vec(), vec![7; 1_000_000]].concat();
    for input in [&binary[..], &packed, b"PK\x03\x04 and no more", b""] {
        let out = passed(input, &[]);
        assert!(out.starts_with(input), "{} of {} bytes", out.len(), input.len());
    }
}

/// `… | cachediag --tee --output json=report.json | head -1`: the log is still read to its end.
#[test]
fn a_closed_pipe_does_not_stop_reading() {
    let folder = tempfile::TempDir::new().unwrap();
    let report = folder.path().join("report.json");
    let mut child = cachediag(&["--output", &format!("json={}", report.display())]);
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..2000 {
        stdin
            .write_all(b"#7 0.1 some output of a step that is long enough to fill the pipe\n")
            .unwrap();
    }
    stdin.write_all(SICK.as_bytes()).unwrap();
    drop(stdin);
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((child.wait().unwrap().code(), &*told), (Some(0), ""));
    assert!(std::fs::read_to_string(report).unwrap().contains("export-unsupported-by-driver"));
}
