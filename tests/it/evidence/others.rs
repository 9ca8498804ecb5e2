//! Caches that lie beside a log and are of another run, build or project: what they hold is not said
//! of it.

use cachediag::pipeline::Options;
use cachediag::source::Entry;

use super::project::{Base, Builder, Left, Mode, Stage, Step, run};
use super::{Break, Service, breaks, breaks_with, built, files, holds, report};

/// The log without the digest of the cache that was written, as S3 and Azure leave it.
fn undigested(left: &Left) -> String {
    left.log.split_inclusive('\n').filter(|line| !line.contains("writing config")).collect()
}

/// A log beside a cache.
fn paired(log: &Left, cache: &Left) -> Left {
    Left { log: undigested(log), cache: cache.cache.clone(), ..Left::default() }
}

/// Nothing of the last run is said to be told by a file.
#[track_caller]
fn proves_nothing(left: &[Left]) -> Vec<Break> {
    let all = breaks_with(files(left, true), left.len() - 1, &Options::default());
    assert!(all.iter().all(|(_, proof)| proof.is_empty()), "{all:?}");
    all.into_iter().map(|(found, _)| found).collect()
}

fn changes() -> [(Service, &'static str); 3] {
    let service = Service::default;
    [
        (Service { install: "npm ci --verbose", ..service() }, "instruction-changed"),
        (Service { sources: "sources 2", built: "dist 2", ..service() }, "inputs-changed"),
        (Service { base: Base::of("node anew", "others"), ..service() }, "base-changed"),
    ]
}

#[test]
fn the_cache_of_the_run_before_proves_nothing_of_one_that_wrote_none() {
    for (changed, because) in changes() {
        let left = built(&[Service::default(), changed], Mode::Max);
        let mut last = paired(&left[1], &left[0]);
        last.log.truncate(last.log.find("exporting cache").unwrap() - "#9 ".len());
        let found = proves_nothing(&[paired(&left[0], &left[0]), last]);
        assert!(found.iter().any(|found| found.1 == because), "{because}: {found:?}");
    }
}

#[test]
fn runs_in_the_wrong_order_have_lost_nothing() {
    let (changed, _) = changes()[1].clone();
    let left = built(&[Service::default(), changed], Mode::Max);
    proves_nothing(&[paired(&left[1], &left[1]), paired(&left[0], &left[0])]);
}

#[test]
fn a_run_is_not_compared_with_one_of_another_dockerfile() {
    let stage = |steps: &[&str], files: &str| {
        let mut steps: Vec<Step> = steps.iter().map(|text| run(text)).collect();
        steps.insert(0, Step::Copy("src", "/src", files.to_owned()));
        steps.push(Step::Copy("api", "/api", files.to_owned()));
        vec![Stage::of("web", Err(Base::of("node", "layers")), steps)]
    };
    let mut builder = Builder::default();
    let mut build = |stages: Vec<Stage>| builder.build(&stages, Mode::Max, "");
    let plain = ["npm ci"];
    let first = build(stage(&plain, "1"));
    let second = build(stage(&["npm ci --verbose"], "1"));
    let third = build(stage(&plain, "1"));
    let fourth = build(stage(&plain, "2"));
    let of = |caches: [bool; 4]| {
        let mut entries = Vec::new();
        for (n, left) in [&first, &second, &third, &fourth].into_iter().enumerate() {
            let name = |end: &str| format!("run-{n}.{end}");
            entries.push(Entry::in_memory(&name("log"), left.log.as_bytes()));
            if caches[n] {
                entries.push(Entry::in_memory(&name("cache.json"), left.cache.as_bytes()));
            }
        }
        breaks_with(entries, 3, &Options::default())
    };
    let nearest = of([true, true, false, true]);
    let proven =
        |(found, proof): &(Break, Vec<String>)| found.1 == "inputs-changed" && !proof.is_empty();
    assert!(nearest.len() == 1 && nearest.iter().all(proven), "{nearest:?}");
    // Without the cache of the first run nothing is left to compare with.
    let silent = of([false, true, false, true]);
    assert!(silent.iter().all(|(_, proof)| proof.is_empty()), "{silent:?}");
}

/// A project of stages of the same shape.
fn foreign() -> Vec<Stage> {
    let base = || Base::of("rust", "layers of rust");
    let copy = |sources, to, held: &str| Step::Copy(sources, to, held.to_owned());
    let service = Service::default().stages();
    let lock = copy("Cargo.toml Cargo.lock", "/work/", "lock 7");
    let deps = vec![Step::Workdir("/work"), lock, run("cargo fetch")];
    let last = vec![
        Step::Workdir("/opt"),
        Step::From("build", "/work/target", "made".to_owned()),
        run("web --version"),
    ];
    vec![
        Stage { from: Err(base()), steps: deps, ..service[0].clone() },
        Stage {
            steps: vec![copy("crates", "/work/crates", "crates 1"), run("cargo build")],
            ..service[1].clone()
        },
        Stage { from: Err(base()), steps: last, ..service[2].clone() },
    ]
}

#[test]
fn the_cache_of_a_project_of_the_same_shape_is_named_and_not_used() {
    let (changed, _) = changes()[1].clone();
    let left = built(&[Service::default(), changed], Mode::Max);
    let mut builder = Builder::default();
    let mut other = Vec::new();
    for crates in ["crates 1", "crates 2"] {
        let mut stages = foreign();
        stages[1].steps[0] = Step::Copy("crates", "/work/crates", crates.to_owned());
        other.push(builder.build(&stages, Mode::Max, ""));
    }
    let mixed: Vec<Left> = left.iter().zip(&other).map(|(log, cache)| paired(log, cache)).collect();
    proves_nothing(&mixed);
    let report = report(files(&mixed, true), &Options::default());
    assert_eq!(report["problems"].as_array().unwrap().len(), 2, "{}", report["problems"]);
}

/// Two builds of one Dockerfile in one log, each with a cache that nothing says is its own.
#[test]
fn caches_of_two_builds_that_are_alike_are_of_none() {
    let of = |sources, built| Service { sources, built, ..Service::default() };
    let mut builder = Builder::default();
    let mut both = |services: [Service; 2]| {
        services.map(|service| builder.build(&service.stages(), Mode::Max, ""))
    };
    let web = of("web 1", "web 1");
    let runs = [both([of("api 1", "api 1"), web.clone()]), both([of("api 2", "api 2"), web])];
    let mut entries = Vec::new();
    for (n, [api, web]) in runs.iter().enumerate() {
        let log = undigested(api) + "\n" + &undigested(web);
        entries.push(Entry::in_memory(&format!("run-{n}.log"), log.as_bytes()));
        for (name, left) in [("api", api), ("web", web)] {
            let name = format!("run-{n}.{name}.json");
            entries.push(Entry::in_memory(&name, left.cache.as_bytes()));
        }
    }
    let report = report(entries, &Options::default());
    assert_eq!(report["problems"].as_array().unwrap().len(), 4, "{}", report["problems"]);
}

/// Two runs that left the same wrote one cache, of which a folder holds one file.
#[test]
fn a_cache_that_two_runs_wrote_is_that_of_both() {
    let (changed, _) = changes()[1].clone();
    let services = [Service::default(), Service::default(), changed];
    let left = built(&services, Mode::Max);
    assert_eq!(left[0].cache, left[1].cache);
    let mut entries: Vec<Entry> = Vec::new();
    for (n, left) in left.iter().enumerate() {
        entries.push(Entry::in_memory(&format!("run-{n}.log"), left.log.as_bytes()));
    }
    for (name, left) in [("aa", &left[0]), ("bb", &left[2])] {
        let name = format!("cache/blobs/sha256/{name}");
        entries.push(Entry::in_memory(&name, left.cache.as_bytes()));
    }
    let found = breaks(entries, 2);
    assert!(holds(&found, "COPY src", "inputs-changed", &["src"]), "{found:?}");
}

/// A cache that is written into a folder again and again leaves its old states there.
#[test]
fn an_old_state_in_the_folder_of_a_later_run_is_no_run() {
    let (changed, _) = changes()[1].clone();
    let left = built(&[Service::default(), changed], Mode::Max);
    let held = [("run-1", &left[0]), ("run-2", &left[0]), ("run-2", &left[1])];
    let entries = held.iter().enumerate().map(|(n, (folder, left))| {
        let name = format!("{folder}/blobs/sha256/{n}");
        Entry::in_memory(&name, left.cache.as_bytes())
    });
    let report = report(entries.collect(), &Options::default());
    assert_eq!(report["runs"].as_array().unwrap().len(), 2);
}
