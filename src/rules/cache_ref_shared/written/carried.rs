//! Directories with caches of several builds, which a cache of the CI carries under one key.
//!
//! Of a key that is stored once the first job saves, and the others get `Unable to reserve cache
//! with key …, another job may be creating this cache` (actions/toolkit `packages/cache`); of others
//! the last one wins.

use super::super::META;
use super::{differ, legs_differ};
use crate::config::{Fate, Kept};
use crate::finding::{Evidence, Finding, Fix, not_ruled_out, to_decide};
use crate::model::{CacheKind, CacheSpec};
use crate::rules::Study;
use crate::rules::planned::{self, Words, flow};
use crate::rules::remedy::{At, patch};

/// Where a cache of the CI is: its forge or file, its key, and the directory.
type Carried<'a> = (Option<&'a str>, &'a str, String, String);

/// One finding for each key.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let mut groups: Vec<(Carried, Vec<(At, &Kept)>)> = Vec::new();
    for at in planned::places(study).filter(|at| flow::is_buildkit(*at)) {
        let Some((directory, kept)) = carried(at) else { continue };
        let key = on_its_machine(at, at.place.expanded(&kept.key));
        if !at.place.is_common(&key) || at.place.varies(&key) {
            continue;
        }
        let file = if at.forge().is_some() { "" } else { at.config.path.as_str() };
        let name = (at.forge(), file, key, directory);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, places)) => places.push((at, kept)),
            None => groups.push((name, vec![(at, kept)])),
        }
    }
    groups.iter().filter_map(|(_, places)| finding(study, places)).collect()
}

/// `runner.os` is the same wherever the label of the machine is.
fn on_its_machine(at: At, key: String) -> String {
    let Some(label) = at.place.machine.runs_on.as_deref() else { return key };
    if at.place.names_leg(label) {
        return key;
    }
    let label = label.replace(['$', '{', '}'], "");
    let known = ["${{ runner.os }}", "${{runner.os}}", "${{ runner.arch }}"];
    known.iter().fold(key, |key, variable| key.replace(variable, &label))
}

/// The directory that a build imports from and exports a newer one for, and the cache of the CI that
/// brings it.
fn carried(at: At<'_>) -> Option<(String, &Kept)> {
    let command = &at.place.command;
    let local = |spec: &&CacheSpec| spec.kind() == CacheKind::Local;
    command.cache_to.iter().find(local)?;
    let from = command.cache_from.iter().find(local)?.get("src")?;
    let directory = at.place.expanded(from);
    let is_its = |kept: &&Kept| {
        kept.fate == Fate::Found && !kept.of_files && !kept.key.is_empty() && kept.holds(&directory)
    };
    let kept = at.place.kept.iter().find(is_its)?;
    Some((directory, kept))
}

fn finding(study: &Study, places: &[(At, &Kept)]) -> Option<Finding> {
    let replaces = |(at, _): &&(At, &Kept)| {
        let meets = |other: &At| at.place.refs.meet(other.place.refs);
        let job = |other: &At| other.place.job != at.place.job;
        places.iter().any(|(other, _)| meets(other) && job(other) && differ(study, *at, *other))
    };
    let losers: Vec<&(At, &Kept)> =
        places.iter().filter(|one| replaces(one) || legs_differ(one.0.place)).collect();
    let (first, kept) = losers.first()?;
    let key = &kept.key;
    let who = match losers.len() {
        1 => "the legs of a matrix".to_owned(),
        count => format!("{count} builds"),
    };
    let shown = format!("under `{key}`");
    let fix = Fix {
        summary: "give each build a key of its own in the CI's cache".to_owned(),
        steps: vec![
            "Write the name of the image into the key, and into the keys that are tried after it \
                (`restore-keys`): what another image left there is of no use."
                .to_owned(),
        ],
        cost: "one more cache for each".to_owned(),
        ..Fix::default()
    };
    let words = Words {
        title: format!("{who} keep their caches in the CI's cache {shown}: one of them is kept"),
        cause: format!(
            "The directories with the caches of {who} are stored {shown}. Only one of them is \
                stored there, and the next run restores that for all: the others start cold."
        ),
        fix: patch::refused(fix, *first, "how the key is put together is your decision"),
        rules_out: vec![
            not_ruled_out("builds of which only one runs in a pipeline"),
            to_decide("give logs: they show that, and what it costs"),
        ],
        subject: format!("the CI's cache {key}"),
    };
    let mut lines: Vec<Evidence> = Vec::new();
    for (at, kept) in losers {
        let builds = at.evidence("imports and exports the directory");
        lines.extend(at.key_of(kept, "the key of the CI's cache").into_iter().chain(builds));
    }
    lines.dedup();
    planned::finding(&META, META.severity, lines, words)
}
