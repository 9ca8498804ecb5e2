//! Title, cause and remaining doubt of the finding, for each way in which sharing is shown.

use super::Worth;
use super::advice::Situation;
use crate::config::bitbucket::PipelineStep;
use crate::finding::{Alternative, not_ruled_out, to_decide};
use crate::model::Run;
use crate::rules::cache_saves::Sharing;

pub(super) fn title(cache: &str, sharing: &Sharing, same: bool) -> String {
    match sharing {
        _ if same => {
            format!(
                "parallel steps save the same image into one cache, \"{cache}\": only the first \
                    upload succeeds"
            )
        }
        Sharing::File { .. } => {
            format!("parallel steps share one cache, \"{cache}\": only one can save its images")
        }
        Sharing::Commit(_) => {
            format!("steps of one commit save different images into one cache, \"{cache}\"")
        }
        Sharing::Folder(_) => {
            format!("steps that build different images seem to share one cache, \"{cache}\"")
        }
        Sharing::Predefined => {
            format!("the cache \"{cache}\" was not saved: parallel steps probably share it")
        }
    }
}

pub(super) fn cause(cache: &str, sharing: &Sharing, same: bool, case: &Situation) -> String {
    let file = if cache == "docker" {
        "one file, docker.tar, with all images of a step"
    } else {
        "one file"
    };
    let race = format!(
        "The cache \"{cache}\" is {file}. The first step that ends uploads its own, for the others \
            the upload fails. What is stored is not overwritten for a week"
    );
    let harm = format!("{race}{}", loss(case));
    match sharing {
        Sharing::File { groups, .. } => {
            let who: Vec<String> = groups
                .iter()
                .map(|group| format!("{} (in {})", names(group), pipeline(group)))
                .collect();
            let end = if same {
                format!("{race}; as they build the same image, that one fits them all.")
            } else {
                harm
            };
            format!("{} run side by side and all save the cache \"{cache}\". {end}", who.join("; "))
        }
        Sharing::Commit(runs) => format!(
            "{} belong to one commit, build different things and all save the cache \"{cache}\". \
                {harm}",
            labels(runs)
        ),
        Sharing::Folder(runs) => format!(
            "{} build different things and all save the cache \"{cache}\"; that they belong to one \
                commit is not in the logs. {harm}",
            labels(runs)
        ),
        Sharing::Predefined => {
            format!(
                "{harm} The log does not say that this happened here, but it is the usual reason."
            )
        }
    }
}

/// What it means for the builds. A pipelines file alone does not tell the builder.
fn loss(case: &Situation) -> &'static str {
    match (case.worth, case.builder_known) {
        (Worth::Layers, _) => ", so the other images are built without a cache.",
        (Worth::Replaced, _) => {
            ". The builds do not miss it: BuildKit takes no layers out of docker.tar, and they \
                have caches of their own. What is lost is the time to save it and to load it."
        }
        (Worth::Nothing, true) => {
            ". BuildKit takes no layers out of docker.tar, not even out of the one that was \
                stored: none of the images is built from it."
        }
        (Worth::Nothing, false) => {
            ", so with the classic builder the other images are built without a cache. BuildKit, \
                today's default, takes no layers out of docker.tar at all."
        }
    }
}

pub(super) fn rules_out(cache: &str, sharing: &Sharing) -> Vec<Alternative> {
    let others = "a cache over 1 GB compressed, or a fault of Bitbucket's storage (both end in the \
        same line, which gives no reason)";
    match sharing {
        Sharing::File { .. } | Sharing::Commit(_) => vec![
            not_ruled_out(others),
            to_decide(format!(
                "give each step a cache of its own (these cannot all save \"{cache}\" in any \
                    case); if the line comes again, look at the size"
            )),
        ],
        Sharing::Folder(_) => vec![
            not_ruled_out(others),
            to_decide("give logs that print the commit, or bitbucket-pipelines.yml (--config)"),
        ],
        Sharing::Predefined => vec![
            not_ruled_out(others),
            to_decide(
                "give bitbucket-pipelines.yml (--config), or the logs of the other steps of this \
                    commit",
            ),
        ],
    }
}

fn names(group: &[&PipelineStep]) -> String {
    group.iter().map(|step| format!("\"{}\"", step.name)).collect::<Vec<_>>().join(", ")
}

fn pipeline(group: &[&PipelineStep]) -> String {
    group.first().map_or(String::new(), |step| format!("pipelines.{}", step.pipeline))
}

fn labels(runs: &[&Run]) -> String {
    runs.iter().map(|run| run.label.as_str()).collect::<Vec<_>>().join(", ")
}
