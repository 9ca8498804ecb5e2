//! Runs of which each is on another machine: the builders may well keep their cache.

use super::META;
use crate::finding::{Confidence, Evidence, Finding, Proof, Severity, not_ruled_out, to_decide};
use crate::model::{Dialect, NoteKind, Run};
use crate::rules::Study;
use crate::rules::past::{Past, cost, plural};
use crate::rules::remedy::{self, Site};

/// Two of them may be the first runs of two machines that are kept.
const FEW: usize = 2;

pub(super) fn finding(past: &Past, machines: &[Past]) -> Option<Finding> {
    let cold = |i: usize| past.counts(i).is_some_and(|(hits, total)| hits == 0 && total > 0);
    let all_cold = (0..past.len()).all(|i| cold(i) && !past.asked_for_no_cache(i));
    let each_alone = machines.len() > 1 && machines.len() == past.len();
    if !each_alone || !all_cold || super::has_another_reason(past) {
        return None;
    }
    let (run, build) = past.last()?;
    let site = Site::of(past.study, run, build);
    let few = past.len() <= FEW;
    Some(Finding {
        rule: META.id,
        severity: if few { Severity::Note } else { META.severity },
        confidence: if few { Confidence::Suspected } else { Confidence::Likely },
        title: format!(
            "{} start cold, each on another machine: no cache is imported",
            if few {
                "both runs".to_owned()
            } else {
                format!("all {}", plural(past.len(), "run", "runs"))
            }
        ),
        cause: "No build in these logs imports a cache, so each finds only what its own machine \
            has stored, and no two of them ran on the same one."
            .to_owned(),
        evidence: Proof::from_lines(
            past.runs.iter().rev().take(3).rev().filter_map(|run| named(run)).collect(),
        )?
        .seen_in(past.places(0..past.len())),
        fix: if build.dialect == Dialect::Classic {
            super::classic::fix(&site, build)
        } else {
            remedy::registry_max(&site)
        },
        impact: cost(
            past.builds.iter().skip(1).flat_map(|build| &build.steps),
            past.len().saturating_sub(1),
        ),
        rules_out: vec![
            not_ruled_out("machines that keep their cache, and have it from their next run on"),
            to_decide("give the logs of further runs on these machines"),
        ],
        subject: site.cache,
    })
}

fn named(run: &Run) -> Option<Evidence> {
    let note = run.notes.iter().find(|note| note.kind == NoteKind::Machine)?;
    Some(Study::quote(run, &note.quote, "the machine of this run"))
}
