//! Exported caches beside logs, and alone: the cause of each miss, and nothing that is wrong.

mod alike;
mod checkout;
mod engine;
mod forms;
mod generated;
mod hostile;
mod others;
mod project;
mod real;
mod remembered;
mod stored;

use cachediag::pipeline::{Options, run_in_memory};
use cachediag::render::{RENDERERS, Screen};
use cachediag::source::Entry;
use project::{Base, Builder, Left, Mode, Stage, Step, run};
use serde_json::Value;

/// A service of three stages: dependencies, the build on them, and the image.
#[derive(Clone)]
struct Service {
    base: Base,
    lock: &'static str,
    sources: &'static str,
    install: &'static str,
    built: &'static str,
    arguments: Vec<String>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            base: Base::of("node", "layers of node"),
            lock: "lock 1",
            sources: "sources 1",
            install: "npm ci && npm cache clean --force",
            built: "dist 1",
            arguments: Vec::new(),
        }
    }
}

impl Service {
    fn stages(&self) -> Vec<Stage> {
        let stage = |name, from, steps| Stage {
            arguments: self.arguments.clone(),
            ..Stage::of(name, from, steps)
        };
        let lock = Step::Copy("package.json package-lock.json", "/app/", self.lock.to_owned());
        let sources = Step::Copy("src", "/app/src", self.sources.to_owned());
        vec![
            stage(
                "deps",
                Err(self.base.clone()),
                vec![Step::Workdir("/app"), lock, run(self.install)],
            ),
            stage("build", Ok("deps"), vec![sources, run("npm run build > build.log 2>&1")]),
            stage(
                "final",
                Err(self.base.clone()),
                vec![
                    Step::Workdir("/srv"),
                    Step::From("build", "/app/dist", self.built.to_owned()),
                    run("node check.js"),
                ],
            ),
        ]
    }
}

/// Step, reason, confidence, proof and inputs of each break of a run.
type Break = (String, String, String, Vec<String>);

fn breaks(files: Vec<Entry>, nth: usize) -> Vec<Break> {
    breaks_with(files, nth, &Options::default()).into_iter().map(|(found, _)| found).collect()
}

/// Each with the files that prove it.
fn breaks_with(files: Vec<Entry>, nth: usize, options: &Options) -> Vec<(Break, Vec<String>)> {
    broken(&report(files, options)["runs"][nth]["builds"][0])
}

fn report(files: Vec<Entry>, options: &Options) -> Value {
    let report = run_in_memory(files, options);
    let json = RENDERERS.iter().find(|renderer| renderer.name() == "json").unwrap();
    serde_json::from_str(&json.render(&report, Screen { width: 100, color: false, ascii: false }))
        .unwrap()
}

/// The breaks of a build, each with the files that prove it.
fn broken(build: &Value) -> Vec<(Break, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let texts =
        |value: &Value| value.as_array().map_or(Vec::new(), |all| all.iter().map(text).collect());
    let of = |found: &Value| {
        let told = (
            text(&found["step"]),
            text(&found["because"]),
            text(&found["confidence"]),
            texts(&found["inputs"]),
        );
        (told, texts(&found["proof"]))
    };
    build["breaks"].as_array().unwrap().iter().map(of).collect()
}

fn files(left: &[Left], logs: bool) -> Vec<Entry> {
    let mut files = Vec::new();
    for (n, left) in left.iter().enumerate() {
        if logs {
            files.push(Entry::in_memory(&format!("run-{}.log", n + 1), left.log.as_bytes()));
        }
        files.push(Entry::in_memory(&format!("run-{}.cache.json", n + 1), left.cache.as_bytes()));
    }
    files
}

/// The breaks of the last of these runs, from logs and caches, and from the caches alone.
fn last(left: &[Left]) -> [Vec<Break>; 2] {
    [true, false].map(|logs| breaks(files(left, logs), left.len() - 1))
}

/// Builds each of these services one after another.
fn built(services: &[Service], mode: Mode) -> Vec<Left> {
    let mut builder = Builder::default();
    services.iter().map(|service| builder.build(&service.stages(), mode, "")).collect()
}

fn holds(found: &[Break], step: &str, because: &str, inputs: &[&str]) -> bool {
    found.iter().any(|(name, why, confidence, of)| {
        name.contains(step) && why == because && confidence == "proven" && of == inputs
    })
}

/// The last run has this break, proven, and no other that is said to be.
#[track_caller]
fn proves(left: &[Left], step: &str, because: &str, inputs: &[&str]) {
    let [logs, alone] = last(left);
    assert!(holds(&logs, step, because, inputs), "with logs: {logs:?}");
    let kind = step.split(' ').next().unwrap();
    assert!(
        alone.iter().any(|b| b.0.contains(kind) && b.1 == because && b.2 == "proven"),
        "alone: {alone:?}"
    );
    for found in [logs, alone] {
        assert_eq!(found.iter().filter(|b| b.2 == "proven").count(), 1, "{found:?}");
    }
}

#[test]
fn changed_files_are_named_by_the_sources_of_the_copy() {
    let changed = Service { sources: "sources 2", built: "dist 2", ..Service::default() };
    proves(
        &built(&[Service::default(), changed], Mode::Max),
        "COPY src",
        "inputs-changed",
        &["src"],
    );
    let locked = Service { lock: "lock 2", built: "dist 2", ..Service::default() };
    let pair = built(&[Service::default(), locked], Mode::Max);
    proves(
        &pair,
        "COPY package.json package-lock.json",
        "inputs-changed",
        &["package.json", "package-lock.json"],
    );
}

#[test]
fn a_stage_that_makes_the_same_again_is_the_only_one_that_broke() {
    let changed = Service { sources: "sources 2", ..Service::default() };
    proves(
        &built(&[Service::default(), changed], Mode::Max),
        "COPY src",
        "inputs-changed",
        &["src"],
    );
}

#[test]
fn a_changed_command_is_told_from_a_changed_argument() {
    let edited =
        Service { install: "npm ci --no-audit && npm cache clean --force", ..Service::default() };
    proves(
        &built(&[Service::default(), edited], Mode::Max),
        "RUN npm ci --no-audit",
        "instruction-changed",
        &[],
    );
}

/// A service of one stage, each time with another edit above its commands.
fn edited(edits: [fn(&mut Stage); 2]) -> Vec<Left> {
    let mut builder = Builder::default();
    let build = |edit: fn(&mut Stage)| {
        let steps = vec![Step::Workdir("/app"), run("npm ci"), run("npm test")];
        let mut stage = Stage::of("web", Err(Base::of("node", "layers of node")), steps);
        edit(&mut stage);
        builder.build(&[stage], Mode::Max, "")
    };
    edits.map(build).into()
}

#[test]
fn what_the_dockerfile_says_above_a_command_is_no_argument() {
    let edits: [fn(&mut Stage); 3] = [
        |stage| stage.environment.push("NODE_ENV=production".to_owned()),
        |stage| stage.user = "node",
        |stage| stage.shell = "/bin/bash",
    ];
    for edit in edits {
        let [logs, _] = last(&edited([|_| {}, edit]));
        let expected = [("[web 3/4] RUN npm ci", "instruction-changed", "likely")];
        assert_eq!(
            logs.iter().map(|b| (b.0.as_str(), b.1.as_str(), b.2.as_str())).collect::<Vec<_>>(),
            expected
        );
    }
}

#[test]
fn an_argument_is_proven_by_a_dockerfile_of_the_same_size_only() {
    let mut left = edited([
        |stage| stage.arguments = vec!["VERSION=1".to_owned()],
        |stage| stage.arguments = vec!["VERSION=2".to_owned()],
    ]);
    let [logs, alone] = last(&left);
    assert!(holds(&logs, "RUN npm ci", "argument-changed", &[]), "{logs:?}");
    assert!(holds(&alone, "RUN", "argument-changed", &[]), "{alone:?}");
    for left in &mut left {
        left.log =
            left.log.split_inclusive('\n').filter(|line| !line.contains("dockerfile:")).collect();
    }
    let [logs, _] = last(&left);
    assert_eq!((logs[0].1.as_str(), logs[0].2.as_str()), ("argument-changed", "likely"));
}

#[test]
fn the_environment_of_a_base_image_is_no_argument() {
    // Pushed anew with other variables and the same layers: what is below the first command stays.
    let base = |manifest| Base::of(manifest, "layers of node");
    let steps = || vec![Step::Workdir("/app"), run("npm ci"), run("npm test")];
    let stage = Stage::of("web", Err(base("node")), steps());
    let pushed = Stage {
        environment: vec!["NODE=22".into()],
        ..Stage::of("web", Err(base("node anew")), steps())
    };
    let mut builder = Builder::default();
    let mut left: Vec<Left> =
        [stage, pushed].map(|stage| builder.build(&[stage], Mode::Max, "")).into();
    let size =
        |log: &str| log.lines().find(|line| line.contains("dockerfile:")).unwrap().to_owned();
    left[1].log = left[1].log.replace(&size(&left[1].log), &size(&left[0].log));
    let [logs, _] = last(&left);
    assert_eq!(
        (logs[0].0.as_str(), logs[0].1.as_str(), logs[0].2.as_str()),
        ("[web 3/4] RUN npm ci", "base-changed", "likely")
    );
}

#[test]
fn layouts_in_folders_of_their_own_are_runs_of_one_build() {
    let changed = Service { sources: "sources 2", built: "dist 2", ..Service::default() };
    let left = built(&[Service::default(), changed], Mode::Max);
    for names in [
        ["cache-1/blobs/sha256/aa", "cache-2/blobs/sha256/bb"],
        ["1/cache/blobs/sha256/aa", "2/cache/blobs/sha256/bb"],
    ] {
        let files = names
            .iter()
            .zip(&left)
            .map(|(name, left)| Entry::in_memory(name, left.cache.as_bytes()));
        let found = breaks(files.collect(), 1);
        assert!(holds(&found, "COPY src", "inputs-changed", &["src"]), "{names:?}: {found:?}");
    }
}

#[test]
fn an_argument_breaks_every_stage_that_declares_it() {
    let given = Service { arguments: vec!["VERSION=2".to_owned()], ..Service::default() };
    let before = Service { arguments: vec!["VERSION=1".to_owned()], ..Service::default() };
    let [logs, _] = last(&built(&[before, given], Mode::Max));
    assert!(holds(&logs, "RUN npm ci", "argument-changed", &[]), "{logs:?}");
}

#[test]
fn a_base_image_that_moved_breaks_all_stages_on_it() {
    let moved = Service { base: Base::of("node anew", "other layers"), ..Service::default() };
    let [logs, alone] = last(&built(&[Service::default(), moved], Mode::Max));
    assert!(holds(&logs, "[deps 2/4] WORKDIR /app", "base-changed", &[]), "{logs:?}");
    assert!(
        alone.iter().all(|b| b.1 == "base-changed" && b.2 == "proven") && !alone.is_empty(),
        "{alone:?}"
    );
}

#[test]
fn a_base_image_pushed_anew_with_the_same_layers_breaks_nothing_where_it_was_pulled() {
    let pushed = Service { base: Base::of("node anew", "layers of node"), ..Service::default() };
    for found in last(&built(&[Service::default(), pushed], Mode::Max)) {
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn and_breaks_everything_where_the_builder_had_it() {
    let known = |manifest| Service {
        base: Base { pulled: false, ..Base::of(manifest, "layers") },
        ..Service::default()
    };
    let [logs, _] = last(&built(&[known("node"), known("node anew")], Mode::Max));
    assert!(holds(&logs, "[deps 2/4] WORKDIR /app", "base-changed", &[]), "{logs:?}");
}

#[test]
fn nothing_differs_where_the_builder_forgot() {
    let mut builder = Builder::default();
    let first = builder.build(&Service::default().stages(), Mode::Max, "");
    builder.empty();
    let second = builder.build(&Service::default().stages(), Mode::Max, "");
    let [logs, alone] = last(&[first, second]);
    let lost = |found: &[Break]| {
        found.iter().all(|b| matches!(b.1.as_str(), "record-lost" | "not-imported"))
    };
    assert!(lost(&logs) && !logs.is_empty(), "{logs:?}");
    assert!(lost(&alone) && !alone.is_empty(), "{alone:?}");
}

#[test]
fn a_minimal_cache_lacks_the_results_of_the_other_stages() {
    let mut builder = Builder::default();
    let first = builder.build(&Service::default().stages(), Mode::Min, "");
    builder.keep(&["/srv", "node check.js"]);
    let changed = Service { sources: "sources 2", built: "dist 2", ..Service::default() };
    let imported = "#90 importing cache manifest from registry.example.com/web:cache\n\
        #90 DONE 0.1s\n\n";
    let second = builder.build(&changed.stages(), Mode::Min, imported);
    let [logs, _] = last(&[first, second]);
    assert!(holds(&logs, "[deps 2/4] WORKDIR /app", "not-stored", &[]), "{logs:?}");
    assert!(!logs.iter().any(|b| b.1 == "record-lost"), "{logs:?}");
}

#[test]
fn a_revert_is_compared_with_the_run_before() {
    let changed = Service { sources: "sources 2", built: "dist 2", ..Service::default() };
    let mut builder = Builder::default();
    let mut left = vec![builder.build(&Service::default().stages(), Mode::Max, "")];
    left.push(builder.build(&changed.stages(), Mode::Max, ""));
    builder.empty();
    left.push(builder.build(&Service::default().stages(), Mode::Max, ""));
    let [logs, _] = last(&left);
    assert!(holds(&logs, "COPY src", "inputs-changed", &["src"]), "{logs:?}");
}

#[test]
fn the_cache_of_another_run_is_named_and_not_used() {
    let changed = Service { sources: "sources 2", built: "dist 2", ..Service::default() };
    let left = built(&[Service::default(), changed], Mode::Max);
    let crossed = [
        ("run-1.log", &left[0].log),
        ("run-1.json", &left[1].cache),
        ("run-2.log", &left[1].log),
        ("run-2.json", &left[0].cache),
    ];
    let entries = crossed.map(|(name, text)| Entry::in_memory(name, text.as_bytes()));
    // The digest that a log prints counts, not the name.
    assert!(holds(&breaks(entries.to_vec(), 1), "COPY src", "inputs-changed", &["src"]));
    let foreign = built(&[Service { lock: "lock 7", ..Service::default() }], Mode::Max);
    let entries = [
        ("run-1.log", &left[0].log),
        ("run-2.log", &left[1].log),
        ("run-2.json", &foreign[0].cache),
    ];
    let report = run_in_memory(
        entries.map(|(name, text)| Entry::in_memory(name, text.as_bytes())),
        &Options::default(),
    );
    assert!(
        report
            .problems
            .iter()
            .any(|p| p.source == "run-2.json" && p.message.contains("none of the logs")),
        "{:?}",
        report.problems
    );
}

/// Nothing came from a cache in any run, and why is proven all the same.
#[test]
fn a_raised_base_image_is_the_one_answer() {
    let moved = Service { base: Base::of("node anew", "other layers"), ..Service::default() };
    let left = built(&[Service::default(), moved], Mode::Max);
    for logs in [true, false] {
        let report = run_in_memory(files(&left, logs), &Options::default());
        let verdict = report.assessment().verdict;
        assert_ne!(verdict, cachediag::triage::Verdict::TooLittleToTell, "with logs: {logs}");
    }
}
