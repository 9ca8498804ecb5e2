//! The recipes of `docs/history.md`, as they stand there: on agents that know nothing of each
//! other, and two side by side.

mod agent;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::Value;

use self::agent::{Agent, Ci};
use super::{absolute, exported};

/// What stands in the fence behind a title.
fn recipe(title: &str) -> String {
    let text = fs::read_to_string(absolute("docs/history.md")).unwrap();
    let (_, behind) =
        text.split_once(&format!("**{title}**")).unwrap_or_else(|| panic!("no recipe {title}"));
    let (_, fence) = behind.split_once("\n```").unwrap();
    let (language, text) = fence.split_once('\n').unwrap();
    assert!(["sh", "yaml"].contains(&language), "{title}: {language}");
    text.split_once("```").unwrap().0.to_owned()
}

fn yaml(title: &str) -> Value {
    yaml_serde::from_str(&recipe(title)).unwrap_or_else(|e| panic!("{title}: {e}"))
}

/// Runs the build of this number on an agent of its own; `now` is what the recipe does there.
/// Returns the report.
fn build(ci: &Ci, number: usize, now: &mut dyn FnMut(&Agent)) -> String {
    let log = absolute(&format!("sample-logs/every-second-run/run-0{number}.log"));
    let agent = Agent::new(ci, &log);
    now(&agent);
    agent.said.take()
}

/// Six builds, one after the other: what shows only over several is found on an agent that saw one.
fn finds_the_cause(ci: &Ci, steps: &dyn Fn(&Agent, usize)) {
    let reports: Vec<String> =
        (1..=6).map(|n| build(ci, n, &mut |agent| steps(agent, n))).collect();
    assert!(reports[5].contains("inline-cache-lost-every-second-run"), "{reports:#?}");
    assert!(reports[5].contains("5 earlier runs looked at"), "{}", reports[5]);
    assert!(!reports[0].contains("inline-cache-lost-every-second-run"), "{}", reports[0]);
}

fn variables(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Of a run with this number.
fn github(number: usize, job: &str) -> BTreeMap<String, String> {
    let number = number.to_string();
    variables(&[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_REPOSITORY", "team/app"),
        ("GITHUB_WORKFLOW", "CI"),
        ("GITHUB_JOB", job),
        ("GITHUB_RUN_ID", &number),
        ("GITHUB_RUN_ATTEMPT", "1"),
        ("github.job", job),
        ("github.run_id", &number),
        ("github.run_attempt", "1"),
        ("github.token", "the-token"),
        ("matrix.platform", "linux/arm64"),
        ("strategy.job-index", "0"),
    ])
}

#[test]
fn a_disk_that_stays() {
    let ci = Ci::new();
    let script = recipe("Jenkins, own runners");
    finds_the_cause(&ci, &|agent, number| {
        let number = number.to_string();
        agent.sh(
            &script,
            &variables(&[
                ("JENKINS_URL", "http://j"),
                ("JOB_NAME", "app"),
                ("BUILD_NUMBER", &number),
            ]),
        );
    });
    // Two at once.
    let jobs = ["api", "web"].map(|job| {
        variables(&[("JENKINS_URL", "http://j"), ("JOB_NAME", job), ("BUILD_NUMBER", "7")])
    });
    thread::scope(|scope| {
        for job in &jobs {
            scope.spawn(|| build(&ci, 1, &mut |agent| agent.sh(&script, job)));
        }
    });
    assert_eq!(exported(&ci.path("home"), "cachediag.db").lines().count(), 8);
}

#[test]
fn the_cache_of_github() {
    let ci = Ci::new();
    let steps = yaml("GitHub Actions, cache");
    finds_the_cause(&ci, &|agent, number| agent.workflow(&steps, &github(number, "build")));
    // Each job has a cache of its own, and knows its own runs.
    build(&ci, 1, &mut |agent| {
        agent.workflow(&steps, &github(7, "lint"));
        assert_eq!(agent.remembers(), 1);
    });
}

#[test]
fn artifacts_of_github() {
    let ci = Ci::new();
    let steps = yaml("GitHub Actions, artifacts");
    finds_the_cause(&ci, &|agent, number| agent.workflow(&steps, &github(number, "build")));
    // Jobs of one run do not know each other, and the next run knows both.
    for job in ["api", "web"] {
        build(&ci, 1, &mut |agent| agent.workflow(&steps, &github(7, job)));
    }
    build(&ci, 1, &mut |agent| {
        agent.workflow(&steps, &github(8, "build"));
        assert_eq!(agent.remembers(), 9);
    });
}

fn gitlab(number: usize, job: &str) -> BTreeMap<String, String> {
    let (number, id) = (number.to_string(), format!("{number}00"));
    variables(&[
        ("GITLAB_CI", "true"),
        ("CI_PROJECT_PATH", "team/app"),
        ("CI_JOB_NAME", job),
        ("CI_JOB_NAME_SLUG", job),
        ("CI_PIPELINE_ID", &number),
        ("CI_JOB_ID", &id),
    ])
}

#[test]
fn the_cache_of_gitlab() {
    let ci = Ci::new();
    let job = yaml("GitLab CI, cache");
    assert_eq!(job["cache"]["when"], "always");
    let key = |set: &BTreeMap<String, String>| {
        job["cache"]["key"].as_str().unwrap().replace("$CI_JOB_NAME_SLUG", &set["CI_JOB_NAME_SLUG"])
    };
    finds_the_cause(&ci, &|agent, number| {
        let set = gitlab(number, "build");
        ci.restore(agent, &job["cache"]["paths"][0], &key(&set));
        agent.lines(&job["after_script"], &set);
        ci.save(agent, &job["cache"]["paths"][0], &key(&set));
    });
}

/// Why the key names the job, and why records do not need it.
#[test]
fn a_file_of_one_name_loses_a_run_of_two_side_by_side() {
    let ci = Ci::new();
    let job = yaml("GitLab CI, cache");
    let file = &job["cache"]["paths"][0];
    let log = absolute("sample-logs/every-second-run/run-01.log");
    let (api, web) = (Agent::new(&ci, &log), Agent::new(&ci, &log));
    for agent in [&api, &web] {
        ci.restore(agent, file, "one-key");
    }
    api.lines(&job["after_script"], &gitlab(1, "api"));
    web.lines(&job["after_script"], &gitlab(1, "web"));
    for agent in [&api, &web] {
        ci.save(agent, file, "one-key");
    }
    let next = Agent::new(&ci, &log);
    ci.restore(&next, file, "one-key");
    assert_eq!(next.remembers(), 1, "the later one wins");
    assert!(exported(next.folder(), "cachediag.db").contains("\"job\":\"web\""));
}

#[test]
fn downloads_of_bitbucket() {
    let ci = Ci::new();
    let script = yaml("Bitbucket Pipelines, downloads");
    finds_the_cause(&ci, &|agent, number| {
        let number = number.to_string();
        let set = variables(&[
            ("BITBUCKET_BUILD_NUMBER", &number),
            ("BITBUCKET_REPO_FULL_NAME", "team/app"),
            ("DOWNLOADS_TOKEN", "the-token"),
        ]);
        agent.lines(&script["after-script"], &set);
    });
    assert!(
        ci.path("store/api.bitbucket.org/2.0/repositories/team/app/downloads/cachediag-build.db")
            .exists()
    );
}

#[test]
fn artifacts_of_buildkite() {
    let ci = Ci::new();
    let script = recipe("Buildkite, artifacts");
    let run = |agent: &Agent, number: usize, job: &str| {
        // The builds before it, the newest first.
        let builds: Vec<Value> = (1..number)
            .rev()
            .map(|n| serde_json::json!({"id": format!("b{n}"), "number": n}))
            .collect();
        ci.keep(
            "api.buildkite.com/v2/organizations/acme/pipelines/app/builds",
            &Value::from(builds).to_string(),
        );
        let (number, build, id) =
            (number.to_string(), format!("b{number}"), format!("{job}-{number}"));
        agent.sh(
            &script,
            &variables(&[
                ("BUILDKITE", "true"),
                ("BUILDKITE_ORGANIZATION_SLUG", "acme"),
                ("BUILDKITE_PIPELINE_SLUG", "app"),
                ("BUILDKITE_BUILD_ID", &build),
                ("BUILDKITE_BUILD_NUMBER", &number),
                ("BUILDKITE_JOB_ID", &id),
                ("BUILDKITE_LABEL", job),
                ("API_TOKEN", "the-token"),
            ]),
        );
    };
    finds_the_cause(&ci, &|agent, number| run(agent, number, "image"));
    for job in ["api", "web"] {
        build(&ci, 1, &mut |agent| run(agent, 7, job));
    }
    build(&ci, 1, &mut |agent| {
        run(agent, 8, "image");
        assert_eq!(agent.remembers(), 9);
    });
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let inside: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inside
        .into_iter()
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

#[test]
fn an_object_store() {
    let ci = Ci::new();
    let script = recipe("Any object store, by one `PUT`");
    let run = |agent: &Agent, number: usize, job: &str| {
        let number = number.to_string();
        agent.sh(
            &script,
            &variables(&[("BUCKET", "https://bucket.example.com"), ("JOB", job), ("RUN", &number)]),
        );
    };
    // How it fetches is the store's own way.
    let fetch = |agent: &Agent| {
        let earlier = agent.folder().join("earlier");
        fs::create_dir(&earlier).unwrap();
        for object in files(&ci.path("store")) {
            let name = object.to_str().unwrap().replace('/', "-");
            fs::copy(object, earlier.join(name)).unwrap();
        }
    };
    finds_the_cause(&ci, &|agent, number| {
        fetch(agent);
        run(agent, number, "image");
    });
    // Two that fetched before either of them had stored anything.
    let log = absolute("sample-logs/docker-driver-refuses-export/run-01.log");
    let (api, web) = (Agent::new(&ci, &log), Agent::new(&ci, &log));
    fetch(&api);
    fetch(&web);
    run(&api, 7, "api");
    run(&web, 7, "web");
    let next = Agent::new(&ci, &log);
    fetch(&next);
    next.sh(script.lines().next().unwrap(), &BTreeMap::new());
    assert_eq!(next.remembers(), 8);
}
