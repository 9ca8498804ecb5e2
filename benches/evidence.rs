//! What the files cost that `BuildKit` leaves, from the start of a process to its end: `cargo bench
//! --bench evidence`.
//!
//! A stored build (`.dockerbuild`) of 1,000 steps with `mode=max` provenance, and a cache
//! configuration of 10,000 records. Stages have 50 steps: an image holds 127 layers at most.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench fails by panicking")]

#[expect(dead_code, reason = "made for tests, which use all of it")]
#[path = "../tests/it/evidence/project.rs"]
mod project;
#[path = "../tests/it/evidence/stored.rs"]
mod stored;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use project::{Base, Builder, Left, Mode, Stage, run};
use tempfile::TempDir;

fn main() {
    divan::main();
}

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

#[divan::bench(args = [250, 500, 1_000], sample_count = 40, sample_size = 1)]
fn stored_build(bencher: Bencher, steps: usize) {
    measure(bencher, &format!("{steps}.dockerbuild"), &built(steps).dockerbuild);
}

#[divan::bench(args = [2_500, 5_000, 10_000], sample_count = 40, sample_size = 1)]
fn cache_configuration(bencher: Bencher, records: usize) {
    measure(bencher, &format!("{records}.json"), built(records).cache.as_bytes());
}

/// A build that ran all of its steps.
fn built(steps: usize) -> Left {
    const EACH: usize = 50;
    let stage = |stage: usize| {
        let name: &'static str = format!("stage-{stage}").leak();
        let steps = (0..EACH).map(|step| run(&format!("make part-{stage}-{step}"))).collect();
        Stage::of(name, Err(Base::of("base", "layers")), steps)
    };
    let stages: Vec<Stage> = (0..steps / EACH).map(stage).collect();
    Builder::default().build(&stages, Mode::Max, "")
}

fn measure(bencher: Bencher, name: &str, bytes: &[u8]) {
    let path = FOLDER.path().join(name);
    fs::write(&path, bytes).unwrap();
    bencher.counter(BytesCount::of_slice(bytes)).bench(|| diagnose(&path));
}

fn diagnose(path: &PathBuf) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    let run = command.args(["--format", "json"]).arg(path).stdout(Stdio::null()).status();
    assert!(run.unwrap().success());
}
