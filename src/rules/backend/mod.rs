//! Errors of cache imports and exports, gathered over all runs and sorted by cause.
//!
//! Looks at cache transfers, at layers of a cache that something needed, and at final errors that
//! name a cache; an error of the image's own push is none of its business.

mod at_end;
mod bare;
mod cause;
mod crowded;
mod later;
mod layer;
mod nameless;
mod refusal;
mod report;
mod texts;

pub(in crate::rules) use bare::is_bare;
pub(in crate::rules) use cause::{Cause, classify, status};
pub(in crate::rules) use layer::is_other_digest;
pub(in crate::rules) use refusal::{Refusal, Side};
pub(in crate::rules) use report::{Draft, cost_of, findings, place};

use super::Study;
use crate::model::{Build, CacheKind, Dialect, Outcome, Run, Transfer};
use crate::series::BuildRef;
use cause::classify_export;
use refusal::whole;

/// All layers were taken, and the manifest was not. Quay answered 401 and 403 to cache manifests
/// that it did not know (`moby/buildkit` issue 1440), Nexus 500 (issue 2761).
pub(in crate::rules) fn manifest_only(group: &[Refusal]) -> bool {
    group.iter().all(|r| r.side == Side::Export && r.text.contains("error writing manifest blob"))
}

/// The export to GitHub as it is asked for, else as it mostly is.
pub(in crate::rules) fn asked<'a>(group: &'a [Refusal]) -> &'a str {
    group
        .iter()
        .find_map(|r| r.asked(CacheKind::Gha))
        .map_or("type=gha,mode=max", |spec| spec.raw.as_str())
}

/// `ignore-error=true` would change nothing: an export failed and the build did not, which is what
/// it does, or the builder is one that has no such option.
pub(in crate::rules) fn ignored(group: &[Refusal]) -> bool {
    let other =
        |dialect: Dialect| matches!(dialect, Dialect::Buildah | Dialect::Kaniko | Dialect::Classic);
    group
        .iter()
        .any(|r| (r.side == Side::Export && r.build.errors.is_empty()) || other(r.build.dialect))
}

/// What becomes of the cache in the builds of a group: `not used`, `not stored`.
pub(in crate::rules) fn lost(group: &[Refusal]) -> &'static str {
    let read = group.iter().any(|r| r.side == Side::Import);
    let written = group.iter().any(|r| r.side != Side::Import);
    match (read, written) {
        (true, true) => "neither used nor stored",
        (true, false) => "not used",
        (false, _) => "not stored",
    }
}

/// A build with refused cache operations.
#[derive(Debug)]
pub(in crate::rules) struct RefusedBuild {
    at: BuildRef,
    /// Why each of them was refused, in the order of [`of_build`].
    causes: Vec<Cause>,
}

/// The builds with refused cache operations, in the order of runs: found once, as every rule about
/// back ends asks.
pub(in crate::rules) fn refused(runs: &[Run]) -> Vec<RefusedBuild> {
    let mut all: Vec<RefusedBuild> = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        for refusal in of_run(at, run) {
            match all.last_mut() {
                Some(last) if last.at == refusal.at => last.causes.push(refusal.cause),
                _ => all.push(RefusedBuild { at: refusal.at, causes: vec![refusal.cause] }),
            }
        }
    }
    all
}

/// All refused cache operations, in the order of runs.
pub(in crate::rules) fn refusals(study: &Study) -> Vec<Refusal<'_>> {
    study.refused.iter().flat_map(|refused| again(study, refused)).collect()
}

/// Those that were refused for one cause.
pub(in crate::rules) fn refusals_for(study: &Study, cause: Cause) -> Vec<Refusal<'_>> {
    let builds = study.refused.iter().filter(|refused| refused.causes.contains(&cause));
    builds
        .flat_map(|refused| again(study, refused))
        .filter(|refusal| refusal.cause == cause)
        .collect()
}

fn again<'a>(study: &'a Study, refused: &RefusedBuild) -> Vec<Refusal<'a>> {
    let at = refused.at;
    let Some((run, build)) = study.run_of(at).zip(study.build(at)) else { return Vec::new() };
    let mut all = of_build(at, run, build);
    for (refusal, cause) in all.iter_mut().zip(&refused.causes) {
        refusal.cause = *cause;
    }
    all
}

fn of_run(at: usize, run: &Run) -> Vec<Refusal<'_>> {
    let builds = run.builds.iter().enumerate();
    let mut all: Vec<_> = builds
        .flat_map(|(build, found)| of_build(BuildRef { run: at, build }, run, found))
        .collect();
    crowded::settle(run, &mut all);
    bare::settle(&mut all);
    all
}

fn of_build<'a>(at: BuildRef, run: &'a Run, build: &'a Build) -> Vec<Refusal<'a>> {
    let imports = build.imports.iter().filter_map(|t| of_transfer(at, run, build, Side::Import, t));
    let exports = build.exports.iter().filter_map(|t| of_transfer(at, run, build, Side::Export, t));
    let mut all: Vec<_> = imports.chain(exports).collect();
    if !all.iter().any(|refusal| refusal.cause == Cause::LayerUnreadable) {
        all.extend(unreadable(at, run, build));
    }
    if build.errors.is_empty() {
        return all;
    }
    // Targets of one bake share the final error: the export that failed has told it. A terminal
    // shows that an export failed, and why only at the end: then the end is what is reported.
    if !run
        .together(build)
        .iter()
        .flat_map(|b| &b.exports)
        .any(|e| e.error.as_deref().is_some_and(|text| !text.is_empty()))
    {
        let late: Vec<_> = build
            .errors
            .iter()
            .filter_map(|quote| at_end::refusal(at, run, build, quote))
            .collect();
        if late.is_empty() {
            at_end::tell(run, build, &mut all);
        }
        all.retain(|refusal| {
            late.is_empty() || refusal.side == Side::Import || !refusal.text.is_empty()
        });
        all.extend(late);
    }
    if !all
        .iter()
        .any(|refusal| refusal.cause == Cause::LayerUnreadable || refusal.side != Side::Import)
    {
        all.extend(behind_export(at, run, build));
    }
    all
}

fn of_transfer<'a>(
    at: BuildRef,
    run: &'a Run,
    build: &'a Build,
    side: Side,
    transfer: &'a Transfer,
) -> Option<Refusal<'a>> {
    let text = transfer.error.as_deref()?;
    let quote = transfer.verdict.as_ref().unwrap_or(&transfer.header);
    let kind = transfer.kind;
    let said = whole(text, build, quote);
    let cause = match side {
        Side::Import if nameless::is_asked_for(run, transfer) => Cause::AccessDenied,
        Side::Export => classify_export(&said, kind),
        Side::Import | Side::Start => classify(&said, kind),
    };
    Some(Refusal { at, run, build, side, kind, transfer: Some(transfer), text, quote, cause })
}

/// What needed a layer of the cache that could not be fetched: the first step, else the build.
fn unreadable<'a>(at: BuildRef, run: &'a Run, build: &'a Build) -> Option<Refusal<'a>> {
    let failed = build
        .steps
        .iter()
        .filter(|s| s.outcome == Outcome::Failed)
        .filter_map(|s| s.verdict.as_ref());
    let quote =
        failed.chain(&build.errors).find(|quote| layer::is_unreadable(&quote.text, build))?;
    let transfer = build.imports.iter().find(|import| import.ok());
    let (side, cause) = (Side::Import, Cause::LayerUnreadable);
    let kind = transfer.map_or(CacheKind::Unknown, |t| t.kind);
    Some(Refusal { at, run, build, side, kind, transfer, text: &quote.text, quote, cause })
}

/// All steps and exports are well, and the build is not.
fn behind_export<'a>(at: BuildRef, run: &'a Run, build: &'a Build) -> Option<Refusal<'a>> {
    let quote = build.behind_export.as_ref()?;
    let transfer = build.exports.iter().rfind(|export| export.ok())?;
    let (side, cause, kind) = (Side::Export, Cause::BehindExport, transfer.kind);
    Some(Refusal {
        at,
        run,
        build,
        side,
        kind,
        transfer: Some(transfer),
        text: &quote.text,
        quote,
        cause,
    })
}
