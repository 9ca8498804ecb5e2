//! Errors of cache imports and exports, gathered over all runs and told apart by cause.
//!
//! Looks at cache transfers, at layers of a cache that something needed, and at final errors that
//! name a cache; an error of the image's own push is none of its business.

mod cause;
mod crowded;
mod layer;
mod report;
mod texts;

use cause::classify_export;
pub(in crate::rules) use cause::{Cause, classify, status};
pub(in crate::rules) use report::{Draft, cost_of, findings, place};

use super::Study;
use super::remedy::reference;
use crate::model::{About, Build, CacheKind, CacheSpec, Outcome, Quote, Run, Tool, Transfer, cache_error};

/// Which way the cache was going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Side {
    /// Read.
    Import,
    /// Written.
    Export,
    /// Never begun: the build stopped before its first step.
    Start,
}

/// One refused cache operation.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Refusal<'a> {
    pub(in crate::rules) at: usize,
    pub(in crate::rules) run: &'a Run,
    pub(in crate::rules) build: &'a Build,
    pub(in crate::rules) side: Side,
    pub(in crate::rules) transfer: Option<&'a Transfer>,
    pub(in crate::rules) text: &'a str,
    pub(in crate::rules) quote: &'a Quote,
    pub(in crate::rules) cause: Cause,
}

impl Refusal<'_> {
    /// What was refused, as far as the log says: the reference in the error's URL, the import's
    /// own, the one on the command line. Buckets and services have none.
    pub(in crate::rules) fn reference(&self) -> Option<String> {
        let elsewhere = [CacheKind::S3, CacheKind::Azblob, CacheKind::Gha, CacheKind::Local];
        if self.transfer.is_some_and(|t| elsewhere.contains(&t.kind)) {
            return None;
        }
        let own = self.transfer.and_then(|t| t.reference.as_deref()).map(str::to_owned);
        reference::in_url(self.text).or(own).or_else(|| self.written()).or_else(|| self.imported())
    }

    /// Another import of the same build is well, and nothing was refused but reading.
    pub(in crate::rules) fn harmless(&self) -> bool {
        self.side == Side::Import && self.build.imported()
    }

    /// The export as the command line asks for it: `type=gha,scope=web`.
    fn asked(&self, kind: CacheKind) -> Option<&CacheSpec> {
        let before = self.run.commands.iter().filter(|c| c.quote.line <= self.quote.line);
        before.flat_map(|c| &c.cache_to).rfind(|spec| spec.kind() == kind)
    }

    fn written(&self) -> Option<String> {
        let commands =
            self.run.commands.iter().filter(|c| c.tool != Tool::BuildxCreate && c.quote.line <= self.quote.line);
        commands.flat_map(|c| &c.cache_to).filter_map(|s| s.get("ref")).next_back().map(str::to_owned)
    }

    fn imported(&self) -> Option<String> {
        self.build.imports.iter().filter_map(|i| i.reference.as_deref()).next_back().map(str::to_owned)
    }
}

/// All layers were taken, and the manifest was not. Quay answered 401 and 403 to cache manifests that it did not
/// know (`moby/buildkit` issue 1440), Nexus 500 (issue 2761).
pub(in crate::rules) fn manifest_only(group: &[Refusal]) -> bool {
    group.iter().all(|r| r.side == Side::Export && r.text.contains("error writing manifest blob"))
}

/// The export to GitHub as it is asked for, else as it mostly is.
pub(in crate::rules) fn asked<'a>(group: &'a [Refusal]) -> &'a str {
    group.iter().find_map(|r| r.asked(CacheKind::Gha)).map_or("type=gha,mode=max", |spec| spec.raw.as_str())
}

/// All refused cache operations, in the order of runs.
pub(in crate::rules) fn refusals(study: &Study) -> Vec<Refusal<'_>> {
    study.runs.iter().enumerate().flat_map(|(at, run)| of_run(at, run)).collect()
}

fn of_run(at: usize, run: &Run) -> Vec<Refusal<'_>> {
    let mut all: Vec<_> = run.builds.iter().flat_map(|build| of_build(at, run, build)).collect();
    crowded::settle(run, &mut all);
    all
}

fn of_build<'a>(at: usize, run: &'a Run, build: &'a Build) -> Vec<Refusal<'a>> {
    let imports = build.imports.iter().map(|t| (Side::Import, t));
    let exports = build.exports.iter().map(|t| (Side::Export, t));
    let refusal = |(side, transfer): (Side, &'a Transfer)| {
        let text = transfer.error.as_deref()?;
        let quote = transfer.verdict.as_ref().unwrap_or(&transfer.header);
        let cause = match side {
            Side::Export => classify_export(text, transfer.kind),
            Side::Import | Side::Start => classify(text, transfer.kind),
        };
        Some(Refusal { at, run, build, side, transfer: Some(transfer), text, quote, cause })
    };
    let mut all: Vec<_> = imports.chain(exports).filter_map(refusal).collect();
    if !all.iter().any(|refusal| refusal.cause == Cause::LayerUnreadable) {
        all.extend(unreadable(at, run, build));
    }
    if build.errors.is_empty() {
        return all;
    }
    // Targets of one bake share the final error: the export that failed has told it. A terminal shows that
    // an export failed, and why only at the end: then the end is what is told.
    let together = run.builds.iter().filter(|b| b.invocation == build.invocation);
    if !together.flat_map(|b| &b.exports).any(|e| e.error.as_deref().is_some_and(|text| !text.is_empty())) {
        let told: Vec<_> = build.errors.iter().filter_map(|quote| at_end(at, run, build, quote)).collect();
        all.retain(|refusal| told.is_empty() || refusal.side == Side::Import || !refusal.text.is_empty());
        all.extend(told);
    }
    all
}

/// What needed a layer of the cache that could not be fetched: the first step, else the build.
fn unreadable<'a>(at: usize, run: &'a Run, build: &'a Build) -> Option<Refusal<'a>> {
    let failed = build.steps.iter().filter(|s| s.outcome == Outcome::Failed).filter_map(|s| s.verdict.as_ref());
    let quote = failed.chain(&build.errors).find(|quote| layer::is_unreadable(&quote.text, build))?;
    let transfer = build.imports.iter().find(|import| import.ok());
    let (side, cause) = (Side::Import, Cause::LayerUnreadable);
    Some(Refusal { at, run, build, side, transfer, text: &quote.text, quote, cause })
}

/// A final error that names a cache: `ERROR: failed to build: failed to solve: failed to configure
/// registry cache exporter: unsupported compression type ztsd`. Errors of the image or of steps
/// can have the same ending, so the words are asked for. Those of cache exporters are said by nothing else; logs that
/// begin in the middle have no more of the export.
fn at_end<'a>(at: usize, run: &'a Run, build: &'a Build, quote: &'a Quote) -> Option<Refusal<'a>> {
    let text: &str = &quote.text;
    let lower = text.to_ascii_lowercase();
    let configured = lower.contains("failed to configure") && lower.contains(" cache");
    let named = if lower.contains("gha cache") { CacheKind::Gha } else { CacheKind::Unknown };
    let (writing, kind) = match cache_error(text) {
        Some(About::Export(kind)) if !configured => (true, kind),
        _ => (false, named),
    };
    let cause = if writing { classify_export(text, kind) } else { classify(text, kind) };
    let told = matches!(cause, Cause::OptionInvalid | Cause::DriverUnsupported);
    let named = lower.contains("cache export") || lower.contains(" cache") || lower.contains("type required for \"");
    let crowded = cause == Cause::Crowded;
    if !(writing || configured || crowded || told && named) {
        return None;
    }
    let side = if writing || crowded { Side::Export } else { Side::Start };
    Some(Refusal { at, run, build, side, transfer: None, text, quote, cause })
}
