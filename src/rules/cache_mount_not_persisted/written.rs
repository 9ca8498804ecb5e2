//! The configuration: cache mounts in what is built on machines that are new each time.

use std::collections::BTreeSet;

use super::{META, fix};
use crate::config::Instruction;
use crate::finding::{Evidence, Finding, Severity, not_ruled_out, to_decide};
use crate::rules::Study;
use crate::rules::dockerfile_at::line;
use crate::rules::instruction::{brief, cache_mount};
use crate::rules::past::Past;
use crate::rules::planned::{self, Words};
use crate::rules::remedy::At;

/// A hint for each Dockerfile, beside what the logs show. A builder that is kept keeps its mounts.
pub(super) fn findings(study: &Study, seen: Vec<Finding>) -> Vec<Finding> {
    let mut noted: Vec<&str> = Vec::new();
    let kept = |past: &Past| (0..past.len()).any(|i| past.is_kept(i));
    let open = planned::with_undecided(study, seen, kept, |at| written(study, at));
    let mut all = Vec::new();
    for finding in &open {
        // Several jobs may build one Dockerfile.
        let file = finding.evidence.iter().next().map_or("", |line| &*line.source);
        if finding.severity != Severity::Note || !noted.contains(&file) {
            noted.push(file);
            all.push(finding.clone());
        }
    }
    all
}

fn written(study: &Study, at: At) -> Option<Finding> {
    if !at.place.machine.fresh || at.place.command.no_cache {
        return None;
    }
    let file = planned::dockerfile(study, at)?;
    let all = file.content.stages.iter().flat_map(|stage| &stage.instructions);
    let mounts: Vec<(&Instruction, &str)> =
        all.filter_map(|run| Some((run, cache_mount(&run.text)?))).collect();
    let (run, target) = *mounts.first()?;
    let targets: BTreeSet<&str> = mounts.iter().map(|(_, target)| *target).collect();
    let empty = match targets.len() {
        1 => format!("the cache mount {target} is"),
        n => format!("the cache mount {target} and {} more are", n - 1),
    };
    let lines = mounts.iter().take(3).filter_map(|(run, _)| {
        line(file, run.line, "its cache mount begins empty on a new machine")
    });
    let place = at.evidence("builds it on a machine that is new each time");
    let evidence: Vec<Evidence> = lines.chain(place).collect();
    let words = Words {
        title: format!("{empty} empty in each run: the builder is new each time"),
        cause: format!(
            "The content of a cache mount stays in the builder that filled it; no export stores \
                it, not even with `mode=max`. This builder is thrown away after the job, so `{}` \
                fetches everything whenever it runs. The layer cache still serves it while its \
                inputs are the same.",
            brief(&run.text)
        ),
        fix: fix(&run.text, target),
        rules_out: vec![
            not_ruled_out("a step that seldom runs because the layer cache serves it"),
            to_decide("give logs: they show how often it runs, and how long"),
        ],
        subject: target.to_owned(),
    };
    planned::finding(&META, Severity::Note, evidence, words)
}
