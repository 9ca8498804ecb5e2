//! The configuration: a job that empties the cache of an engine that stays, in each run.

use std::collections::HashSet;

use super::pruned;
use crate::finding::{Confidence, Evidence, Finding, Severity, not_ruled_out, to_decide};
use crate::model::{Quote, Tool};
use crate::rules::past::Past;
use crate::rules::planned::{self, Open, Words};
use crate::rules::remedy::At;
use crate::rules::{RuleMeta, Study};

/// One for each command that prunes. Several runs show by themselves what it deletes.
pub(super) fn findings(study: &Study, meta: &RuleMeta) -> Vec<Finding> {
    let mut open = Open::of(study);
    for past in Past::all(study) {
        open.close_asked(&past, |past| past.len() > 1);
    }
    let mut told: HashSet<(&str, u64)> = HashSet::new();
    let mut found = Vec::new();
    for at in open.places {
        let Some(prune) = emptied(study, at) else { continue };
        if told.insert((&at.config.path, prune.line)) {
            found.extend(finding(meta, at, prune));
        }
    }
    found
}

/// The command that empties the engine's cache, where that is all that the build can have.
fn emptied<'a>(study: &Study, at: At<'a>) -> Option<&'a Quote> {
    const ELSEWHERE: [&str; 3] = ["BUILDX_BUILDER", "DOCKER_CONTEXT", "DOCKER_HOST"];
    let place = at.place;
    let prune = place.machine.emptied.as_ref().filter(|quote| quote.line > 0)?;
    let elsewhere = place.variables.iter().any(|(name, _)| ELSEWHERE.contains(&name.as_str()));
    let by_engine = place.command.tool == Tool::DockerBuild
        && place.machine.driver.as_deref().is_none_or(|driver| driver == "docker");
    let cold = by_engine
        && !elsewhere
        && !planned::names_a_cache(&place.command)
        && planned::runs_something(study, at);
    // Looks through the whole file.
    (cold && !planned::may_be_older(at)).then_some(prune)
}

fn finding(meta: &RuleMeta, at: At, prune: &Quote) -> Option<Finding> {
    let path = &at.config.path;
    let lines = [
        Some(Evidence::of(path, prune, "deletes all steps of the builder's cache in each run")),
        at.evidence("has no other cache"),
        at.call("calls it on a machine that stays"),
    ];
    let words = Words {
        title: format!("each run of {path} deletes the cache that its next build would use"),
        cause: "The build takes its cache from the engine of a machine that stays, and a prune \
            with `--all` leaves no step in it, whether an image still uses its layer or not: the \
            next build runs every step."
            .to_owned(),
        fix: pruned::fix(),
        rules_out: vec![
            not_ruled_out(
                "a self-hosted machine that is thrown away after each job (then the prune is \
                    needless, and a registry cache is what helps)",
            ),
            to_decide("give the logs of two runs: they show what the prune deletes"),
        ],
        subject: format!("{path} {}", prune.text.trim()),
    };
    let found =
        planned::finding(meta, Severity::Note, lines.into_iter().flatten().collect(), words)?;
    Some(Finding { confidence: Confidence::Suspected, ..found })
}
