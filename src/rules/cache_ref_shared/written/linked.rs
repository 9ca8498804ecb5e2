//! One call of bake that builds several targets, and one export for all of them: `*.cache-to=…`.
//!
//! Targets that are linked by `contexts = { x = "target:y" }` are built as well, each a build of
//! its own (<https://docs.docker.com/build/bake/contexts/#using-a-target-as-a-build-context>).

use super::super::META;
use crate::finding::{Finding, Fix, not_ruled_out};
use crate::model::{CacheKind, CacheSpec};
use crate::rules::Study;
use crate::rules::cache_ref_shared::written::{differ, named};
use crate::rules::planned::{self, Words, bake};
use crate::rules::remedy::{At, place};

/// One finding for each such export.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    bake::calls(study).filter_map(|at| finding(study, at)).collect()
}

const EACH: &str = "Write one line for each target, with a reference or scope of its own; the \
    list of `*.cache-from=` may name all of them.";

fn fix(at: At, step: String) -> Fix {
    Fix {
        summary: "export each target's cache to a name of its own".to_owned(),
        steps: vec![
            step,
            format!(
                "No patch for {}: which targets need a cache of their own is your decision.",
                at.config.path
            ),
        ],
        cost: "one more cache for each".to_owned(),
        ..Fix::default()
    }
}

fn finding(study: &Study, at: At) -> Option<Finding> {
    let of_all = |spec: &CacheSpec| {
        matches!(spec.kind(), CacheKind::Registry | CacheKind::Gha | CacheKind::S3)
    };
    let export = at.place.of_every_target().find(of_all)?;
    let name = named(at, &export)?.text;
    let (file, built) = bake::built(study, at)?;
    let of_file = |index: &usize| place::forms_of(file, *index).next();
    let places: Vec<At> = built.all.iter().filter_map(of_file).collect();
    let names: Vec<&str> = places.iter().filter_map(|at| at.place.target.as_deref()).collect();
    let asked = built.asked.len().min(names.len());
    let linked = asked < names.len();
    let differs = |at: &At| places.iter().any(|other| differ(study, *at, *other));
    if names.len() < 2 || name_of_target(&export.raw) || !places.iter().any(differs) {
        return None;
    }
    let listed = listed(&names);
    let words = Words {
        title: format!(
            "{} targets will write their caches to {name}, and each replaces the other's",
            names.len()
        ),
        cause: format!(
            "One call of bake builds {listed}{}, and `*.cache-to=` sets one export for all of \
                them. An export replaces what was there, so only the one that ends last is kept.",
            if linked { " (linked targets are built as well)" } else { "" }
        ),
        fix: match names.as_slice() {
            [only, ..] if asked == 1 && linked => fix(
                at,
                format!(
                    "Write `{only}.cache-to=` in place of `*.cache-to=`: with mode=max its cache \
                        holds the linked targets too."
                ),
            ),
            _ => fix(at, EACH.to_owned()),
        },
        rules_out: vec![not_ruled_out(
            "luck: the slowest target usually ends last, but nothing guarantees it",
        )],
        subject: name,
    };
    let lines = at.evidence_of("*.cache-to", "one export for all targets").into_iter();
    let mut places = places;
    places.sort_by_key(|at| at.index);
    let lines = lines.chain(places.iter().filter_map(|at| at.evidence("a target that is built")));
    planned::finding(&META, META.severity, lines.collect(), words)
}

/// bake puts the target's name in nowhere, but a variable may hold it.
fn name_of_target(raw: &str) -> bool {
    raw.contains("target") && raw.contains('$')
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
