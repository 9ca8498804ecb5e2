//! One job builds the same with two clients of the classic builder: `docker build`, and
//! docker-compose 1, which calls the engine through the SDK for Python.
//!
//! Their archives of one folder differ in the modes of its files (`docker/utils/build.py`), and the
//! classic builder compares modes.

use foldhash::HashMap;

use super::META;
use crate::finding::{Confidence, Finding, Fix, Proof, not_ruled_out, ruled_out};
use crate::model::{Build, Dialect, Outcome, Run, Step};
use crate::rules::Study;
use crate::rules::instruction::{brief, copies_context};
use crate::rules::past::{cost, header, verdict};

/// One finding for each pair of builds.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let several = study.runs.iter().filter(|run| run.builds.len() > 1);
    several.flat_map(of_run).collect()
}

fn of_run(run: &Run) -> Vec<Finding> {
    let classic = || run.builds.iter().filter(|build| build.dialect == Dialect::Classic);
    if classic().all(is_composed) || !classic().any(is_composed) {
        return Vec::new();
    }
    // The last build of each client by the texts of its steps.
    let mut before: HashMap<(bool, Vec<&str>), &Build> = HashMap::default();
    let mut found = Vec::new();
    for build in classic() {
        let texts: Vec<&str> = build.steps.iter().map(|step| step.text.as_str()).collect();
        let other = before.get(&(!is_composed(build), texts.clone()));
        found.extend(other.and_then(|other| finding(run, other, build)));
        before.insert((is_composed(build), texts), build);
    }
    found
}

/// docker-compose names the service before it builds, and no other client of that builder does.
fn is_composed(build: &Build) -> bool {
    build.target.is_some()
}

fn finding(run: &Run, before: &Build, build: &Build) -> Option<Finding> {
    let at = build.steps.iter().position(|step| step.outcome == Outcome::Miss)?;
    let (above, below) = build.steps.split_at_checked(at)?;
    let (copy, parent) = (below.first()?, above.iter().rev().find(|s| s.outcome == Outcome::Hit)?);
    if !copies_context(&copy.text) || above.iter().any(|s| s.outcome != Outcome::Hit) {
        return None;
    }
    let earlier = before.steps.get(at).filter(|s| is_made(s))?;
    let [first, second] = [before, build].map(client);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "`{}` of {second} does not find what {first} made of the same files",
            brief(&copy.text)
        ),
        cause: format!(
            "Both build the same steps in one job, from one checkout. docker-compose 1 packs the \
                files through the SDK for Python, whose archive has different file modes than the \
                docker client's, and the classic builder compares modes too. So whatever {first} \
                built or took from a cache, {second} builds again from the first COPY on."
        ),
        evidence: Proof::from_lines(vec![
            verdict(run, parent, "came from the cache, so both build on the same layer"),
            header(run, earlier, "already built by the other client"),
            header(run, copy, "ran: this client packs the files differently"),
        ])?,
        fix: fix(),
        impact: cost(below, 1),
        rules_out: vec![
            ruled_out("changed sources (one job, one checkout)"),
            not_ruled_out("files that the job makes between the two builds"),
        ],
        subject: build.target.as_ref().or(before.target.as_ref())?.to_string(),
    })
}

fn is_made(step: &Step) -> bool {
    matches!(step.outcome, Outcome::Hit | Outcome::Miss)
}

fn client(build: &Build) -> &'static str {
    if is_composed(build) { "docker-compose" } else { "`docker build`" }
}

fn fix() -> Fix {
    Fix {
        summary: "build with one client".to_owned(),
        steps: vec![
            "Let Compose use the image that is built already: name it with `image:` in the file \
                that the job runs with, without `build:`."
                .to_owned(),
            "Or build with Compose in both places, or set COMPOSE_DOCKER_CLI_BUILD=1 \
                (docker-compose 1.25 and newer), so that it calls the docker client."
                .to_owned(),
            "Best: Compose 2 and BuildKit, which take modes from the files themselves.".to_owned(),
        ],
        snippet: Some("export COMPOSE_DOCKER_CLI_BUILD=1 DOCKER_BUILDKIT=1".to_owned()),
        ..Fix::default()
    }
}
