//! The engine writes an inline cache in which nothing can be found (Engine 27.0.1 to 27.1.2).

mod written;

use super::past::{self, Past, cost, graphdriver, header, plural};
use super::planned;
use super::remedy::{self, Site};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Proof, Severity, ruled_out, to_decide};

pub(super) struct InlineCacheNeverExported;

static META: RuleMeta = RuleMeta {
    id: "inline-cache-never-exported",
    title: "the inline cache is written and imported, and never holds anything",
    group: "Hits only every second run",
    severity: Severity::Error,
    what: "Every run prints that it writes an inline cache, every run after the first imports it \
        without error, and no step ever comes from it. From the configuration: a job whose engine \
        does so (`docker:27.1-dind`).",
    why: "Docker Engine 27.0.1 to 27.1.2 with its classic image store (overlay2, not containerd's) \
        writes no cache records into the image (moby/buildkit issue 5242), so every build is cold.",
    fix: "Docker Engine 27.2 or newer; or a docker-container builder with a registry cache.",
    rules_out: "Images built without inline cache (image-without-inline-cache: nothing is printed \
        about it), changed base images and instructions, separate builders and the containerd \
        image store.",
    limits: "The version of the engine is not printed; it follows from imports that are empty \
        although every export says it is written. One run is not enough.",
    example: include_str!("examples/inline-cache-never-exported.txt"),
    references: &[
        "https://github.com/moby/buildkit/issues/5242",
        "https://github.com/moby/buildkit/pull/5257",
    ],
    since: "0.1.0",
};

impl Rule for InlineCacheNeverExported {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let found = past::judge(study, finding);
        planned::with_undecided(
            study,
            found,
            |past| past.len() > 1,
            |at| written::finding(study, at),
        )
    }
}

/// Runs that imported, found nothing, and cannot blame a change for it.
fn empty_handed(past: &Past) -> Vec<usize> {
    let runs = 1..past.len();
    runs.filter(|&i| {
        past.imported(i) && !past.asked_for_no_cache(i) && !past.final_losses(i).is_empty()
    })
    .collect()
}

fn finding(past: &Past) -> Option<Finding> {
    if past.shares_reference() {
        return None;
    }
    let written = past.builds.iter().all(|b| b.inline.is_some() && graphdriver(b));
    let nothing = past.builds.iter().all(|b| b.hits() == 0);
    // Of a log that is cut the hits may be what is missing.
    if !written || !nothing || !past.is_whole() {
        return None;
    }
    let missed = empty_handed(past);
    if missed.len() < 2 {
        return None;
    }
    let (run, build) = past.last()?;
    let site = Site::of(past.study, run, build);
    let again = plural(missed.len(), "run", "runs");
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "the inline cache is empty: {again} imported it without error and found \
            nothing"
        ),
        cause: "Each run writes an inline cache into its image and the next one reads it, yet not \
            one step comes from it, not even steps that no change of the source can reach. Docker \
            Engine 27.0.1 to 27.1.2 with its classic image store (overlay2) writes no records."
            .to_owned(),
        evidence: Proof::from_lines(lines(past, &missed))?
            .seen_in(past.places(missed.iter().copied())),
        fix: remedy::engine_upgrade(&site),
        impact: cost(
            missed.iter().filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps),
            missed.len(),
        ),
        rules_out: vec![
            ruled_out("image built without inline cache (each run prints that it is written)"),
            ruled_out("lost every second run (there is no hit in any run)"),
            to_decide("run `docker version` on the build host"),
        ],
        subject: site.imports.first().cloned().unwrap_or(site.image),
    })
}

fn lines(past: &Past, missed: &[usize]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for &i in missed.iter().rev().take(2).rev() {
        let (Some((run, _)), Some((before, earlier))) = (past.get(i), past.get(i - 1)) else {
            continue;
        };
        lines.extend(
            earlier.inline.as_ref().map(|q| Study::quote(before, q, "an inline cache is written")),
        );
        lines.extend(
            past.imports(i)
                .into_iter()
                .find(|t| t.ok())
                .map(|t| Study::quote(run, &t.header, "imported without error")),
        );
        lines.extend(
            past.final_losses(i)
                .first()
                .map(|l| header(run, l.step, "ran again, though nothing it depends on changed")),
        );
    }
    lines
}
