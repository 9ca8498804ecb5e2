//! Cache entries are there and not used, because they are older than allowed.

use super::past::{self, Past, cost, header};
use super::remedy::Site;
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out,
};
use crate::model::{Command, Dialect};

pub(super) struct CacheExpired;

static META: RuleMeta = RuleMeta {
    id: "cache-expired",
    title: "cache entries are found and not used: they are too old",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "kaniko finds a layer in the cache repository and says `Cache entry expired`; buildah \
        and podman fetch one and store the step's result again. Or they say nothing, where the \
        command line sets `--cache-ttl` and steps run again in a storage that is kept.",
    why: "A layer older than `--cache-ttl` (kaniko: two weeks unless set; buildah: no limit unless \
        set) counts as missing: the step runs again although nothing changed, and so do all later \
        steps of its stage.",
    fix: "Raise `--cache-ttl` above the time between two builds.",
    rules_out: "A miss without such lines and without the option has another reason, and so has \
        one in a storage that is new: it fetches the base image. Entries that expire once and are \
        found again in the next runs are what the limit is meant for: a note.",
    limits: "Only kaniko prints the age of an entry. Other builders drop old entries silently: see \
        cache-lost.",
    example: include_str!("examples/cache-expired.txt"),
    references: &[
        "https://github.com/GoogleContainerTools/kaniko#flag---cache-ttl-duration",
        "GoogleContainerTools/kaniko pkg/cache/cache.go",
        "containers/buildah imagebuildah/stage_executor.go",
    ],
    since: "0.1.0",
};

impl Rule for CacheExpired {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, finding)
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let old: Vec<usize> = (0..past.len())
        .filter(|&i| past.get(i).is_some_and(|(_, b)| !b.expired.is_empty()))
        .collect();
    let Some(&last) = old.last() else { return passed_over(past) };
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
        fix: fix(build.dialect),
        impact: cost(
            old.iter().filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps),
            old.len(),
        ),
        rules_out: Vec::new(),
        subject: site.imports.last().unwrap_or(&site.cache).clone(),
    })
}

/// buildah passes over layers of its own storage that are older than the command line allows, and
/// says nothing. A storage that has the base image is no new one.
fn passed_over(past: &Past) -> Option<Finding> {
    let again: Vec<usize> = (1..past.len()).filter(|&i| is_passed_over(past, i)).collect();
    let (run, build) = past.get(*again.last()?)?;
    if again.len() + 1 < past.len() {
        return None;
    }
    let evidence = again.iter().flat_map(|&i| passed_over_in(past, i)).collect();
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "layers older than `{LIMIT}` are not used: {} of {} runs start cold",
            again.len(),
            past.len()
        ),
        cause: format!(
            "The storage is kept, since the base image is in it, and no step comes from it. The \
                command line sets `{LIMIT}`: a layer that is older counts as missing."
        ),
        evidence: Proof::from_lines(evidence)?.seen_in(past.places(again.iter().copied())),
        fix: fix(build.dialect),
        impact: cost(
            again.iter().filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps),
            again.len(),
        ),
        rules_out: vec![
            ruled_out("a new machine for each run (no base image is fetched)"),
            not_ruled_out("layers that something else deletes between the runs"),
        ],
        subject: Site::of(past.study, run, build).image,
    })
}

fn passed_over_in(past: &Past, i: usize) -> Vec<Evidence> {
    let Some((run, _)) = past.get(i) else { return Vec::new() };
    let limit = limit(past, i)
        .map(|command| Study::quote(run, command.line_with(LIMIT), "lets no older layer be used"));
    let again = past
        .losses_on_any_base(i)
        .first()
        .map(|loss| header(run, loss.step, "ran again, though nothing it depends on changed"));
    limit.into_iter().chain(again).collect()
}

const LIMIT: &str = "--cache-ttl";

fn limit<'a>(past: &Past<'a>, i: usize) -> Option<&'a Command> {
    past.commands(i).iter().find(|command| command.cache_ttl.is_some())
}

fn is_passed_over(past: &Past, i: usize) -> bool {
    let Some((_, build)) = past.get(i) else { return false };
    build.dialect == Dialect::Buildah
        && build.hits() == 0
        && build.imports.is_empty()
        && build.bases.iter().all(|base| base.pulled.is_none())
        && limit(past, i).is_some_and(|command| command.layers != Some(false))
        && !past.asked_for_no_cache(i)
        && !past.losses_on_any_base(i).is_empty()
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

fn fix(dialect: Dialect) -> Fix {
    let cost = "layers with packages of no fixed version stay the same for longer".to_owned();
    if dialect == Dialect::Buildah {
        return Fix {
            summary: format!("raise {LIMIT} above the time between two builds, or leave it out"),
            steps: vec![
                "Without the option buildah and podman use layers of any age.".to_owned(),
                "A layer's age counts from when it was made. If packages should be reinstalled now \
                    and then, set the limit to that interval, such as 168h."
                    .to_owned(),
            ],
            cost,
            ..Fix::default()
        };
    }
    Fix {
        summary: "raise --cache-ttl above the time between two builds".to_owned(),
        steps: vec![
            "Set the executor's `--cache-ttl`; the default is two weeks (336h). If younger layers \
                expire, the command sets a shorter one.".to_owned(),
            "A layer's age counts from its push, and a layer that is found is not pushed again. If \
                packages should be reinstalled now and then, set the limit to that interval.".to_owned(),
        ],
        snippet: Some("/kaniko/executor … --cache=true --cache-ttl=720h".to_owned()),
        cost,
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::Outcome;

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
