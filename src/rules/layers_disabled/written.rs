//! The configuration: buildah, called without layers.

use super::META;
use crate::finding::{Finding, Severity, not_ruled_out};
use crate::model::{CacheSpec, Command, Tool};
use crate::rules::Study;
use crate::rules::past::Past;
use crate::rules::planned::{self, Open, Words};
use crate::rules::remedy::{self, At, Site};

/// One note for each file.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let mut open = Open::of(study);
    for past in Past::all(study) {
        open.close_asked(&past, |_| true);
    }
    let mut files: Vec<(&str, At)> = Vec::new();
    for at in open.places.into_iter().filter(|at| is_bare(at)) {
        if files.iter().all(|(path, _)| *path != at.config.path) {
            files.push((&at.config.path, at));
        }
    }
    files.into_iter().filter_map(|(path, at)| finding(path, at)).collect()
}

/// `buildah build` itself, and nothing that the file sets turns layers on.
fn is_bare(at: &At) -> bool {
    let command: &Command = &at.place.command;
    let set = at.place.variables.iter().any(|(name, _)| name == "BUILDAH_LAYERS");
    command.tool == Tool::Buildah
        && !command.is_podman()
        && command.layers.is_none()
        && !command.no_cache
        && !set
        && !command.cache_from.iter().any(CacheSpec::is_hidden)
}

fn finding(path: &str, at: At) -> Option<Finding> {
    let words = Words {
        title: format!("{path} calls buildah without `--layers`: every step runs in every build"),
        cause: "`buildah build` (`bud`) makes one layer of the whole build unless `--layers` is \
            given or BUILDAH_LAYERS=true is set: it neither looks for earlier results nor keeps \
            any."
            .to_owned(),
        fix: remedy::registry_max(&Site::written(at)),
        rules_out: vec![
            not_ruled_out("BUILDAH_LAYERS=true in the environment of the job or of its image"),
            not_ruled_out("steps so quick that no cache is needed"),
        ],
        subject: format!("{path}: buildah"),
    };
    let lines = at.evidence("`--layers` is not given").into_iter().collect();
    planned::finding(&META, Severity::Note, lines, words)
}
