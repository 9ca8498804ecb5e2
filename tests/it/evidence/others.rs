//! Caches that lie beside a log and are of another run, build or project: what they hold is not said
//! of it.

use cachediag::pipeline::Options;
use cachediag::source::Entry;

use super::project::{Base, Builder, Left, Mode, Stage, Step, run};
use super::{Break, Service, breaks, breaks_with, built, edited, files, holds, report};

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

/// What `buildctl` would have counted of a build whose log this is.
fn counted(log: &str) -> (Vec<String>, usize) {
    let lines: Vec<&str> = log.lines().collect();
    let steps = lines.windows(2).filter_map(|pair| {
        let [name, end] = pair else { return None };
        let name = name.split_once(' ')?.1;
        (name.starts_with('[') && !name.contains(" FROM ") && !name.starts_with("[internal"))
            .then(|| (name.to_owned(), end.contains("CACHED")))
    });
    let (hits, missed): (Vec<_>, Vec<_>) = steps.partition(|(_, hit)| *hit);
    (missed.into_iter().map(|(name, _)| name).collect(), hits.len())
}

#[test]
fn a_count_that_contradicts_the_log_is_of_another_run() {
    let (changed, _) = changes()[1].clone();
    let left = built(&[Service::default(), changed], Mode::Max);
    let (missed, cached) = counted(&left[1].log);
    let known = breaks(files(&left, true), 1);
    // The second was made of another run, in which the first of these steps came from the cache.
    for (skipped, problems) in [(0, 0), (1, 1)] {
        let names = missed.iter().skip(skipped).map(|name| format!("cache miss: {name}\n"));
        let (cached, all) = (cached + skipped, cached + missed.len());
        let counts = format!(r#"{{"user_cached":{cached},"user_cacheable":{all}}}"#);
        let text = names.collect::<String>() + &counts;
        let mut files = files(&left, true);
        files.push(Entry::in_memory("run-2.metrics.txt", text.as_bytes()));
        assert_eq!(breaks(files.clone(), 1), known, "{skipped}");
        let report = report(files, &Options::default());
        assert_eq!(
            report["problems"].as_array().unwrap().len(),
            problems,
            "{}",
            report["problems"]
        );
    }
}

fn inspected(arguments: &str) -> String {
    format!(
        r#"{{"Name":"web","Ref":"{}","StartedAt":null,"NumCachedSteps":0,"BuildArgs":[{arguments}]}}"#,
        arguments.len()
    )
}

#[test]
fn arguments_of_both_builds_name_the_one_that_changed() {
    let mut left = edited([
        |stage| stage.arguments = vec!["VERSION=1".to_owned()],
        |stage| stage.arguments = vec!["VERSION=22".to_owned()],
    ]);
    let imported =
        "#90 importing cache manifest from registry.example.com/web:cache\n#90 DONE 0.1s\n\n";
    let mut entries = Vec::new();
    for (n, value) in [(0, "1"), (1, "22")] {
        left[n].log.insert_str(0, imported);
        let shown = inspected(&format!(r#"{{"Name":"VERSION","Value":"{value}"}}"#));
        let name = |end: &str| format!("run-{n}.{end}");
        entries.push(Entry::in_memory(&name("log"), left[n].log.as_bytes()));
        entries.push(Entry::in_memory(&name("inspect.json"), shown.as_bytes()));
    }
    let report = report(entries, &Options::default());
    let found = &report["runs"][1]["builds"][0]["breaks"][0];
    assert_eq!(
        (&found["because"], &found["confidence"]),
        (&"argument-changed".into(), &"likely".into()),
        "{report}"
    );
    assert!(!report.to_string().contains("\"22\""));
}

#[test]
fn a_file_of_another_form_is_named_without_its_values() {
    let cache = r#"{"layers":[],"records":[{"digest":"sha256:00","inputs":"hunter2"}]}"#;
    let metadata =
        r#"{"buildx.build.provenance":{"invocation":{"parameters":{"args":["hunter2"]}}}}"#;
    for (name, text) in [
        ("run-1.inspect.json", inspected(r#""BUILD_KEY=hunter2""#)),
        ("run-1.cache.json", cache.to_owned()),
        ("run-1.metadata.json", metadata.to_owned()),
    ] {
        let left = built(&[Service::default()], Mode::Max);
        let log = Entry::in_memory("run-1.log", left[0].log.as_bytes());
        let report =
            report(vec![log, Entry::in_memory(name, text.as_bytes())], &Options::default());
        let problems = report["problems"].to_string();
        assert!(problems.contains("line 1, column"), "{name}: {problems}");
        assert!(!report.to_string().contains("hunter2"), "{name}: {problems}");
    }
}

/// Stages that begin alike share their first steps, which are printed as those of the first.
#[test]
fn a_stage_whose_first_steps_are_printed_as_those_of_another_is_found() {
    let stages = |web: &str| {
        let of = |name, folder: &'static str, to, held: &str| {
            let lock = Step::Copy("package.json", "/app/", "lock".to_owned());
            let own = Step::Copy(folder, to, held.to_owned());
            let steps = vec![Step::Workdir("/app"), lock, own, run("npm run build")];
            Stage::of(name, Err(Base::of("node", "layers")), steps)
        };
        vec![
            of("api", "api", "/app/src", "api 1"),
            of("web", "web", "/app/src", web),
            of("jobs", "jobs", "/app/src", "jobs 1"),
        ]
    };
    let mut builder = Builder::default();
    let left = ["web 1", "web 2"].map(|web| {
        let mut left = builder.build(&stages(web), Mode::Max, "");
        left.log = left.log.replace("/app/src", "src");
        left
    });
    assert!(!left[0].log.contains("[web 3/5]"));
    let found = breaks(files(&left, true), 1);
    assert!(holds(&found, "[web 4/5] COPY web", "inputs-changed", &["web"]), "{found:?}");
}

/// The run before printed the step as one of two stages that began alike.
#[test]
fn a_step_that_two_stages_shared_is_not_new() {
    let folder = "tests/evidence/engine/directory-that-two-stages-shared";
    let files = ["run-1.log", "run-1.dockerbuild", "run-2.log", "run-2.dockerbuild"]
        .map(|name| Entry::in_memory(name, std::fs::read(format!("{folder}/{name}")).unwrap()));
    let report = report(files.into(), &Options::default());
    assert!(report.to_string().contains("dockerfile-edited"));
    assert!(!report.to_string().contains("is new"), "{}", report["findings"]);
}
