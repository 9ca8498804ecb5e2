//! The configuration: kaniko, which keeps nothing between runs, called without its cache.

use super::META;
use crate::finding::{Finding, Severity, not_ruled_out, to_decide};
use crate::model::{Command, Tool};
use crate::rules::command_lines::may_hold_options;
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{self, At, Site};

/// One note for each file.
pub(super) fn findings(open: &[At]) -> Vec<Finding> {
    let mut files: Vec<(&str, Vec<At>)> = Vec::new();
    for at in open.iter().copied().filter(|at| is_bare(&at.place.command)) {
        match files.iter_mut().find(|(path, _)| *path == at.config.path) {
            Some((_, places)) if places.iter().any(|known| known.index == at.index) => {}
            Some((_, places)) => places.push(at),
            None => files.push((&at.config.path, vec![at])),
        }
    }
    files.into_iter().filter_map(|(path, places)| finding(path, &places)).collect()
}

/// The call of the executor is written out, and neither it nor a variable turns the cache on.
fn is_bare(command: &Command) -> bool {
    let text = command.quote.text.as_str();
    let mut words = text.split_ascii_whitespace().map(|word| word.trim_matches(['"', '\'']));
    let called = words.any(|word| word.ends_with("executor"));
    command.tool == Tool::Kaniko && command.layers.is_none() && called && !may_hold_options(command)
}

fn finding(path: &str, places: &[At]) -> Option<Finding> {
    let first = places.first()?;
    let builds = match places.len() {
        1 => "the build".to_owned(),
        n => format!("{n} builds"),
    };
    let words = Words {
        title: format!("{builds} of {path} by kaniko without `--cache=true`: every step runs"),
        cause: "kaniko keeps nothing on the machine. Without `--cache=true` it looks no layer up \
            and stores none, so every RUN is executed in every run."
            .to_owned(),
        fix: remedy::registry_max(&Site::written(*first)),
        rules_out: vec![
            not_ruled_out("steps so quick that no cache is needed"),
            to_decide("give logs: they show how long the steps take"),
        ],
        subject: format!("{path}: kaniko"),
    };
    let shows = "neither `--cache=true` nor a cache repository";
    let lines = places.iter().filter_map(|at| at.evidence(shows)).collect();
    planned::finding(&META, Severity::Note, lines, words)
}
