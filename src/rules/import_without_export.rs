//! A cache is looked for in every run, and nothing ever stores one.

mod written;

use super::past::{self, Past, cost};
use super::planned;
use super::remedy::{self, Site};
use super::{Cause, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Impact, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::{Build, Dialect, Outcome, Step};

pub(super) struct ImportWithoutExport;

static META: RuleMeta = RuleMeta {
    id: "import-without-export",
    title: "a cache is looked for in every run and never stored",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "In several runs kaniko looks layers up and finds none, executes the steps, and pushes \
        none of their layers. In the configuration: a build that imports a cache and exports none, \
        or an inline one under other names only, and no other build of the files given writes that \
        cache.",
    why: "With `--no-push-cache` or `--single-snapshot` kaniko reads its cache repository and \
        never writes it. If no other job fills it, every run is cold.",
    fix: "Store the layers in at least one job: leave out `--no-push-cache` and \
        `--single-snapshot`.",
    rules_out: "Runs that push a layer, whatever its outcome; runs that find a layer (another job \
        writes this cache); failed runs, which may have ended before the push. For BuildKit see \
        cache-ref-never-written.",
    limits: "In logs it judges kaniko only, which prints lookups and pushes. The configuration \
        does not show what another repository writes.",
    example: include_str!("examples/import-without-export.txt"),
    references: &[
        "https://github.com/GoogleContainerTools/kaniko#caching",
        "GoogleContainerTools/kaniko pkg/executor/build.go",
    ],
    since: "0.1.0",
};

impl Rule for ImportWithoutExport {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Rule("compose-drops-cache-to")]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let seen = past::judge(study, finding);
        let used = |past: &Past| {
            (0..past.len())
                .any(|i| past.imported(i) && past.builds.get(i).is_some_and(|b| b.hits() > 0))
        };
        planned::with_undecided(study, seen, used, written::findings(study))
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let cold: Vec<usize> = (0..past.len())
        .filter(|&i| past.builds.get(i).is_some_and(|b| looked_in_vain(b)))
        .collect();
    let stored =
        past.builds.iter().any(|b| b.hits() > 0 || !b.exports.is_empty() || !b.expired.is_empty());
    if cold.is_empty() || stored || (cold.len() == 1 && past.len() > 1) {
        return None;
    }
    if cold.len() == 1 {
        return single_run(past);
    }
    let (run, build) = past.get(*cold.last()?)?;
    let site = Site::of(past.study, run, build);
    let again = same_key(past, &cold);
    let repo = site.imports.last().unwrap_or(&site.cache).clone();
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if again { Confidence::Likely } else { Confidence::Suspected },
        title: format!("{} runs look for layers in {repo}, and none stores any", cold.len()),
        cause: "kaniko looked its steps up, found nothing, executed them, and pushed no layer to \
            the cache: the next run finds nothing again."
            .to_owned(),
        evidence: Proof::from_lines(lines(past, &cold))?.seen_in(past.places(cold.iter().copied())),
        fix: remedy::registry_max(&site),
        impact: cost(
            cold.iter().skip(1).filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps),
            cold.len() - 1,
        ),
        rules_out: rules_out(again),
        subject: repo,
    })
}

/// One run that looked its steps up and pushed no layer: the next one finds nothing either.
fn single_run(past: &Past) -> Option<Finding> {
    let (run, build) = past.last()?;
    let site = Site::of(past.study, run, build);
    let repo = site.imports.last().unwrap_or(&site.cache).clone();
    Some(Finding {
        rule: META.id,
        severity: Severity::Note,
        confidence: Confidence::Suspected,
        title: format!("this run looks for layers in {repo}, and stores none"),
        cause: "kaniko looked its steps up, found nothing, executed them, and pushed no layer to \
            the cache."
            .to_owned(),
        evidence: Proof::from_lines(lines(past, &[0]))?,
        fix: remedy::registry_max(&site),
        impact: Impact::default(),
        rules_out: vec![not_ruled_out("another job that fills the cache and has not run yet")],
        subject: repo,
    })
}

/// Ended well, looked something up, and executed every step.
fn looked_in_vain(build: &Build) -> bool {
    build.dialect == Dialect::Kaniko
        && build.succeeded()
        && build.imported()
        && missed(build).next().is_some()
}

fn missed(build: &Build) -> impl Iterator<Item = &Step> {
    build.decided().filter(|s| s.outcome == Outcome::Miss && s.verdict.is_some())
}

/// The very layer that an earlier run built is looked for again, and is not there.
fn same_key(past: &Past, cold: &[usize]) -> bool {
    let keys = |i: usize| {
        past.builds.get(i).into_iter().flat_map(|b| missed(b)).filter_map(|s| s.key.as_deref())
    };
    cold.iter().enumerate().any(|(n, &i)| {
        cold.iter().take(n).any(|&before| keys(i).any(|key| keys(before).any(|old| old == key)))
    })
}

fn lines(past: &Past, cold: &[usize]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for (run, build) in cold.iter().rev().take(3).rev().filter_map(|&i| past.get(i)) {
        lines.extend(build.imports.first().map(|i| Study::quote(run, &i.header, "looked up")));
        let verdict = missed(build).find_map(|s| s.verdict.as_ref());
        lines.extend(verdict.map(|q| Study::quote(run, q, "not found; no layer is pushed later")));
    }
    lines
}

fn rules_out(again: bool) -> Vec<Alternative> {
    let denied = [
        not_ruled_out("a repository that refuses to be read (it looks like an empty one)"),
        to_decide("build with `--verbosity=debug`: it shows the error"),
    ];
    let changed = not_ruled_out(
        "an input that changes too (the keys that are looked up differ from run to run: a stored \
            cache might still not be found)",
    );
    denied.into_iter().chain((!again).then_some(changed)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::CacheKind;

    fn run(key: &str) -> Made {
        made().import("r/app/cache", None).miss("RUN a").with(|b| {
            b.dialect = Dialect::Kaniko;
            b.steps[0].key = Some(key.into());
            b.steps[0].verdict = Some(b.steps[0].header.clone());
        })
    }

    #[test]
    fn lookups_without_a_push_are_found() {
        let found = ImportWithoutExport.check(&of(vec![run("a"), run("a")]));
        assert_eq!((found.len(), found[0].confidence), (1, Confidence::Likely));
        let found = ImportWithoutExport.check(&of(vec![run("a"), run("b")]));
        assert_eq!(found[0].confidence, Confidence::Suspected);
    }

    #[test]
    fn a_push_or_a_hit_is_quiet_and_a_lone_run_is_a_note() {
        let pushed = || run("a").export(CacheKind::Registry, Some("401"));
        assert!(ImportWithoutExport.check(&of(vec![pushed(), pushed()])).is_empty());
        let hit = || run("a").with(|b| b.steps[0].outcome = Outcome::Hit);
        assert!(ImportWithoutExport.check(&of(vec![run("a"), hit(), run("a")])).is_empty());
        assert_eq!(ImportWithoutExport.check(&of(vec![run("a")]))[0].severity, Severity::Note);
    }
}
