//! The configuration: a job loads images of an earlier run for `BuildKit`, and saves its own for the
//! next.

use super::META;
use crate::finding::{Evidence, Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::model::{Quote, Tool};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{self, At, Site};

/// One finding for each file.
pub(super) fn findings(places: &[At]) -> Vec<Finding> {
    let mut files: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for at in places.iter().filter(|at| is_of_no_use(**at)) {
        if !files.contains(&at.config.path.as_str()) {
            files.push(&at.config.path);
            found.extend(finding(*at));
        }
    }
    found
}

/// `BuildKit` looks at no images but those that `--cache-from` names.
fn is_of_no_use(at: At) -> bool {
    let command = &at.place.command;
    let tool = matches!(command.tool, Tool::DockerBuild | Tool::BuildxBuild | Tool::Compose);
    let asks = !command.cache_from.is_empty() || !command.cache_to.is_empty() || command.no_cache;
    at.place.images.reloaded && tool && !asks && !planned::may_be_older(at)
}

fn finding(at: At) -> Option<Finding> {
    let registry = remedy::registry_max(&Site::written(at));
    let mut steps = vec![
        "Remove the commands that load and save the images, and the cache of the CI that keeps \
            them."
            .to_owned(),
    ];
    steps.extend(registry.steps.iter().cloned());
    let words = Words {
        title: "images of an earlier run are loaded for BuildKit, which does not use them"
            .to_owned(),
        cause:
            "`docker load` brings images, not a build cache. BuildKit, the default builder since \
                Docker 23, takes nothing from images that no `--cache-from` names, nor from those \
                that hold no cache metadata: every step runs in every run, and loading and saving \
                the images costs time on top."
                .to_owned(),
        fix: Fix {
            summary: "replace the saved images with a registry cache".to_owned(),
            steps,
            ..registry
        },
        rules_out: vec![
            not_ruled_out(
                "the classic builder (Docker before 23), or a machine that keeps its layers",
            ),
            to_decide("give a log: it shows which builder it is"),
        ],
        subject: at.config.path.clone(),
    };
    let lines: Vec<Evidence> =
        load(at).into_iter().chain(at.evidence("built without --cache-from")).collect();
    planned::finding(&META, Severity::Warning, lines, words)
}

/// The last `docker load` in front of the build, or an action that does it.
fn load(at: At) -> Option<Evidence> {
    const WORDS: [&str; 3] = ["docker load", "image load", "action-docker-layer-caching"];
    let before = 1..at.place.command.quote.line.saturating_add(1);
    let lines = before.rev().filter_map(|line| at.config.quote(line));
    let loads = |quote: &Quote| WORDS.iter().any(|words| quote.text.contains(words));
    let found = lines.into_iter().find(loads)?;
    Some(Evidence::of(&at.config.path, &found, "images of an earlier run are loaded"))
}
