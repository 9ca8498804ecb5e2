//! Files that are cut, mixed up, of another version or made to do harm: a problem or nothing, never a wrong claim.

use std::fs;
use std::process::{Command, Stdio};

use cachediag::pipeline::{Options, run_in_memory};
use cachediag::source::Entry;

use super::project::{Base, Builder, Left, Mode, Stage, Step, run, sha};
use super::{breaks, files};

fn pair() -> Vec<Left> {
    let stage = |sources: &str| {
        let steps = vec![Step::Workdir("/app"), Step::Copy("src", "/app/src", sources.to_owned()), run("make")];
        [Stage::of("web", Err(Base::of("base", "layers")), steps)]
    };
    let mut builder = Builder::default();
    ["sources 1", "sources 2"].map(|sources| builder.build(&stage(sources), Mode::Max, "")).into()
}

/// Breaks of the newest run that are proven, but for the true one.
fn wrong(entries: Vec<Entry>) -> Vec<String> {
    let found = breaks(entries, 1).into_iter().filter(|found| found.2 == "proven");
    let is_true = |because: &str| matches!(because, "inputs-changed" | "first-run" | "not-imported");
    found.filter(|found| !is_true(&found.1)).map(|found| format!("{} {}", found.0, found.1)).collect()
}

#[test]
fn a_cut_cache_is_a_problem() {
    let left = pair();
    let whole = left[1].cache.clone();
    for end in (1..whole.len()).step_by(61) {
        let mut entries = files(&left, true);
        entries.pop();
        entries.push(Entry::in_memory("run-2.cache.json", whole[..end].as_bytes()));
        assert!(wrong(entries.clone()).is_empty(), "{end}");
        let report = run_in_memory(entries, &Options::default());
        // What is cut before the first key is a file of any kind.
        assert!(end < 80 || report.problems.iter().any(|p| p.source == "run-2.cache.json"), "{end}");
    }
}

#[test]
fn fields_of_another_version_are_passed_over() {
    let mut left = pair();
    for left in &mut left {
        let cache = left.cache.replacen("{\"layers\"", "{\"version\":7,\"new\":{\"a\":[1,{}]},\"layers\"", 1);
        left.log = left.log.replace(&sha(&left.cache), &sha(&cache));
        left.cache = cache.replace("\"digest\":", "\"kind\":\"step\",\"digest\":");
        left.log = left.log.replace(&sha(&cache), &sha(&left.cache));
    }
    assert!(breaks(files(&left, true), 1).iter().any(|found| found.1 == "inputs-changed" && found.2 == "proven"));
    // Records of a kind that is not known are no records.
    let foreign = left[1].cache.replace("\"digest\":\"sha256:", "\"digest\":\"sha512:");
    let entries =
        vec![Entry::in_memory("a.json", left[0].cache.as_bytes()), Entry::in_memory("b.json", foreign.as_bytes())];
    let report = run_in_memory(entries, &Options::default());
    assert!(report.problems.iter().any(|problem| problem.source == "b.json"), "{:?}", report.problems);
}

/// A file of 15 MiB that begins as some kind does, and is full of the smallest parts.
fn full(start: &str, part: &str, end: &str) -> Vec<u8> {
    let count = (15 << 20) / part.len();
    [start, &part.repeat(count), end].concat().into_bytes()
}

#[test]
#[cfg(target_os = "linux")]
fn files_full_of_small_parts_take_no_memory() {
    use wait4::Wait4;
    const PEAK: u64 = 64 << 20;
    let digest = sha("a");
    // Vertices and their inputs without anything in them, in one frame.
    let frame = |part: [u8; 2]| {
        let vertex = [&[0x0a, 73, 0x0a, 71][..], digest.as_bytes()].concat();
        let body = [&vertex[..], &part.repeat(7 << 20)].concat();
        [&u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
    };
    let hostile = [
        ("records.json", full("{\"records\":[{\"digest\":\"\"}", ",{\"digest\":\"\"}", "]}")),
        ("inputs.json", full("{\"records\":[{\"digest\":\"\",\"inputs\":[[]", ",[]", "]}]}")),
        ("links.json", full("{\"records\":[{\"digest\":\"\",\"inputs\":[[{}", ",{}", "]]}]}")),
        (
            "arguments.json",
            full(
                "{\"buildDefinition\":{\"externalParameters\":{\"request\":{\"args\":{\"a\":\"\"",
                ",\"\":\"\"",
                "}}}}}",
            ),
        ),
        ("deep.json", full("{\"buildDefinition\":", "[", "")),
        ("vertices", frame([0x0a, 0])),
        ("statuses", frame([0x12, 0])),
    ];
    for (name, bytes) in hostile {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
        command.args(["--format", "json"]).arg(folder.path()).stdout(Stdio::null());
        let used = command.spawn().unwrap().wait4().unwrap();
        assert!(used.rusage.maxrss < PEAK, "{name}: {} MiB", used.rusage.maxrss >> 20);
        assert!(used.status.code().is_some_and(|code| code <= 2), "{name}: {:?}", used.status);
    }
}
