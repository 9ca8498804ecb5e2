//! From bytes to the report in every format: nothing panics, and every promise of
//! `tests/it/invariants` holds.
//!
//! An input is one case: files behind one another, cut by lines of one record separator. A file
//! that begins with `@NAME` is configuration of that name, any other a log. CONTRIBUTING.md says
//! how to run it.

#![no_main]

#[path = "../../tests/it/invariants/mod.rs"]
mod invariants;

use invariants::check;
use invariants::input::File;
use invariants::mangle::{Edit, mangle};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

/// Between two files of a case; `fuzz/seed` writes it.
const BETWEEN: &[u8] = b"\n\x1e\n";
/// More logs than that show nothing new and take long.
const MOST: usize = 8;

fuzz_target!(|case: &[u8]| {
    let files = files(case);
    if !files.is_empty() {
        check(&files);
    }
});

// Half of the cases are changed by lines, as logs are damaged; the fuzzer's own ways know bytes
// only.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed & 1 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let changed = mangle(&data[..size], &edits(seed));
    let length = changed.len().min(max_size).min(data.len());
    data[..length].copy_from_slice(&changed[..length]);
    length
});

fn files(case: &[u8]) -> Vec<File> {
    let mut files = Vec::new();
    let mut rest = case;
    while !rest.is_empty() && files.len() < MOST {
        let end = rest.windows(BETWEEN.len()).position(|w| w == BETWEEN);
        let (part, next) = end.map_or((rest, &[][..]), |end| (&rest[..end], &rest[end + BETWEEN.len()..]));
        files.push(file(files.len(), part));
        rest = next;
    }
    files
}

fn file(number: usize, part: &[u8]) -> File {
    let line = part.iter().position(|b| *b == b'\n').unwrap_or(0);
    let name = part[..line].strip_prefix(b"@").and_then(|name| std::str::from_utf8(name).ok());
    // Nothing but a plain name: a case must not write outside its folder.
    match name.filter(|n| n.len() > 2 && n.len() < 40 && n.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))) {
        Some(name) => File { name: name.to_owned(), bytes: part[line + 1..].to_vec() },
        None => File { name: format!("run-{number}.log"), bytes: part.to_vec() },
    }
}

/// One to four edits; the seed decides all of them (the constants are Knuth's, TAOCP 3.3.4).
fn edits(seed: u32) -> Vec<Edit> {
    let mut state = u64::from(seed);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as u32
    };
    (0..=next() % 4).map(|_| Edit { how: next() as u8, at: next(), with: next() }).collect()
}
