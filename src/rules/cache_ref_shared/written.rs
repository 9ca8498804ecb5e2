//! The configuration alone: places that build different things export one cache.

use super::META;
use crate::config::Place;
use crate::finding::{Finding, Fix};
use crate::model::{CacheKind, CacheSpec};
use crate::rules::Study;
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{At, own_caches};

/// One finding for each cache that several builds export.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let mut groups: Vec<(String, Vec<At>)> = Vec::new();
    for at in planned::places(study) {
        for name in at.place.command.cache_to.iter().filter_map(|spec| exported(at.place, spec)) {
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, places)) => places.push(at),
                None => groups.push((name, vec![at])),
            }
        }
    }
    groups.into_iter().filter_map(|(name, places)| finding(&name, &places)).collect()
}

fn finding(name: &str, places: &[At]) -> Option<Finding> {
    let differ = |a: &Place, b: &Place| built(a) != built(b);
    let others = places.iter().any(|at| places.first().is_some_and(|first| differ(first.place, at.place)));
    let builds = if others { places.len() } else { 1 };
    if !others && !places.iter().any(|at| legs_differ(at.place)) {
        return None;
    }
    let who = if builds > 1 { format!("{builds} builds") } else { "the legs of a matrix".to_owned() };
    let fix = Fix {
        summary: "give each build a cache of its own".to_owned(),
        steps: vec![format!(
            "Name a reference (or `scope=` of a gha cache) of its own in each of them; {name} then holds one build's cache."
        )],
        cost: "one more cache for each".to_owned(),
        ..Fix::default()
    };
    let words = Words {
        title: format!("{who} will write their caches to {name}, and each replaces the other's"),
        cause: format!(
            "{who} export to {name}. An export replaces what was there, so only the one that finishes last finds its cache in the next run."
        ),
        fix: own_caches(fix, places),
        rules_out: vec![
            "no log was given: whether they run in the same pipeline, and what it costs, is not known".to_owned(),
        ],
        subject: name.to_owned(),
    };
    let lines = places.iter().filter_map(|at| at.evidence("exports to it")).collect();
    planned::finding(&META, META.severity, lines, words)
}

/// Name of the cache an export writes, where it is the same in every job.
fn exported(place: &Place, spec: &CacheSpec) -> Option<String> {
    let name = match spec.kind() {
        CacheKind::Registry => spec.get("ref")?.to_owned(),
        // `scope` is `buildkit` where none is given (BuildKit cache/remotecache/gha).
        CacheKind::Gha => format!("the gha scope \"{}\"", spec.get("scope").unwrap_or("buildkit")),
        CacheKind::S3 => format!("the S3 cache {}/{}", spec.get("bucket")?, spec.get("name").unwrap_or("buildkit")),
        // A directory belongs to the machine of the job; what carries it on is the CI's cache.
        CacheKind::Azblob | CacheKind::Local | CacheKind::Inline | CacheKind::Unknown => return None,
    };
    let name = place.expanded(&name);
    place.is_common(&name).then_some(name)
}

/// What decides what is built: equal ones may share a cache.
fn built(place: &Place) -> [Option<&str>; 4] {
    let command = &place.command;
    let context = place.context.as_deref().unwrap_or_default().trim_matches(['.', '/']);
    [Some(context), command.file.as_deref(), command.target.as_deref(), place.target.as_deref()]
}

/// The legs of the matrix build different things.
fn legs_differ(place: &Place) -> bool {
    built(place).into_iter().flatten().any(|value| place.varies(value))
}
