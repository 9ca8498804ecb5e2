//! What the CIs' own caches did, over all logs: which operations ended for one reason.
//!
//! A helper of the rules named `ci-cache-…`: what it means and how to mend it is for them.

use std::collections::{BTreeMap, HashSet};

use super::{RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Impact, LogPlace, Proof, Severity,
};
use crate::model::{CacheOperation, CacheOutcome, CacheReason, CiCache, Run};

/// One operation, with its run.
#[derive(Clone, Copy)]
pub(super) struct CiOperation<'a> {
    pub(super) run: &'a Run,
    pub(super) entry: &'a CiCache,
}

/// Words of a rule for its finding.
pub(super) struct CiWords {
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    pub(super) title: String,
    pub(super) cause: String,
    /// What every quoted line shows.
    pub(super) shows: &'static str,
    pub(super) fix: Fix,
    pub(super) rules_out: Vec<Alternative>,
    pub(super) subject: String,
}

/// Every operation of a CI cache, run by run.
pub(super) fn all(study: &Study) -> impl Iterator<Item = CiOperation<'_>> {
    study.runs.iter().flat_map(of_run)
}

/// Those of one run.
pub(super) fn of_run(run: &Run) -> impl Iterator<Item = CiOperation<'_>> {
    run.ci_caches.iter().map(move |entry| CiOperation { run, entry })
}

/// Operations that ended badly for one of these reasons.
pub(super) fn because<'a>(study: &'a Study, reasons: &[CacheReason]) -> Vec<CiOperation<'a>> {
    all(study)
        .filter(|seen| seen.entry.reason.is_some_and(|reason| reasons.contains(&reason)))
        .collect()
}

/// The same, those of one cache together, in the order of the names.
pub(super) fn by_cache(seen: Vec<CiOperation<'_>>) -> Vec<(&str, Vec<CiOperation<'_>>)> {
    let mut caches: BTreeMap<&str, Vec<CiOperation>> = BTreeMap::new();
    for save in seen {
        caches.entry(bare(&save.entry.name)).or_default().push(save);
    }
    caches.into_iter().collect()
}

/// The finding about these operations; `None` where there are none.
pub(super) fn finding(
    meta: &'static RuleMeta,
    seen: &[CiOperation],
    words: CiWords,
) -> Option<Finding> {
    Some(Finding {
        rule: meta.id,
        severity: words.severity,
        confidence: words.confidence,
        title: words.title,
        cause: words.cause,
        evidence: Proof::from_lines(lines(seen, words.shows))?.seen_in(seen.iter().map(|save| {
            LogPlace { source: save.run.source.to_string(), line: save.entry.quote.line }
        })),
        fix: words.fix,
        impact: Impact { runs: runs(seen.iter().map(|s| s.run)).len(), ..Impact::default() },
        rules_out: words.rules_out,
        subject: words.subject,
    })
}

/// The line of each operation; of many the first ones.
pub(super) fn lines(seen: &[CiOperation], shows: &str) -> Vec<Evidence> {
    const ENOUGH: usize = 6;
    seen.iter().take(ENOUGH).map(|s| Study::quote(s.run, &s.entry.quote, shows)).collect()
}

/// Each run once.
pub(super) fn runs<'a>(runs: impl Iterator<Item = &'a Run>) -> Vec<&'a Run> {
    let mut seen: HashSet<*const Run> = HashSet::new();
    runs.filter(|run| seen.insert(std::ptr::from_ref(*run))).collect()
}

/// A cache by its name; some systems do not print it.
pub(super) fn named(cache: &str) -> String {
    if cache.is_empty() { "the cache".to_owned() } else { format!("the cache \"{cache}\"") }
}

/// All logs are of this CI.
pub(super) fn on(seen: &[CiOperation], ci: &str) -> bool {
    seen.iter().all(|s| s.run.ci == Some(ci))
}

/// `the cache "deps" was not saved`, `2 caches were neither restored nor saved`.
pub(super) fn lost(seen: &[CiOperation]) -> String {
    let any = |operation| seen.iter().any(|s| s.entry.operation == operation);
    let not = match (any(CacheOperation::Restore), any(CacheOperation::Save)) {
        (true, true) => "neither restored nor saved",
        (true, false) => "not restored",
        _ => "not saved",
    };
    let named_ones = seen.iter().copied().filter(|s| !s.entry.name.is_empty()).collect();
    match by_cache(named_ones).as_slice() {
        [] => format!("the cache was {not}"),
        [(name, _)] => format!("{} was {not}", named(name)),
        several => format!("{} caches were {not}", several.len()),
    }
}

impl CiOperation<'_> {
    /// It is a restore or save of this outcome.
    pub(super) fn is(&self, operation: CacheOperation, outcome: CacheOutcome) -> bool {
        self.entry.operation == operation && self.entry.outcome == outcome
    }
}

/// Bitbucket prints `docker: docker.tar`, and `docker` where the cache exists already.
pub(super) fn bare(name: &str) -> &str {
    name.split_once(": ").map_or(name, |(cache, _)| cache).trim()
}
