//! Layers that kaniko stored under a key, and does not find under it in a later run.

use foldhash::HashMap;

use crate::finding::{
    Confidence, Evidence, Finding, Fix, Proof, not_ruled_out, ruled_out, to_decide,
};
use crate::model::{Dialect, Outcome, Step};
use crate::rules::past::{Past, cost};
use crate::rules::{RuleMeta, Study};

/// A step that was looked up in vain, and the run that had stored its layer under the same key.
struct LostLayer<'a> {
    at: usize,
    step: &'a Step,
    stored: (usize, &'a Step),
}

/// What the newest run does not find is gone, or it may not read it.
pub(super) fn finding(past: &Past, meta: &RuleMeta) -> Option<Finding> {
    let all = lost(past);
    let newest = all.last().filter(|one| one.at + 1 == past.len())?;
    let mut runs: Vec<usize> = all.iter().map(|one| one.at).collect();
    runs.dedup();
    let last: Vec<&LostLayer> = runs
        .iter()
        .rev()
        .take(3)
        .rev()
        .filter_map(|at| all.iter().find(|one| one.at == *at))
        .collect();
    let repository = newest.stored.1.stored_as()?.rsplit_once(':')?.0;
    Some(Finding {
        rule: meta.id,
        severity: meta.severity,
        confidence: Confidence::Likely,
        title: format!(
            "{} of {} runs do not find layers in {repository} that an earlier run stored there",
            runs.len(),
            past.len()
        ),
        cause: format!(
            "kaniko looks `{}` up under the key that an earlier run pushed it with, and does not \
                find it. The key holds all that the step depends on, so nothing changed: the layer \
                was deleted or overwritten since, or this job may not read {repository}. kaniko \
                takes a refused read for a missing layer.",
            newest.step.text
        ),
        evidence: Proof::from_lines(last.iter().flat_map(|one| lines(past, one)).collect())?
            .seen_in(past.places(runs.iter().copied())),
        fix: fix(repository),
        impact: cost(all.iter().map(|one| one.step), runs.len()),
        rules_out: vec![
            ruled_out("changed files, arguments or base image (the key would be another one)"),
            not_ruled_out("a registry that is started with each job and thrown away"),
            to_decide("list the tags of the repository right before a run"),
        ],
        subject: repository.to_owned(),
    })
}

fn lost<'a>(past: &Past<'a>) -> Vec<LostLayer<'a>> {
    let mut stored: HashMap<&str, (usize, &Step)> = HashMap::default();
    let mut lost = Vec::new();
    for (at, build) in past.builds.iter().enumerate() {
        if build.dialect != Dialect::Kaniko {
            return Vec::new();
        }
        let missed = build.steps.iter().filter(|step| step.outcome == Outcome::Miss);
        let found = missed.filter_map(|step| {
            let stored = *stored.get(step.key.as_deref()?)?;
            Some(LostLayer { at, step, stored })
        });
        lost.extend(found);
        stored.extend(build.steps.iter().filter_map(|step| Some((step.stored_key()?, (at, step)))));
    }
    lost
}

fn lines(past: &Past, one: &LostLayer) -> Vec<Evidence> {
    let Some(((run, _), (before, _))) = past.get(one.at).zip(past.get(one.stored.0)) else {
        return Vec::new();
    };
    let stored = one.stored.1.stored.as_ref();
    let stored = stored.map(|quote| Study::quote(before, quote, "stored under this key"));
    let missed = one.step.verdict.as_ref();
    let missed = missed.map(|quote| Study::quote(run, quote, "looked up, and not found"));
    stored.into_iter().chain(missed).collect()
}

fn fix(repository: &str) -> Fix {
    Fix {
        summary: format!("keep the layers in {repository}, and let the job read them"),
        steps: vec![
            format!(
                "Look at the retention policy and the garbage collection of {repository}: each \
                    layer is a tag of its own there, named by its key."
            ),
            format!(
                "Log in with rights to pull from {repository} as well as to push: a registry that \
                    lets a job only push answers each look-up with a refusal."
            ),
        ],
        ..Fix::default()
    }
}
