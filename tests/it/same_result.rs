//! One log has one result: from a path or a pipe, with one thread or two, with LF or CRLF.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use cachediag::pipeline::{self, Options};
use cachediag::render::{Json, Renderer, Report, Screen};
use cachediag::source::Entry;
use proptest::prelude::*;

use crate::invariants::input::{File, files_of, rendered};
use crate::invariants::mangle::mangle;
use crate::support::cases::{cases, edits};

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
    let output =
        cachediag().args(["--format", format, "--threads", threads]).arg(path).output().unwrap();
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
        assert_eq!(
            from_path(Path::new("sample-logs"), format, "1"),
            from_path(Path::new("sample-logs"), format, "2")
        );
    }
}

#[test]
fn line_ends_do_not_matter() {
    for path in logs() {
        let bytes = fs::read(&path).unwrap();
        let lf: Vec<u8> = bytes.iter().copied().filter(|b| *b != b'\r').collect();
        let crlf: Vec<u8> = lf
            .iter()
            .flat_map(|b| if *b == b'\n' { vec![b'\r', b'\n'] } else { vec![*b] })
            .collect();
        let say = |bytes: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("build.log"), bytes).unwrap();
            let mut command = cachediag();
            let output = command
                .current_dir(folder.path())
                .args(["--format", "json", "build.log"])
                .output()
                .unwrap();
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
            large.extend_from_slice(
                format!("plain output {line} of {n}: {}\n", "x".repeat(90)).as_bytes(),
            );
        }
        large.extend_from_slice(&build);
    }
    fs::write(&path, &large).unwrap();
    let one = from_path(&path, "json", "1");
    assert_eq!(one, from_path(&path, "json", "2"));
    assert_eq!(nameless(&one, &path), nameless(&from_pipe(&path, "json"), &path));
    assert_eq!(one.matches("\"outcome\":\"succeeded\"").count(), 40);
}

/// Blocks of a length for each place that a cut can be at.
#[test]
fn a_small_log_has_one_result_wherever_it_is_cut() {
    for file in files_of(Path::new("tests/cuts")).into_iter().filter(File::is_log) {
        let report = |block| {
            let entry = Entry::in_memory(&file.name, file.bytes.as_slice());
            let report = pipeline::run_in_memory(
                [entry],
                &Options { block: Some(block), ..Options::default() },
            );
            Json.render(&report, Screen { width: 100, color: false, ascii: false })
        };
        let whole = report(file.bytes.len());
        for block in 1..file.bytes.len() {
            assert_eq!(whole, report(block), "{} in blocks of {block} bytes", file.name);
        }
    }
}

/// A way to read a case that must not matter.
#[derive(Clone, Debug)]
struct Way {
    block: usize,
    threads: usize,
    /// Packed files are read as streams, whatever their names.
    packed: bool,
    /// Nothing is on the disk.
    memory: bool,
    crlf: bool,
    /// The logs are named one by one, in another order.
    turned: usize,
}

fn ways() -> impl Strategy<Value = Way> {
    let block = prop_oneof![1..64usize, 64..4096usize, 4096..200_000usize];
    (block, 1..5usize, any::<[bool; 3]>(), 0..8usize).prop_map(
        |(block, threads, [packed, memory, crlf], turned)| Way {
            block,
            threads,
            packed,
            memory,
            crlf,
            turned,
        },
    )
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|b| if *b == b'\n' { vec![b'\r', b'\n'] } else { vec![*b] }).collect()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Writes the files into a folder and reads them there.
fn report_in(folder: &Path, files: &[File], options: Options) -> Report {
    for file in files {
        let path = folder.join(&file.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.bytes).unwrap();
    }
    let paths = if options.paths.is_empty() { vec![folder.to_owned()] } else { options.paths };
    pipeline::run(&Options { paths, ..options })
}

/// The report on files in this folder, in every format.
fn said(folder: &Path, files: &[File], way: Option<&Way>) -> Vec<(&'static str, String)> {
    let given = files.iter().filter(|file| file.is_log() || file.is_evidence());
    let paths: Vec<PathBuf> = given.map(|file| folder.join(&file.name)).collect();
    let mut options =
        Options { threads: Some(1), paths, config: vec![folder.to_owned()], ..Options::default() };
    let mut files = files.to_vec();
    if let Some(way) = way {
        options = Options { threads: Some(way.threads), block: Some(way.block), ..options };
        let turn = way.turned % options.paths.len().max(1);
        options.paths.rotate_left(turn);
        for file in files.iter_mut().filter(|f| f.is_log()) {
            let bytes = if way.crlf { with_crlf(&file.bytes) } else { file.bytes.clone() };
            file.bytes = if way.packed && !bytes.is_empty() { packed(&bytes) } else { bytes };
        }
    }
    // Of a directory it is said that it holds no log.
    let memory = way.is_some_and(|way| way.memory) && files.iter().any(File::is_log);
    let report = if memory {
        report_in_memory(folder, &files, &options)
    } else {
        report_in(folder, &files, options)
    };
    rendered(&report, 100, false)
}

/// Reads the files as if they lay in the folder.
fn report_in_memory(folder: &Path, files: &[File], options: &Options) -> Report {
    let entries = files
        .iter()
        .map(|f| Entry::in_memory(folder.join(&f.name).to_str().unwrap(), f.bytes.as_slice()));
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(options.threads.unwrap_or(0)).build().unwrap();
    pool.install(|| pipeline::run_in_memory(entries, options))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// However it is cut, read and named; also where the logs are damaged.
    #[test]
    fn the_way_of_reading_does_not_matter(
        case in any::<prop::sample::Index>(),
        edits in prop_oneof![Just(Vec::new()), edits()],
        way in ways(),
    ) {
        let cases = cases();
        let mut files = files_of(&cases[case.index(cases.len())]);
        for file in files.iter_mut().filter(|f| f.is_log()) {
            file.bytes = mangle(&file.bytes, &edits);
        }
        let folder = tempfile::tempdir().unwrap();
        prop_assert_eq!(said(folder.path(), &files, None), said(folder.path(), &files, Some(&way)));
    }
}
