//! What a diagnosis asks of the allocator: a figure that is the same on every machine.
//!
//! Left of `model` nothing is allocated per line, and what builds have in common is kept once.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also in its helpers"
)]

#[path = "../benches/logs/mod.rs"]
mod logs;

use std::fs::File;

use cachediag::pipeline::{Options, run};
use cachediag::render::{Json, Renderer, Screen};
use logs::Logs;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Allocations of a diagnosis with its report, the bytes that the report held, and its builds.
fn diagnosed(mib: usize) -> (u64, usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("build.log");
    let builds = Logs::new(1).write(mib << 20, File::create(&path).unwrap()).unwrap();
    let profiler = dhat::Profiler::builder().testing().build();
    let report = run(&Options { paths: vec![path], threads: Some(2), ..Options::default() });
    Json.write(&report, Screen { width: 100, color: false, ascii: false }, &mut std::io::sink())
        .unwrap();
    let stats = dhat::HeapStats::get();
    drop(report);
    let held = stats.curr_bytes.saturating_sub(dhat::HeapStats::get().curr_bytes);
    drop(profiler);
    (stats.total_blocks, held, builds)
}

/// The smaller of two: on a busy machine a thread that comes late makes patterns of its own.
fn least(mib: usize) -> (u64, usize, usize) {
    let (a, b) = (diagnosed(mib), diagnosed(mib));
    (a.0.min(b.0), a.1.min(b.1), a.2)
}

#[test]
fn allocations_per_mib_and_bytes_per_build_stay_low() {
    // The first one makes what lasts: threads, patterns.
    diagnosed(1);
    let (few, small, less) = least(8);
    let (many, large, more) = least(16);
    let per_mib = many.saturating_sub(few) / 8;
    let per_build = large.saturating_sub(small) / (more - less);
    assert!((1..2000).contains(&per_mib), "{per_mib} allocations per MiB");
    assert!((1..3000).contains(&per_build), "{per_build} bytes per build");
}
