//! What is said of cold runs.

use crate::finding::{Alternative, not_ruled_out, to_decide};
use crate::model::Dialect;
use crate::rules::past::Past;

pub(super) fn cause_on(machine: &str) -> String {
    format!(
        "No build in these logs imports a cache, and every step ran in every run on {machine}. \
            The builder there keeps no cache of its own, and never sees what other machines keep."
    )
}

pub(super) fn cause(dialect: Dialect, since: bool) -> &'static str {
    match dialect {
        _ if since => {
            "No build imports a cache, and since then every step ran in every run: the builder's \
                own cache is empty each time, as it is on agents that are thrown away after a job."
        }
        Dialect::Kaniko => {
            "No line of these logs looks a layer up: kaniko runs without `--cache=true`, so every \
                step is executed in every run. It keeps nothing on the machine that a later run \
                could use."
        }
        _ => {
            "No build in these logs imports a cache, and every step ran in every run. The \
                builder's own cache is empty each time, as it is on agents that are thrown away \
                after a job."
        }
    }
}

/// buildah passes over layers that are older, without a word.
pub(super) fn too_old(past: &Past) -> Option<Alternative> {
    past.all_commands().any(|command| command.cache_ttl.is_some()).then(|| {
        not_ruled_out("layers that are older than `--cache-ttl` allows (buildah does not say so)")
    })
}

pub(super) fn rules_out(single: bool, shown: bool) -> Vec<Alternative> {
    match (single, shown) {
        (true, _) => {
            vec![
                not_ruled_out(
                    "the first run of a builder that is kept, or a base image that moved",
                ),
                to_decide("give the log of the next run"),
            ]
        }
        (false, true) => Vec::new(),
        (false, false) => vec![
            not_ruled_out("`--no-cache` (the builder does not print it)"),
            to_decide("look at the command line of the build"),
        ],
    }
}
