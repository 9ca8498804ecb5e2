//! The comparison for programs. Its structs are its own: nothing internal is serialised.

use serde::Serialize;

use crate::finding::Finding;
use crate::render::names;
use crate::render::redact::redact;
use crate::triage::{Comparison, Effect, Figures};

#[derive(Serialize)]
struct WireComparison<'a> {
    schema_version: u32,
    verdict: &'static str,
    builds: Vec<Pair>,
    gone: Vec<Named<'a>>,
    new: Vec<Named<'a>>,
    still: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Pair {
    key: String,
    before: Counted,
    after: Counted,
}

#[derive(Serialize)]
struct Counted {
    runs: usize,
    hits: usize,
    total: usize,
    median_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Named<'a> {
    rule: &'a str,
    severity: &'a str,
    title: String,
    fingerprint: String,
}

/// As one JSON document with a final newline.
#[must_use]
pub fn comparison_json(comparison: &Comparison) -> String {
    let builds = comparison.builds.iter().map(|pair| Pair {
        key: redact(&pair.key).into_owned(),
        before: counted(&pair.before),
        after: counted(&pair.after),
    });
    let wire = WireComparison {
        schema_version: 1,
        verdict: verdict(comparison.verdict),
        builds: builds.collect(),
        gone: named(&comparison.gone),
        new: named(&comparison.new),
        still: named(&comparison.still),
    };
    // Plain structs of strings and numbers: there is nothing in them that JSON cannot hold.
    serde_json::to_string_pretty(&wire).unwrap_or_default() + "\n"
}

fn verdict(verdict: Effect) -> &'static str {
    match verdict {
        Effect::Worked => "worked",
        Effect::Partly => "partly",
        Effect::NotYet => "not-yet",
        Effect::Worse => "worse",
        Effect::NothingToMend => "nothing-to-mend",
        Effect::TooFewRuns => "too-few-runs",
    }
}

fn counted(figures: &Figures) -> Counted {
    Counted {
        runs: figures.runs,
        hits: figures.hits,
        total: figures.total,
        median_seconds: figures.seconds,
    }
}

fn named<'a>(findings: &[&'a Finding]) -> Vec<Named<'a>> {
    let entry = |finding: &&'a Finding| Named {
        rule: finding.rule,
        severity: names::severity(finding.severity),
        title: redact(&finding.title).into_owned(),
        fingerprint: finding.fingerprint(),
    };
    findings.iter().map(entry).collect()
}
