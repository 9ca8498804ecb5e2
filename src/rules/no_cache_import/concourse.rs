//! The configuration: images that Concourse builds in a container without a cache.

use super::META;
use crate::finding::{Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::model::Tool;
use crate::rules::planned::{self, Words};
use crate::rules::remedy::At;

/// One note for each file and what builds there.
pub(super) fn findings(open: &[At]) -> Vec<Finding> {
    let mut files: Vec<(&str, Tool, Vec<At>)> = Vec::new();
    for at in open.iter().copied().filter(is_bare) {
        let tool = at.place.command.tool;
        let known = |file: &&mut (&str, Tool, Vec<At>)| file.0 == at.config.path && file.1 == tool;
        match files.iter_mut().find(known) {
            Some((.., places)) => places.push(at),
            None => files.push((&at.config.path, tool, vec![at])),
        }
    }
    files.into_iter().filter_map(|(path, tool, places)| finding(path, tool, &places)).collect()
}

fn is_bare(at: &At) -> bool {
    at.ci() == Some("concourse")
        && at.place.machine.new_builder
        && !planned::names_a_cache(&at.place.command)
}

fn finding(path: &str, tool: Tool, places: &[At]) -> Option<Finding> {
    let builds = match places.len() {
        1 => "the build".to_owned(),
        n => format!("{n} builds"),
    };
    let by_task = tool == Tool::Buildctl;
    let (by, shows) = if by_task {
        ("the oci-build task without a `cache` folder", "the task caches no folder `cache`")
    } else {
        ("the docker-image resource without a cache", "neither `cache` nor `cache_from`")
    };
    let words = Words {
        title: format!("{builds} of {path} by {by}: every step runs"),
        cause: "The builder runs in the container of the step and is gone with it, so it begins \
            with nothing in every run."
            .to_owned(),
        fix: if by_task { of_task() } else { of_resource() },
        rules_out: vec![
            not_ruled_out("steps so quick that no cache is needed"),
            to_decide("give logs: they show how long the steps take"),
        ],
        subject: format!("{path}: {by}"),
    };
    let lines = places.iter().filter_map(|at| at.evidence(shows)).collect();
    planned::finding(&META, Severity::Note, lines, words)
}

/// The task imports and exports the folder `cache` where there is one (concourse/oci-build-task
/// `task.go`).
fn of_task() -> Fix {
    Fix {
        summary: "let the task cache the folder `cache`".to_owned(),
        steps: vec![
            "Name the folder `cache` among the `caches` of the task's configuration: the task \
                imports from it and exports to it where it is there."
                .to_owned(),
            "Concourse keeps such a folder on each worker for itself: a run that lands on another \
                worker finds what that one has."
                .to_owned(),
        ],
        snippet: Some("caches:\n  - path: cache".to_owned()),
        ..Fix::default()
    }
}

/// concourse/docker-image-resource `README.md`.
fn of_resource() -> Fix {
    Fix {
        summary: "pull the image of the last run first, or build with the oci-build task"
            .to_owned(),
        steps: vec![
            "`cache: true` pulls the image of the tag before the build, and its steps are found. \
                The step fails where there is no such image yet."
                .to_owned(),
            "Of several stages only those in the image are found. Or build with the oci-build \
                task, with a folder `cache` among its `caches`."
                .to_owned(),
        ],
        snippet: Some("params:\n  cache: true".to_owned()),
        ..Fix::default()
    }
}
