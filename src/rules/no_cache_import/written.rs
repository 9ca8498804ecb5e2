//! The configuration: builds on machines that are new each time, without any cache.

use std::collections::HashSet;

use super::{META, called, concourse, kaniko};
use crate::finding::{Evidence, Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::model::{Text, Tool};
use crate::rules::Study;
use crate::rules::past::Past;
use crate::rules::planned::{self, Open, Words};
use crate::rules::remedy::{self, At, Site, reference};

/// One note for each file: what it costs is for the logs to say, and a project may not mind.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let mut open = Open::of(study);
    for past in Past::all(study) {
        open.close_asked(&past, |_| true);
    }
    let mut files: Vec<(&str, Vec<At>)> = Vec::new();
    let called = called::findings(study, &open.places);
    let by_kaniko = kaniko::findings(&open.places);
    let by_concourse = concourse::findings(&open.places);
    let named = planned::places(study).filter(|at| !at.place.command.tags.is_empty());
    let cached: HashSet<Image> =
        named.filter(|at| planned::names_a_cache(&at.place.command)).map(image).collect();
    let mut cold = open.places;
    cold.retain(|at| at.ci() != Some("concourse") && starts_cold(study, *at));
    for at in cold.into_iter().filter(|at| !cached.contains(&image(*at))) {
        match files.iter_mut().find(|(path, _)| *path == at.config.path) {
            // A script that several jobs call has one build.
            Some((_, places)) if places.iter().any(|known| known.index == at.index) => {}
            Some((_, places)) => places.push(at),
            None => files.push((&at.config.path, vec![at])),
        }
    }
    let found = files.into_iter().filter_map(|(path, places)| finding(path, &places));
    found.chain(called).chain(by_kaniko).chain(by_concourse).collect()
}

/// What a job makes: the file, the job, and the names of the image.
type Image<'a> = (&'a str, &'a str, &'a [Text]);

/// A job that builds an image with a cache and without one does the latter where it found none:
/// `docker pull web && docker build --cache-from web … || docker build …`.
fn image(at: At<'_>) -> Image<'_> {
    (&at.config.path, &at.place.job, &at.place.command.tags)
}

/// New builder, no cache of any kind, and something to run.
fn starts_cold(study: &Study, at: At) -> bool {
    let command = &at.place.command;
    let own = matches!(command.tool, Tool::BuildPushAction | Tool::BuildxBuild | Tool::DockerBuild);
    (at.place.machine.fresh || at.place.machine.new_builder)
        && own
        && !planned::names_a_cache(command)
        && planned::runs_something(study, at)
}

fn finding(path: &str, places: &[At]) -> Option<Finding> {
    let first = places.first()?;
    if places.iter().all(|at| at.place.machine.classic) || planned::may_be_older(*first) {
        return older(path, places);
    }
    let base = remedy::registry_max(&Site::written(*first));
    // One patch for all builds of the file.
    let rest = places.iter().skip(1).map(|at| remedy::registry_max(&Site::written(*at)));
    let more = rest
        .filter(|fix| fix.edits.is_empty())
        .flat_map(|fix| fix.steps)
        .filter(|step| step.starts_with("No patch"));
    let fix = if places.len() == 1 { base } else { remedy::together(base, places) };
    let more: Vec<String> = more.filter(|step| !fix.steps.contains(step)).collect();
    let (builds, start) = match places.len() {
        1 => ("the build".to_owned(), "starts"),
        n => (format!("{n} builds"), "start"),
    };
    let (on, new) = if places.iter().all(|at| at.place.machine.fresh) {
        ("on a new machine", "The machine and its builder are new in each run")
    } else {
        ("with a new builder", "The job makes its builder, which is removed when it ends")
    };
    let words = Words {
        title: format!("{builds} of {path} {start} {on} each time, and no cache is imported"),
        cause: format!("{new}, and nothing is imported or exported: every step runs every time."),
        fix: Fix { steps: fix.steps.iter().cloned().chain(more).collect(), ..fix },
        rules_out: vec![
            not_ruled_out("steps so quick that no cache is needed"),
            to_decide(
                "give \
            logs: they show how long the steps take",
            ),
        ],
        subject: path.to_owned(),
    };
    planned::finding(&META, Severity::Note, lines(places, "neither cache-from nor cache-to"), words)
}

/// The builds, and the jobs that call them.
fn lines(places: &[At], shows: &str) -> Vec<Evidence> {
    let mut lines: Vec<Evidence> = places.iter().filter_map(|at| at.evidence(shows)).collect();
    for call in places.iter().filter_map(|at| at.call("runs it on a new machine")) {
        if !lines.contains(&call) {
            lines.push(call);
        }
    }
    lines
}

/// The classic builder takes its cache from images that were pulled.
fn older(path: &str, places: &[At]) -> Option<Finding> {
    let first = places.first()?;
    let image = Site::written(*first).image;
    let last = reference::with_tag(&image, "latest");
    let builds =
        if places.len() == 1 { "the build".to_owned() } else { format!("{} builds", places.len()) };
    let start = if places.len() == 1 { "starts" } else { "start" };
    let words = Words {
        title: format!(
            "{builds} of {path} {start} on a new machine each time, and no image is pulled for its cache"
        ),
        cause: "The machine and its engine are new in each run, and the classic builder takes its \
            cache from images of the engine that `--cache-from` names: there are none, and every \
            step runs every time."
            .to_owned(),
        fix: match first.ci() {
            Some("drone" | "woodpecker") => plugin_fix(path, &last),
            _ => older_fix(path, &image, &last),
        },
        rules_out: vec![
            not_ruled_out("steps so quick that no cache is needed"),
            to_decide("give logs: they show how long the steps take"),
        ],
        subject: path.to_owned(),
    };
    planned::finding(&META, Severity::Note, lines(places, "no --cache-from"), words)
}

fn older_fix(path: &str, image: &str, last: &str) -> Fix {
    Fix {
        summary: "build with BuildKit and a registry cache, or pull the last image first"
            .to_owned(),
        steps: vec![
            "Build with BuildKit (`docker buildx build`) and a registry cache: it stores all \
                stages."
                .to_owned(),
            "Or pull the image of the last run and name it in `--cache-from`: that serves the \
                stages that are in the image."
                .to_owned(),
            format!("No patch for {path}: which of the two fits is your decision."),
        ],
        snippet: Some(format!(
            "docker pull {last} || true\ndocker build --cache-from {last} -t {image} -t {last} \
                …\ndocker push {last}"
        )),
        ..Fix::default()
    }
}

/// The plugin starts an engine in its container, and pulls what it is told to take as a cache
/// (drone-plugins/drone-docker `docker.go`).
fn plugin_fix(path: &str, last: &str) -> Fix {
    Fix {
        summary: "name the image of the last run in the plugin's `cache_from`".to_owned(),
        steps: vec![
            "Set `cache_from` to a tag that each run pushes: the plugin pulls it before it builds. \
                That serves the stages that are in the image."
                .to_owned(),
            "Or build by a plugin with buildx and a registry cache in mode=max: it stores all \
                stages."
                .to_owned(),
            format!("No patch for {path}: which of the two fits is your decision."),
        ],
        snippet: Some(format!("settings:\n  cache_from: {last}")),
        ..Fix::default()
    }
}
