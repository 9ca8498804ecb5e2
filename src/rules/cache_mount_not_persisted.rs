//! A cache mount on a builder that is new in every run is always empty.

mod written;

use super::instruction::{brief, cache_mount};
use super::past::{self, Past, cost, header};
use super::{Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out,
    to_decide,
};
use crate::model::{Build, Outcome, Quote, Step};

pub(super) struct CacheMountNotPersisted;

static META: RuleMeta = RuleMeta {
    id: "cache-mount-not-persisted",
    title: "a cache mount is empty in every run",
    group: "No cache in use",
    severity: Severity::Note,
    what: "`RUN --mount=type=cache` ran in runs whose builder was new: it was created in the log, \
        or had to fetch layers that it had built before. Without a log, as a hint: such a RUN in \
        a Dockerfile that a job builds on machines that are new each time.",
    why: "A cache mount lives in the builder. `--cache-to` does not store it, so on a builder that \
        is thrown away it is always empty, and the step downloads everything each time it runs.",
    fix: "Keep the builder, or save and restore the mount's content around the build; where \
        neither is possible the mount gains nothing.",
    rules_out: "Kept builders (nothing had to be fetched), runs in which the step came from the \
        cache, jobs of self-hosted runners, and jobs with an action that saves and restores \
        mounts. One such run is a note, two are a warning.",
    limits: "What the mount would have saved is not printed. A builder whose cache mounts are \
        filled by other means looks the same.",
    example: include_str!("examples/cache-mount-not-persisted.txt"),
    references: &[
        "https://docs.docker.com/build/cache/optimize/#use-cache-mounts",
        "https://github.com/moby/buildkit/issues/1512",
        "https://github.com/reproducible-containers/buildkit-cache-dance",
    ],
    since: "0.1.0",
};

impl Rule for CacheMountNotPersisted {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        written::findings(study, past::judge(study, finding))
    }
}

/// A step that ran on a new builder, with the line that shows the builder to be new.
type Empty<'a> = (usize, &'a Step, &'a Quote);

fn finding(past: &Past) -> Option<Finding> {
    let empty: Vec<Empty> = (0..past.len()).flat_map(|i| empty(past, i)).collect();
    let mut runs: Vec<usize> = empty.iter().map(|(i, ..)| *i).collect();
    runs.dedup();
    let (_, step, _) = empty.last()?;
    let target = cache_mount(&step.text)?;
    let often = runs.len() > 1;
    let booted = runs.iter().all(|&i| past.builds.get(i).is_some_and(|b| b.booted.is_some()));
    Some(Finding {
        rule: META.id,
        severity: if often { Severity::Warning } else { META.severity },
        confidence: if booted { Confidence::Likely } else { Confidence::Suspected },
        title: format!(
            "the cache mount {target} is empty: `{}` ran on a new builder in {} of {} runs",
            brief(&step.text),
            runs.len(),
            past.len()
        ),
        cause: format!(
            "The content of a cache mount stays in the builder that filled it and is no part of \
                any exported cache. These builders were new, so {target} was empty and `{}` had to \
                fetch everything.",
            brief(&step.text)
        ),
        evidence: Proof::from_lines(lines(past, &empty))?
            .seen_in(past.places(empty.iter().map(|(at, ..)| *at))),
        fix: fix(&step.text, target),
        impact: cost(empty.iter().map(|(_, step, _)| *step), runs.len()),
        rules_out: rules_out(booted),
        subject: target.to_owned(),
    })
}

fn empty<'a>(past: &Past<'a>, i: usize) -> Vec<Empty<'a>> {
    if !past.imported(i) {
        return Vec::new();
    }
    let Some((_, build)) = past.get(i) else { return Vec::new() };
    let Some(fresh) = fresh(build) else { return Vec::new() };
    let ran =
        build.decided().filter(|s| s.outcome == Outcome::Miss && cache_mount(&s.text).is_some());
    ran.map(|step| (i, step, fresh)).collect()
}

/// The builder was created, or fetched from elsewhere what a kept one has.
fn fresh(build: &Build) -> Option<&Quote> {
    build.booted.as_ref().or_else(|| build.steps.iter().find_map(|s| s.fetched.as_ref()))
}

fn rules_out(booted: bool) -> Vec<Alternative> {
    let less = "a smaller saving (what a full mount would have saved is not in the log; the \
        seconds are an upper bound)";
    if booted {
        return vec![
            ruled_out("a builder that is kept (it is created in the log)"),
            not_ruled_out(less),
        ];
    }
    vec![
        not_ruled_out("a builder that is kept and fetches what another agent has built"),
        to_decide("look for the line that creates the builder"),
        not_ruled_out(less),
    ]
}

fn lines(past: &Past, empty: &[Empty]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for (i, step, fresh) in empty.iter().rev().take(3).rev() {
        let Some((run, _)) = past.get(*i) else { continue };
        lines.push(Study::quote(
            run,
            fresh,
            "the builder is new: it does not have its own earlier layers",
        ));
        lines.push(header(run, step, "ran with an empty cache mount"));
    }
    lines
}

fn fix(text: &str, target: &str) -> Fix {
    let plain: Vec<&str> = text
        .split(' ')
        .filter(|w| !(w.starts_with("--mount=") && w.contains("type=cache")))
        .collect();
    Fix {
        summary: format!("keep {target} between runs, or do without the mount"),
        steps: vec![
            "Best: keep the builder (a persistent agent, a volume for the docker-container \
                builder, a remote BuildKit)."
                .to_owned(),
            "On GitHub: save and restore the mount with the action below; that costs time too, so \
                measure it."
                .to_owned(),
            "Otherwise drop the mount. The layer cache still serves the step while its inputs are \
                the same."
                .to_owned(),
        ],
        snippet: Some(format!(
            "- uses: actions/cache@v4\n  with:\n    path: cache-mount\n    key: cache-mount-${{{{ \
                hashFiles('**/*lock*') }}}}\n- uses: \
                reproducible-containers/buildkit-cache-dance@v3\n  with:\n    cache-map: |\n      \
                {{ \"cache-mount\": \"{target}\" }}\n\n# or, without the mount\n{}",
            plain.join(" ")
        )),
        cost: "saving and restoring the mount takes time in every run".to_owned(),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;

    const RUN: &str = "RUN --mount=type=cache,target=/root/.npm npm ci";

    fn run() -> Made {
        made()
            .import("r.example.com/a:c", None)
            .hit("WORKDIR /app")
            .miss("COPY package.json ./")
            .miss(RUN)
    }

    fn fresh() -> Made {
        run().with(|b| b.steps[0].fetched = Some(b.steps[0].header.clone()))
    }

    #[test]
    fn two_runs_on_new_builders_are_a_warning() {
        let found = CacheMountNotPersisted.check(&of(vec![fresh(), fresh()]));
        assert_eq!(
            (found.len(), found[0].severity, found[0].impact.steps),
            (1, Severity::Warning, 2)
        );
        assert!(found[0].fix.snippet.as_ref().is_some_and(|s| s.ends_with("\nRUN npm ci")));
        assert_eq!(
            CacheMountNotPersisted.check(&of(vec![fresh(), run()]))[0].severity,
            Severity::Note
        );
    }

    #[test]
    fn leaves_kept_builders_and_hits() {
        assert!(CacheMountNotPersisted.check(&of(vec![run(), run()])).is_empty());
        let hit = || {
            made()
                .import("r.example.com/a:c", None)
                .hit(RUN)
                .with(|b| b.steps[0].fetched = Some(b.steps[0].header.clone()))
        };
        assert!(CacheMountNotPersisted.check(&of(vec![hit(), hit()])).is_empty());
    }
}
