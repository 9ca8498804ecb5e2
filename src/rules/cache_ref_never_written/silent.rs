//! A cache of GitHub, S3 or Azure that every run imports and none writes: the import ends well
//! whether or not anything is there.

use super::META;
use crate::finding::{Confidence, Evidence, Finding, Fix, LogPlace, Proof, not_ruled_out};
use crate::model::{Build, CacheKind, CacheSpec, Run, Step};
use crate::rules::absent_refs::asks_to_write;
use crate::rules::alike;
use crate::rules::backend::cost_of;
use crate::rules::cache_never_found::{served, silent};
use crate::rules::{Study, cache_ref_shared};

/// Two cold runs may each be the first of a branch.
const RUNS: usize = 3;

pub(super) fn findings(study: &Study) -> impl Iterator<Item = Finding> {
    alike::groups(study).filter_map(|group| finding(study, &group))
}

fn finding(study: &Study, group: &[(&Run, &Build)]) -> Option<Finding> {
    let (run, build) = group.last()?;
    let kind = silent(build)?.kind;
    let cold = |(run, build): &&(&Run, &Build)| {
        let asks = silent(build).is_some_and(|import| import.kind == kind);
        asks && build.succeeded() && !build.headless && !served(run, build) && stores_nothing(run)
    };
    if group.len() < RUNS || !group.iter().all(|one| cold(&one)) || is_written(study, kind) {
        return None;
    }
    let (last, step) = group.windows(2).rev().find_map(again)?;
    let imports = group.iter().rev().take(3).rev().filter_map(|(run, build)| {
        let import = silent(build)?;
        let quote = import.verdict.as_ref().unwrap_or(&import.header);
        Some(Study::quote(run, quote, "the import ends, and does not say what it found"))
    });
    let ran = "ran again, though nothing it depends on changed";
    let mut lines: Vec<Evidence> = imports.collect();
    lines.push(Study::quote(last, &step.header, ran));
    let asked = asked(run, build, kind);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!("{} is imported in every run and written by none", name(kind)),
        cause: "The runs import a cache, none of them exports one, and no step ever comes from it."
            .to_owned(),
        evidence: Proof::from_lines(lines)?
            .seen_in(group.iter().map(|(run, build)| LogPlace::of(run, build))),
        fix: fix(asked),
        impact: cost_of(group.iter().skip(1).map(|(_, build)| *build)),
        rules_out: vec![not_ruled_out(
            "another job that is meant to write it (it did not between these runs, or uses a \
                different name)",
        )],
        subject: asked.and_then(cache_ref_shared::scope).unwrap_or_else(|| kind.name().to_owned()),
    })
}

/// The later of two builds, and a step of it that ran again though nothing of it changed.
fn again<'a>(pair: &[(&'a Run, &'a Build)]) -> Option<(&'a Run, &'a Step)> {
    let [(_, before), (run, build)] = pair else { return None };
    Some((run, alike::unchanged(before, build)?))
}

fn name(kind: CacheKind) -> &'static str {
    match kind {
        CacheKind::Gha => "GitHub's cache",
        CacheKind::S3 => "the cache in S3",
        _ => "the cache in Azure's storage",
    }
}

/// Neither the log nor the command lines of the run show an export.
fn stores_nothing(run: &Run) -> bool {
    !asks_to_write(run) && run.builds.iter().all(|build| build.exports.is_empty())
}

/// Some run of the input exports to a cache of the kind.
fn is_written(study: &Study, kind: CacheKind) -> bool {
    let mut exports =
        study.runs.iter().flat_map(|run| &run.builds).flat_map(|build| &build.exports);
    exports.any(|export| export.kind == kind)
}

fn asked<'a>(run: &'a Run, build: &Build, kind: CacheKind) -> Option<&'a CacheSpec> {
    let mut specs = run.commands_of(build).iter().flat_map(|command| &command.cache_from);
    specs.find(|spec| spec.kind() == kind)
}

fn fix(asked: Option<&CacheSpec>) -> Fix {
    let spec = asked.map(|spec| spec.raw.as_str());
    Fix {
        summary: "write the cache in this job, or import the name that another job writes"
            .to_owned(),
        steps: vec![
            "Export the cache under the name that is imported, with mode=max: it then holds every \
                stage."
                .to_owned(),
        ],
        snippet: spec.map(|spec| format!("--cache-from {spec} \\\n--cache-to {spec},mode=max")),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::CacheRefNeverWritten;
    use crate::model::CacheKind;
    use crate::rules::Rule;
    use crate::rules::testing::{Made, made, of};

    fn cold() -> Made {
        let run = made().from("node:20", "aa").import("gha:1", None).miss("WORKDIR /app");
        run.with(|b| b.imports[0].kind = CacheKind::Gha)
    }

    #[test]
    fn three_runs_that_find_nothing_and_store_nothing_are_found() {
        let found = CacheRefNeverWritten.check(&of(vec![cold(), cold(), cold()]));
        assert_eq!(found.len(), 1);
        assert!(CacheRefNeverWritten.check(&of(vec![cold(), cold()])).is_empty());
    }

    #[test]
    fn leaves_caches_that_some_run_writes_or_finds() {
        let writes = || cold().export(CacheKind::Gha, None);
        assert!(CacheRefNeverWritten.check(&of(vec![cold(), cold(), writes()])).is_empty());
        let warm = || {
            let run = made().from("node:20", "aa").import("gha:1", None).hit("WORKDIR /app");
            run.with(|b| b.imports[0].kind = CacheKind::Gha)
        };
        assert!(CacheRefNeverWritten.check(&of(vec![cold(), cold(), warm()])).is_empty());
    }
}
