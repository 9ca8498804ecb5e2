//! Twice as much input takes twice as long, whatever there is more of: processor time of the whole
//! process, as the system counts it, so that it holds on a busy machine.
#![cfg(target_os = "linux")]

#[path = "../../benches/shapes/mod.rs"]
mod shapes;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use shapes::{SHAPES, Shape};
use wait4::Wait4;

/// Four times the input: linear is 4, square is 16.
const MOST: f64 = 8.0;

/// What starting takes, and the smallest input.
const FLOOR: Duration = Duration::from_millis(40);

#[test]
fn cost_grows_with_the_input_whatever_there_is_more_of() {
    all_are_linear(SHAPES.iter(), "json");
}

/// The grid has a row for each step, and says what stages take from each other.
#[test]
fn the_page_grows_with_the_steps() {
    let of_page = ["steps of a build", "stages of a build", "stages that copy from each other"];
    all_are_linear(SHAPES.iter().filter(|shape| of_page.contains(&shape.name)), "html");
}

fn all_are_linear<'a>(shapes: impl Iterator<Item = &'a Shape>, format: &str) {
    let folder = tempfile::tempdir().unwrap();
    let over: Vec<String> = shapes.filter_map(|shape| over(shape, folder.path(), format)).collect();
    assert!(
        over.is_empty(),
        "more than {MOST} times the time for 4 times the input:\n{}",
        over.join("\n")
    );
}

/// The growth of a shape where it is too much, also when it is measured again.
fn over(shape: &Shape, folder: &Path, format: &str) -> Option<String> {
    // Programs for tests are not optimised.
    let n = shape.some / 4;
    let (small, large) = (shape.input(n, folder), shape.input(4 * n, folder));
    let mut said = None;
    for _ in 0..3 {
        let (before, after) = (took(&small, format).max(FLOOR), took(&large, format));
        if after.as_secs_f64() <= MOST * before.as_secs_f64() {
            return None;
        }
        said = Some(format!("{}: {before:?} for {n}, {after:?} for {}", shape.name, 4 * n));
    }
    said
}

fn took(input: &Path, format: &str) -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
    let used = command
        .args(["--format", format])
        .arg(input)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
        .wait4()
        .unwrap();
    assert!(used.status.success());
    used.rusage.utime + used.rusage.stime
}
