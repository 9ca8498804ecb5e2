//! The pipelines file alone: a step restores Bitbucket's docker cache, and `BuildKit` builds there.

use super::{META, loaded};
use crate::config::{Kept, asks_for_buildkit, may_turn_buildkit_off};
use crate::finding::{
    Alternative, Evidence, Finding, Fix, Severity, not_ruled_out, ruled_out, to_decide,
};
use crate::model::Tool;
use crate::rules::Study;
use crate::rules::past::Past;
use crate::rules::planned::{self, Open, Words};
use crate::rules::remedy::{self, At, Site};

/// One finding for each file; steps that share the cache side by side have a rule of their own.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let mut open = Open::of(study);
    for past in Past::all(study) {
        open.close_asked(&past, |_| true);
    }
    let mut files: Vec<(&str, Vec<At>)> = Vec::new();
    let loaded = loaded::findings(&open.places);
    for at in open.places.into_iter().filter(|at| is_of_no_use(*at)) {
        match files.iter_mut().find(|(path, _)| *path == at.config.path) {
            Some((_, places)) => places.push(at),
            None => files.push((&at.config.path, vec![at])),
        }
    }
    files.into_iter().filter_map(|(path, places)| finding(path, &places)).chain(loaded).collect()
}

/// The docker cache is a `docker save` of the daemon's images. A build that names one of them in
/// `--cache-from` may have use of it; the classic builder looks at all of them.
fn is_of_no_use(at: At) -> bool {
    let command = &at.place.command;
    let asks = !command.cache_from.is_empty() || !command.cache_to.is_empty() || command.no_cache;
    let tool = matches!(command.tool, Tool::DockerBuild | Tool::BuildxBuild | Tool::Compose);
    let older = || at.texts().any(may_turn_buildkit_off);
    let shared =
        at.config.content.pipelines.as_ref().is_some_and(|file| !file.sharing(DOCKER).is_empty());
    cache(at).is_some() && tool && !asks && !shared && !older()
}

/// The predefined cache; one that the file defines is a directory.
const DOCKER: &str = "docker";

fn cache(at: At<'_>) -> Option<&Kept> {
    at.place.kept.iter().find(|kept| kept.key == DOCKER && kept.paths.is_empty())
}

fn finding(path: &str, places: &[At]) -> Option<Finding> {
    let first = places.first()?;
    let registry = match places.len() {
        1 => remedy::registry_max(&Site::written(*first)),
        _ => remedy::together(remedy::registry_max(&Site::written(*first)), places),
    };
    let mut steps = vec!["Remove `docker` from the `caches:` of the step.".to_owned()];
    steps.extend(registry.steps.iter().cloned());
    let words = Words {
        title: "the docker cache is restored for BuildKit, which does not use it".to_owned(),
        cause:
            "The docker cache is a `docker save` of the images of an earlier run. BuildKit, the \
                default builder of Pipelines since 2024, takes nothing from images that no \
                `--cache-from` names: every step runs in every run, and restoring and saving the \
                images costs time on top."
                .to_owned(),
        fix: Fix {
            summary: "replace the docker cache with a registry cache".to_owned(),
            steps,
            ..registry
        },
        rules_out: rules_out(places),
        subject: path.to_owned(),
    };
    let mut lines: Vec<Evidence> = Vec::new();
    for at in places {
        let shows = "images of an earlier run are restored";
        lines.extend(cache(*at).and_then(|kept| at.key_of(kept, shows)));
        lines.extend(at.evidence("built without --cache-from"));
    }
    lines.sort_by_key(|line| line.line);
    lines.dedup_by(|a, b| a.line == b.line && a.source == b.source);
    planned::finding(&META, Severity::Warning, lines, words)
}

fn rules_out(places: &[At]) -> Vec<Alternative> {
    let images = "images that the step runs and does not build";
    if places.iter().all(|at| at.texts().any(asks_for_buildkit)) {
        return vec![ruled_out("the classic builder (DOCKER_BUILDKIT=1)"), not_ruled_out(images)];
    }
    vec![
        not_ruled_out(format!(
            "the classic builder (DOCKER_BUILDKIT=0 as a variable of the repository), or {images}"
        )),
        to_decide("give a log: it shows which builder it is"),
    ]
}
