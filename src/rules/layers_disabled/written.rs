//! The configuration: buildah, called without layers.

use super::META;
use crate::finding::{Finding, Severity, not_ruled_out};
use crate::model::{Command, Tool};
use crate::rules::Study;
use crate::rules::command_lines::may_hold_options;
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
    let words = command.quote.text.split_ascii_whitespace();
    let mut words = words.map(|word| word.trim_matches(['"', '\'']));
    let own = words.any(|word| word == "buildah" || word.ends_with("/buildah"));
    let set = at.place.variables.iter().any(|(name, _)| name == "BUILDAH_LAYERS");
    command.tool == Tool::Buildah
        && own
        && command.layers.is_none()
        && !command.no_cache
        && !set
        && !may_hold_options(command)
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
