//! What a diagnosis costs where the input is large in one respect: `cargo bench --bench growth`.
//!
//! Each shape is taken with n, 2n and 4n of it: linear is twice the time of the line above.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench fails by panicking")]

mod shapes;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use divan::Bencher;
use shapes::{SHAPES, Shape};
use tempfile::TempDir;

fn main() {
    divan::main();
}

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fn cases() -> impl Iterator<Item = String> {
    SHAPES
        .iter()
        .flat_map(|shape| [1, 2, 4].map(|times| format!("{}: {}", shape.name, shape.some * times)))
}

#[divan::bench(args = cases(), sample_count = 3, sample_size = 1)]
fn growth(bencher: Bencher, case: &str) {
    let (name, n) = case.split_once(": ").unwrap();
    let shape: &Shape = SHAPES.iter().find(|shape| shape.name == name).unwrap();
    let input = shape.input(n.parse().unwrap(), FOLDER.path());
    bencher.bench(|| diagnose(&input));
}

fn diagnose(input: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    assert!(
        command
            .args(["--format", "json"])
            .arg(input)
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
}
