//! The configuration: builds on machines that are new each time, without any cache.

use std::collections::HashSet;

use super::{META, called, concourse, kaniko};
use crate::finding::{Evidence, Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::model::{Text, Tool};
use crate::rules::Study;
use crate::rules::cache_ref_shared::differ;
use crate::rules::past::Past;
use crate::rules::planned::{self, Open, Words};
use crate::rules::remedy::{self, At, Site, place, reference};

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
    cold.retain(|at| !stands_on_another(study, *at));
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

/// An earlier build of the job imports a cache and leaves all that this one needs in the builder
/// that both use: "the following steps use the internal cache from the first step"
/// (<https://docs.docker.com/build/ci/github-actions/test-before-push/>).
fn stands_on_another(study: &Study, at: At) -> bool {
    let line = at.place.command.quote.line;
    let mut above = place::places_of(at.config).filter(|other| {
        other.place.form == at.place.form
            && !at.place.job.is_empty()
            && other.place.job == at.place.job
            && other.place.command.quote.line < line
    });
    above.any(|other| {
        let imports = !other.place.command.cache_from.is_empty() && !other.place.command.no_cache;
        imports && other.driver() == at.driver() && leaves_all(study, other, at)
    })
}

/// What the second of two builds runs, the first has run as well.
fn leaves_all(study: &Study, first: At, second: At) -> bool {
    let (one, other) = (&first.place.command, &second.place.command);
    let own = |platform: &String| one.platforms.contains(platform);
    let platforms =
        one.platforms.is_empty() == other.platforms.is_empty() && other.platforms.iter().all(own);
    let stages = match (planned::built(study, first), planned::built(study, second)) {
        (Some((file, before)), Some((_, now))) => {
            let runs = |stage: &usize| {
                let stage = file.content.stages.get(*stage);
                stage.is_some_and(|stage| stage.instructions.iter().any(|i| i.keyword == "RUN"))
            };
            now.iter().all(|stage| before.contains(stage) || !runs(stage))
        }
        _ => one.target == other.target,
    };
    platforms && stages && !differ(study, first, second)
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
        ("with a new builder", "The job makes its builder anew in each run")
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
    let pulled = pulled_image(*first);
    let (no_cache, none) = match &pulled {
        Some(_) => ("the image that is pulled is not named in --cache-from", "none is named"),
        None => ("no image is pulled for its cache", "there are none"),
    };
    let words = Words {
        title: format!("{builds} of {path} {start} on a new machine each time, and {no_cache}"),
        cause: format!(
            "The machine and its engine are new in each run, and the classic builder takes its \
                cache from images of the engine that `--cache-from` names: {none}, and every step \
                runs every time."
        ),
        fix: match first.ci() {
            _ if pulled.is_some() => named_fix(path, pulled.as_deref().unwrap_or_default()),
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

/// The image of the build itself, where its job pulls it first.
fn pulled_image(at: At) -> Option<String> {
    let mut pulled = at.place.names().filter(|name| at.place.pulls_of(name).next().is_some());
    pulled.next().map(str::to_owned)
}

fn named_fix(path: &str, image: &str) -> Fix {
    Fix {
        summary: format!("name the image that is pulled: `--cache-from {image}`"),
        steps: vec![
            format!(
                "Add `--cache-from {image}` to the build: a pulled image that is not named is no \
                    cache. It serves the stages that are in the image."
            ),
            "Or build with BuildKit (`docker buildx build`) and a registry cache: it stores all \
                stages."
                .to_owned(),
            format!("No patch for {path}: which of the two fits is your decision."),
        ],
        snippet: Some(format!("docker build --cache-from {image} …")),
        ..Fix::default()
    }
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
