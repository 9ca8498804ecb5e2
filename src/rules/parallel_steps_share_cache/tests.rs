//! The rule on pipelines files and logs as people have them.

use super::*;
use crate::finding::Confidence;
use crate::model::{
    Build, CacheOperation, CacheOutcome, CiCache, Command, Instruction, Quote, Step as BuildStep,
};

const FILE: &str = "\
pipelines:
  default:
    - parallel:
        - step:
            name: Build api
            caches: [docker]
            script: [docker build api]
        - step:
            name: Build web
            caches: [docker]
            script: [docker build web]
";

fn run(source: &str, commit: Option<&str>, outcome: CacheOutcome, builds: &str) -> Run {
    let quote = Quote { line: 9, text: "Cache \"docker: docker.tar\": Upload failed".into() };
    let entry = CiCache {
        name: "docker: docker.tar".into(),
        operation: CacheOperation::Save,
        outcome,
        reason: None,
        restored: None,
        quote,
    };
    let what = Instruction { text: format!("RUN {builds}").into(), ..Instruction::default() };
    let step = BuildStep { what: what.into(), ..BuildStep::default() };
    Run {
        source: source.into(),
        label: source.trim_end_matches(".log").into(),
        ci: Some("bitbucket"),
        commit: commit.map(Into::into),
        builds: vec![Build { steps: vec![step], ..Build::default() }],
        commands: Command::parse(
            &format!("docker build {builds}"),
            &Quote { line: 3, text: format!("+ docker build {builds}").into() },
        )
        .into_iter()
        .collect(),
        ci_caches: [entry].into(),
        ..Run::default()
    }
}

fn check(runs: Vec<Run>, file: Option<&str>) -> Vec<Finding> {
    let configs = file.map(|text| Config::read("bitbucket-pipelines.yml", text).unwrap().unwrap());
    ParallelStepsShareCache.check(&Study {
        runs,
        configs: configs.into_iter().collect(),
        ..Study::default()
    })
}

#[test]
fn the_file_proves_it_and_names_the_steps() {
    let found = check(vec![run("a.log", None, CacheOutcome::Failed, "web")], Some(FILE));
    assert_eq!((found.len(), found[0].confidence), (1, Confidence::Proven));
    assert!(found[0].cause.contains("\"Build api\", \"Build web\" (in pipelines.default)"));
    assert_eq!(found[0].evidence.iter().map(|e| e.line).collect::<Vec<_>>(), [9, 6, 10]);
}

#[test]
fn two_logs_of_a_commit_prove_it_if_they_build_different_things() {
    let of = |commit, other| {
        let runs = vec![
            run("a.log", commit, CacheOutcome::Failed, "web"),
            run("b.log", commit, CacheOutcome::Exists, other),
        ];
        check(runs, None)[0].confidence
    };
    assert_eq!(of(Some("1a"), "api"), Confidence::Proven);
    assert_eq!(of(Some("1a"), "web"), Confidence::Likely);
    assert_eq!(of(None, "api"), Confidence::Likely);
}

#[test]
fn logs_of_two_commits_are_one_log_each() {
    let runs = vec![
        run("a.log", Some("1a"), CacheOutcome::Failed, "web"),
        run("b.log", Some("2b"), CacheOutcome::Failed, "api"),
    ];
    let found = check(runs, None);
    assert_eq!((found.len(), found[0].confidence), (1, Confidence::Likely));
    assert!(found[0].rules_out[1].text.contains("--config"));
}

#[test]
fn quiet_where_nothing_failed_or_the_file_excludes_it() {
    let exists = || vec![run("a.log", None, CacheOutcome::Exists, "web")];
    assert!(check(exists(), None).is_empty());
    // What the file says is so whether this run came to it or not.
    assert_eq!(check(exists(), Some(FILE)).remove(0).confidence, Confidence::Likely);
    let apart = FILE.replacen("docker]", "node]", 1);
    assert!(check(vec![run("a.log", None, CacheOutcome::Failed, "web")], Some(&apart)).is_empty());
}

#[test]
fn the_same_tagged_image_is_a_milder_case() {
    let same = FILE
        .replace("docker build api", "docker build -t app .")
        .replace("docker build web", "docker build -t app .");
    let found = check(vec![run("a.log", None, CacheOutcome::Failed, "web")], Some(&same));
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(found[0].fix.steps[0].contains("it is enough that one of them keeps `docker`"));
}

#[test]
fn the_builder_seen_decides_what_comes_first() {
    let mut classic = run("a.log", None, CacheOutcome::Failed, "web");
    classic.builds[0].dialect = Dialect::Classic;
    let fix = |run| check(vec![run], None).remove(0).fix;
    let (old, new) = (fix(classic), fix(run("a.log", None, CacheOutcome::Failed, "web")));
    assert!(old.snippet.unwrap().contains("docker save -o ~/docker-a/image.tar"));
    assert!(old.steps.iter().any(|s| s.contains("registry cache")));
    assert!(
        new.snippet
            .unwrap()
            .contains("--cache-to type=registry,ref=$CACHE_REPOSITORY:buildcache-a,mode=max")
    );
    assert!(new.cost.starts_with("the builds fail until you create"), "{}", new.cost);
    assert!(!old.cost.contains("CACHE_REPOSITORY"));
    assert!(
        new.steps
            .iter()
            .any(|s| s.contains("BuildKit looks at a loaded image only if `--cache-from` names it"))
    );
}
