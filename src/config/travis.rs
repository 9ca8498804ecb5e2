//! Travis CI's `.travis.yml`: the scripts of its phases.
//!
//! <https://docs.travis-ci.com/user/job-lifecycle/>

use yaml_serde::Value;

use super::jobs::{self, Job, JobStep, scripts};
use super::script::Builders;
use super::yaml::{Route, entries, key, text};
use super::{Change, Content, Kind};
use crate::model::shell_words;

/// The kind of file.
#[derive(Debug)]
pub(super) struct Travis;

/// In the order in which they run.
const PHASES: [&str; 9] = [
    "before_install",
    "install",
    "before_script",
    "script",
    "after_success",
    "after_failure",
    "before_deploy",
    "after_deploy",
    "after_script",
];

impl Kind for Travis {
    fn name(&self) -> &'static str {
        "travis"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("travis")
    }

    fn names(&self, path: &str) -> bool {
        matches!(path.rsplit('/').next(), Some(".travis.yml" | ".travis.yaml"))
    }

    fn may_be_other(&self, _: &str, _: &str) -> bool {
        true
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        jobs::content(text, all)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        jobs::correct(text, all, changes)
    }
}

/// What the file says for all jobs, and each job that it lists beside.
fn all(root: &Value) -> Vec<Job> {
    let mut found = vec![job(root, root, &Route::default())];
    for list in ["jobs", "matrix"] {
        let included = root.get(list).and_then(|jobs| jobs.get("include"));
        let route = key(&key(&Route::default(), list), "include");
        let each = included.and_then(Value::as_sequence).into_iter().flatten().enumerate();
        found.extend(each.map(|(index, value)| job(root, value, &route.with_key(index))));
    }
    found
}

/// Each job has a machine of its own. Its engine is as old as the image of the machine: up to
/// Docker 22 the classic builder is the default.
fn job(root: &Value, value: &Value, at: &Route) -> Job {
    let phases = PHASES.into_iter().flat_map(|phase| scripts(value.get(phase), &key(at, phase)));
    let deploy = value.get("deploy").map(|deploy| match deploy.as_sequence() {
        Some(list) => {
            list.iter().enumerate().map(|(n, one)| (one, key(at, "deploy").with_key(n))).collect()
        }
        None => vec![(deploy, key(at, "deploy"))],
    });
    let deploy = deploy.into_iter().flatten();
    let deploy = deploy.flat_map(|(one, route)| scripts(one.get("script"), &key(&route, "script")));
    let variables = [variables(root.get("env")), variables(value.get("env"))].concat();
    let older = !variables.iter().any(|(name, value)| name == "DOCKER_BUILDKIT" && value == "1");
    Job {
        name: value.get("name").and_then(text).unwrap_or_default(),
        slashes: true,
        steps: std::iter::once(JobStep::Older(older)).chain(phases).chain(deploy).collect(),
        builders: Builders::fresh(),
        variables,
        ..Job::default()
    }
}

/// `env: - A=1 B=2`, below `global` too. Several lines are a job each: what they set differs.
fn variables(env: Option<&Value>) -> Vec<(String, String)> {
    let Some(env) = env else { return Vec::new() };
    let global = env.get("global");
    let list = global.or(Some(env)).and_then(Value::as_sequence);
    let lines: Vec<String> = list.into_iter().flatten().filter_map(text).collect();
    if global.is_none() && lines.len() > 1 {
        return Vec::new();
    }
    let words = lines.iter().flat_map(|line| shell_words(line).unwrap_or_default());
    let listed = words.filter_map(|word| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    let mapped = global.or(Some(env)).map(entries).unwrap_or_default().into_iter();
    let mapped = mapped.filter_map(|(name, value)| Some((name.to_owned(), text(value)?)));
    listed.chain(mapped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_and_listed_jobs_are_read() {
        let text = "env:\n  global:\n    - IMAGE=acme/web REG=r.acme.io\nscript:\n  - docker build -t \
            $IMAGE .\njobs:\n  include:\n    - name: api\n      script: DOCKER_BUILDKIT=1 docker build -t acme/api api\n";
        let content = Travis.read(text).unwrap();
        let [web, api] = content.places.as_slice() else { panic!("{:#?}", content.places) };
        assert_eq!((web.command.quote.line, web.expanded("$IMAGE").as_str()), (5, "acme/web"));
        assert!(
            web.machine.classic && web.machine.fresh && !api.machine.classic && api.job == "api"
        );
    }
}
