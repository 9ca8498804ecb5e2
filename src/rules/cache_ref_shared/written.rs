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
    let mut groups: Vec<(Name, Vec<At>)> = Vec::new();
    for at in planned::places(study) {
        for name in at.place.command.cache_to.iter().filter_map(|spec| named(at, spec)) {
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, places)) => places.push(at),
                None => groups.push((name, vec![at])),
            }
        }
    }
    groups.into_iter().filter_map(|(name, places)| finding(study, &name, &places)).collect()
}

fn finding(study: &Study, cache: &Name, places: &[At]) -> Option<Finding> {
    let name = &cache.text;
    let replaces = |at: &At| places.iter().any(|other| replace_each_other(*at, *other));
    let several = places.iter().any(replaces);
    let losers: Vec<At> = places.iter().copied().filter(|at| replaces(at) || legs_differ(at.place)).collect();
    let places = losers.as_slice();
    let (who, writers) = if several {
        (format!("{} builds", places.len()), format!("{} builds", places.len()))
    } else {
        ("the legs of a matrix".to_owned(), "The legs of a matrix".to_owned())
    };
    let own = format!(
        "Name a reference (or `scope=` of a gha cache) of its own in each of them; {name} then holds one build's cache."
    );
    let fix = Fix {
        summary: "give each build a cache of its own".to_owned(),
        steps: std::iter::once(own).chain(readers(study, cache)).collect(),
        cost: "one more cache for each".to_owned(),
        ..Fix::default()
    };
    let words = Words {
        title: format!("{who} will write their caches to {name}, and each replaces the other's"),
        cause: format!(
            "{writers} export to {name}. An export replaces what was there, so only the one that finishes last finds its cache in the next run."
        ),
        fix: own_caches(fix, places),
        rules_out: vec![
            "no log was given: whether they run in the same pipeline, and what it costs, is not known".to_owned(),
        ],
        subject: name.clone(),
    };
    let lines = places.iter().filter_map(|at| at.evidence("exports to it")).collect();
    planned::finding(&META, META.severity, lines, words)
}

/// What to do for builds that only read the cache.
fn readers(study: &Study, name: &Name) -> Option<String> {
    let is_named = |at: &At, spec: &CacheSpec| named(*at, spec).as_ref() == Some(name);
    let reads = |at: &At| at.place.command.cache_from.iter().any(|spec| is_named(at, spec));
    let writes = |at: &At| at.place.command.cache_to.iter().any(|spec| is_named(at, spec));
    let only = planned::places(study).into_iter().filter(|at| reads(at) && !writes(at));
    let lines: Vec<String> = only.map(|at| format!("{}:{}", at.config.path, at.place.command.quote.line)).collect();
    (!lines.is_empty()).then(|| {
        format!(
            "Change what only reads it too ({}): it then imports the caches of the builds it starts from.",
            lines.join(", ")
        )
    })
}

/// Name of a cache, and the file within which it is one: a variable has one value in all of a bake or Compose
/// file, whatever that is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    text: String,
    file: Option<String>,
}

/// Name of a cache, where it is the same in every job.
fn named(at: At, spec: &CacheSpec) -> Option<Name> {
    let name = match spec.kind() {
        CacheKind::Registry => spec.get("ref")?.to_owned(),
        // `scope` is `buildkit` where none is given (BuildKit cache/remotecache/gha).
        CacheKind::Gha => format!("the gha scope \"{}\"", spec.get("scope").unwrap_or("buildkit")),
        CacheKind::S3 => format!("the S3 cache {}/{}", spec.get("bucket")?, spec.get("name").unwrap_or("buildkit")),
        // A directory belongs to the machine of the job; what carries it on is the CI's cache.
        CacheKind::Azblob | CacheKind::Local | CacheKind::Inline | CacheKind::Unknown => return None,
    };
    let text = at.place.expanded(&name);
    if at.place.is_common(&text) {
        return Some(Name { text, file: None });
    }
    let one_value = at.config.kind.ci().is_none() && !at.place.names_leg(&text);
    one_value.then(|| Name { text, file: Some(at.config.path.clone()) })
}

/// They build different things, and what one exports is found by the other. gha caches are kept for each
/// branch, tag and pull request
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching#restrictions-for-accessing-a-cache>).
fn replace_each_other(a: At, b: At) -> bool {
    let apart = |spec: &CacheSpec| spec.kind() == CacheKind::Gha;
    let isolated = a.place.command.cache_to.iter().any(apart) && !a.place.refs.meet(b.place.refs);
    !isolated && differ(a, b)
}

/// Equal ones may share a cache. Of one Dockerfile built twice in a job, the second build has what the
/// first one left in the builder, and exports it too as far as it is used.
fn differ(a: At, b: At) -> bool {
    let (one, other) = (&a.place.command, &b.place.command);
    let dockerfile = |at: At| planned::dockerfile_path(at).or_else(|| at.place.command.file.clone());
    if planned::context(a.place) != planned::context(b.place) || dockerfile(a) != dockerfile(b) {
        return true;
    }
    let one_job = !a.place.job.is_empty() && a.place.job == b.place.job && a.config.path == b.config.path;
    let disjoint = !one.platforms.is_empty()
        && !other.platforms.is_empty()
        && !one.platforms.iter().any(|platform| platform.contains(['$', '{']) || other.platforms.contains(platform))
        && !other.platforms.iter().any(|platform| platform.contains(['$', '{']));
    let named =
        a.place.target != b.place.target && (named_elsewhere(a) || named_elsewhere(b) || inputs(a) != inputs(b));
    named || (!one_job && one.target != other.target) || disjoint
}

/// A file of a CI names a service or target, what that builds stands in another file.
fn named_elsewhere(at: At) -> bool {
    at.config.kind.ci().is_some()
}

/// What decides beside directory, Dockerfile and stage what a service or target builds.
fn inputs(at: At) -> Vec<String> {
    let command = &at.place.command;
    let given = at.place.inputs.iter().chain(&command.build_args).chain(&command.platforms);
    let mut given: Vec<String> = given.map(|text| at.place.expanded(text)).collect();
    given.sort();
    given
}

/// The legs of the matrix build different things.
fn legs_differ(place: &Place) -> bool {
    let command = &place.command;
    let named = [&place.context, &command.file, &command.target];
    let mut given = command.platforms.iter().chain(&command.build_args).chain(&place.inputs);
    named.into_iter().flatten().any(|value| place.varies(value)) || given.any(|value| place.names_leg(value))
}
