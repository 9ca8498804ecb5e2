//! Cache entries are there and not used, because they are older than allowed.

use super::past::{self, Past, cost};
use super::remedy::Site;
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, Severity};

pub(super) struct CacheExpired;

static META: RuleMeta = RuleMeta {
    id: "cache-expired",
    title: "cache entries are found and not used: they are too old",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "kaniko finds a layer in the cache repository and says `Cache entry expired`.",
    why: "A layer older than `--cache-ttl` (two weeks unless set) counts as missing: the step runs \
        again although nothing changed, and so do all later steps of its stage.",
    fix: "Raise `--cache-ttl` above the time between two builds.",
    rules_out: "A miss without that line has another reason. Entries that expire once and are \
        found again in the next runs are what the limit is meant for: a note.",
    limits: "Only kaniko prints the age of an entry. Other builders drop old entries silently: see \
        cache-lost.",
    example: include_str!("examples/cache-expired.txt"),
    references: &[
        "https://github.com/GoogleContainerTools/kaniko#flag---cache-ttl-duration",
        "GoogleContainerTools/kaniko pkg/cache/cache.go",
    ],
    since: "0.1.0",
};

impl Rule for CacheExpired {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, finding)
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let old: Vec<usize> = (0..past.len())
        .filter(|&i| past.get(i).is_some_and(|(_, b)| !b.expired.is_empty()))
        .collect();
    let &last = old.last()?;
    let healed = old.len() == 1
        && (last + 1..past.len()).any(|i| past.builds.get(i).is_some_and(|b| b.hits() > 0));
    let (run, build) = past.get(last)?;
    let site = Site::of(past.study, run, build);
    Some(Finding {
        rule: META.id,
        severity: if healed { Severity::Note } else { META.severity },
        confidence: Confidence::Proven,
        title: match old.len() {
            1 => "a cached layer is too old to be used".to_owned(),
            n => format!("cached layers are too old to be used in {n} of {} runs", past.len()),
        },
        cause: "The layers are in the cache repository, but older than `--cache-ttl` allows, so \
            their steps and all later ones of the stage ran again."
            .to_owned(),
        evidence: Proof::from_lines(lines(past, &old))?.seen_in(past.places(old.iter().copied())),
        fix: fix(),
        impact: cost(
            old.iter().filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps),
            old.len(),
        ),
        rules_out: Vec::new(),
        subject: site.imports.last().unwrap_or(&site.cache).clone(),
    })
}

fn lines(past: &Past, old: &[usize]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for (run, build) in old.iter().rev().take(3).rev().filter_map(|&i| past.get(i)) {
        lines.extend(build.expired.first().map(|q| Study::quote(run, q, "found, and too old")));
        let answer = build.decided().filter_map(|s| s.verdict.as_ref());
        let first = build.expired.first().map_or(0, |q| q.line);
        lines.extend(
            answer
                .filter(|q| q.line > first)
                .map(|q| Study::quote(run, q, "so the step runs"))
                .next(),
        );
    }
    lines
}

fn fix() -> Fix {
    Fix {
        summary: "raise --cache-ttl above the time between two builds".to_owned(),
        steps: vec![
            "Set the executor's `--cache-ttl`; the default is two weeks (336h). If younger layers \
                expire, the command sets a shorter one.".to_owned(),
            "A layer's age counts from its push, and a layer that is found is not pushed again. If \
                packages should be reinstalled now and then, set the limit to that interval.".to_owned(),
        ],
        snippet: Some("/kaniko/executor … --cache=true --cache-ttl=720h".to_owned()),
        cost: "layers with packages of no fixed version stay the same for longer"
            .to_owned(),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::{Dialect, Outcome};

    fn run(expired: bool, outcome: Outcome) -> Made {
        made().import("r/app/cache", None).miss("RUN a").with(|b| {
            b.dialect = Dialect::Kaniko;
            b.steps.iter_mut().for_each(|s| s.outcome = outcome);
            let quote = b.steps[0].header.clone();
            b.expired.extend(expired.then_some(quote));
        })
    }

    #[test]
    fn a_layer_that_expires_again_and_again_is_a_warning() {
        let miss = Outcome::Miss;
        let found =
            CacheExpired.check(&of(vec![run(false, miss), run(true, miss), run(true, miss)]));
        assert_eq!(
            (found.len(), found[0].severity, found[0].impact.steps),
            (1, Severity::Warning, 2)
        );
    }

    #[test]
    fn one_that_is_renewed_is_a_note_and_a_plain_miss_is_nothing() {
        let found =
            CacheExpired.check(&of(vec![run(true, Outcome::Miss), run(false, Outcome::Hit)]));
        assert_eq!(found[0].severity, Severity::Note);
        assert!(
            CacheExpired
                .check(&of(vec![run(false, Outcome::Miss), run(false, Outcome::Miss)]))
                .is_empty()
        );
    }
}
