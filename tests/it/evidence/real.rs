//! Files that real builds left (`tests/evidence`): each change is proven from every form of
//! evidence, by one call and by one call a run; what is damaged proves nothing.

use std::fs;
use std::path::PathBuf;

use cachediag::pipeline::{Options, run_in_memory};
use cachediag::render::{RENDERERS, Screen};
use cachediag::source::Entry;

use super::remembered::{newest, one_by_one};
use super::{Break, broken, report};

fn file(name: &str) -> Entry {
    let path = PathBuf::from("tests/evidence").join(name);
    let name = name.rsplit('/').next().unwrap();
    Entry::in_memory(name, fs::read(path).unwrap())
}

/// What the last of these runs is proven to have changed, by one call and by one call a run.
fn proven(runs: &[Vec<Entry>]) -> Vec<(String, String)> {
    let together = newest(&report(runs.concat(), &Options::default()));
    assert_eq!(one_by_one(runs), together);
    let proven = together.into_iter().filter(|found| found.2 == "proven");
    proven.map(|found| (found.0, found.1)).collect()
}

/// The files of both runs of a pair that have these ends.
fn pair(name: &str, ends: &[&str]) -> Vec<Vec<Entry>> {
    let files = |run| ends.iter().map(move |end| file(&format!("pairs/{name}/run-{run}.{end}")));
    [1, 2].map(|run| files(run).collect()).into()
}

const PAIRS: [(&str, &str, &str); 6] = [
    ("base", "WORKDIR /app", "base-changed"),
    ("build-argument", "RUN", "argument-changed"),
    ("content-of-a-copy", "COPY src src", "inputs-changed"),
    ("instruction", "RUN", "instruction-changed"),
    ("mode-of-a-file", "COPY package.json ./", "inputs-changed"),
    ("nothing", "WORKDIR /app", ""),
];

#[test]
fn each_change_is_proven_at_its_step() {
    for ends in [&["log", "cacheconfig.json"][..], &["cacheconfig.json"]] {
        for (name, step, because) in PAIRS {
            let mut found = proven(&pair(name, ends));
            // The builder was emptied between these.
            found.retain(|found| !matches!(found.1.as_str(), "record-lost" | "not-imported"));
            let told: Vec<_> = found.iter().map(|found| found.1.as_str()).collect();
            let expected = Vec::from_iter((!because.is_empty()).then_some(because));
            assert_eq!(told, expected, "{name} {ends:?}");
            assert!(found.iter().all(|found| found.0.contains(step)), "{name} {found:?}");
        }
    }
}

/// The report on a pair in one of the formats for people.
fn said(name: &str, ends: &[&str], format: &str) -> String {
    let report = run_in_memory(pair(name, ends).concat(), &Options::default());
    let renderer = RENDERERS.iter().find(|renderer| renderer.name() == format).unwrap();
    renderer.render(&report, Screen { width: 100, color: false, ascii: false })
}

#[test]
fn the_report_for_people_says_what_is_proven() {
    for ends in [&["log", "cacheconfig.json"][..], &["cacheconfig.json"]] {
        for (name, ..) in PAIRS {
            insta::assert_snapshot!(format!("{name}-{}", ends.len()), said(name, ends, "human"));
        }
    }
    let ends = &["log", "cacheconfig.json"];
    insta::assert_snapshot!("markdown", said("content-of-a-copy", ends, "markdown"));
}

#[test]
fn caches_prove_that_the_operation_differs_and_list_what_it_may_be() {
    let files = pair("build-argument", &["cacheconfig.json"]).concat();
    let report = report(files, &Options::default());
    let found = &report["runs"][1]["builds"][0]["breaks"][0];
    assert_eq!((&found["differs"], &found["confidence"]), (&"operation".into(), &"proven".into()));
    let open = found["open"].as_array().unwrap();
    for part in ["text", "base image", "ENV, USER or SHELL", "option"] {
        assert!(open.iter().any(|open| open.as_str().unwrap().contains(part)), "{part}: {open:?}");
    }
}

#[test]
fn definitions_prove_what_they_hold() {
    let of = |pair: char| [1, 2].map(|n| vec![file(&format!("files/{pair}{n}.provenance.json"))]);
    let told = |pair| proven(&of(pair)).into_iter().map(|found| found.1).collect::<Vec<_>>();
    // Contents of files are in no definition.
    assert_eq!(told('A'), [""; 0]);
    assert_eq!(told('B'), ["argument-changed"]);
    assert_eq!(told('C'), ["base-changed"]);
    let stored = ["X1", "X3", "X4"].map(|name| vec![file(&format!("files/{name}.dockerbuild"))]);
    assert!(proven(&stored).is_empty());
}

fn names() -> Vec<String> {
    let folder = fs::read_dir("tests/evidence/files").unwrap();
    let mut names: Vec<String> =
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn claims(entries: Vec<Entry>) -> Vec<Break> {
    let report = report(entries, &Options::default());
    let runs = report["runs"].as_array().unwrap().iter();
    let builds = runs.flat_map(|run| run["builds"].as_array().unwrap());
    let found = builds.flat_map(broken).map(|(found, _)| found);
    found.filter(|found| found.2 == "proven" && found.1 != "first-run").collect()
}

#[test]
fn a_damaged_file_proves_nothing() {
    for name in names() {
        let whole = fs::read(PathBuf::from("tests/evidence/files").join(&name)).unwrap();
        let mut forms: Vec<Vec<u8>> =
            (1..16).map(|part| whole[..whole.len() * part / 16].to_vec()).collect();
        forms.push([&whole[..], &whole[..]].concat());
        let (old, new) = (b"sha256:", b"sha512:");
        let of_another_version =
            whole.chunks(7).flat_map(|part| if part == old { new } else { part });
        forms.push(of_another_version.copied().collect());
        for (n, form) in forms.iter().enumerate() {
            let damaged = Entry::in_memory(&name, form.as_slice());
            assert_eq!(claims(vec![damaged.clone()]), [], "{name} {n}");
            let beside = Entry::in_memory(&format!("whole-{name}"), whole.as_slice());
            assert_eq!(claims(vec![damaged, beside]), [], "{name} {n} beside the whole");
        }
    }
}

/// A cache of a pair that is cut, beside the log of its run and all of the other.
#[test]
fn a_cut_cache_leaves_what_is_true() {
    for (name, ..) in PAIRS {
        let known = claims(pair(name, &["log", "cacheconfig.json"]).concat());
        let cut = format!("tests/evidence/pairs/{name}/run-2.cacheconfig.json");
        let whole = fs::read(cut).unwrap();
        for part in 1..16 {
            let mut files = pair(name, &["log", "cacheconfig.json"]).concat();
            let damaged = &whole[..whole.len() * part / 16];
            *files.last_mut().unwrap() = Entry::in_memory("run-2.cacheconfig.json", damaged);
            let said = claims(files);
            assert!(said.iter().all(|found| known.contains(found)), "{name} {part}: {said:?}");
        }
    }
}
