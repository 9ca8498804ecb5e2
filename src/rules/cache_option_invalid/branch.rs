//! The patch for a branch's name in the tag of a cache: GitLab has it without slashes in a variable
//! of its own.

use super::{slash_of_branch, specs};
use crate::config::{Change, Side};
use crate::finding::Fix;
use crate::model::CacheSpec;
use crate::rules::Study;
use crate::rules::planned;
use crate::rules::remedy::{At, patch};

const YOURS: &str = "a step that makes a name without slashes is yours to write";

const IMAGE: &str = "the image is pushed under this name, and has to be imported under the name it \
    is pushed with: change the import, `-t` and the push together";

const ELSEWHERE: &str =
    "what writes the cache under this name is not shown, and has to change with it";

const HELD: &str = "a variable holds the name";

/// All places that name the branch, or none: who imports has to find what another one exports.
pub(super) fn without_slashes(fix: Fix, study: &Study, token: &str) -> Fix {
    let named = |at: &At| specs(at).any(|spec| names_branch(at, spec, token));
    let places: Vec<At> = planned::places(study).filter(named).collect();
    let refused = places.iter().find_map(|at| Some((*at, refusal(study, *at, token)?)));
    if let Some((at, why)) = refused {
        return patch::refused(fix, at, why);
    }
    let mut paths: Vec<&str> = places.iter().map(|at| at.config.path.as_str()).collect();
    paths.dedup();
    paths.into_iter().fold(fix, |fix, path| {
        let here: Vec<At> = places.iter().copied().filter(|at| at.config.path == path).collect();
        let mut changes: Vec<Change> = Vec::new();
        for change in here.iter().flat_map(|at| renamed(*at, token)) {
            changes.extend((!changes.contains(&change)).then_some(change));
        }
        patch::with_all(fix, &here, &changes)
    })
}

fn names_branch(at: &At, spec: &CacheSpec, token: &str) -> bool {
    spec.raw.contains(token)
        || slash_of_branch(at, spec).is_some_and(|mistake| mistake.token == token)
}

/// Why the name cannot be changed where a place has it, in words that complete "no patch:".
fn refusal(study: &Study, at: At, token: &str) -> Option<&'static str> {
    let name = token.trim_matches(['$', '{', '}']);
    if at.ci() != Some("gitlab") || !matches!(name, "CI_COMMIT_REF_NAME" | "CI_COMMIT_BRANCH") {
        return Some(YOURS);
    }
    let refusal_of = |spec: &CacheSpec| {
        if !spec.raw.contains(token) {
            return Some(HELD);
        }
        let reference = at.place.expanded(spec.get("ref")?);
        let exports = |other: &At| {
            let mut exported = other.place.command.cache_to.iter();
            exported.any(|to| is_named(*other, to.get("ref"), &reference))
        };
        let makes = |other: &At| other.place.names().any(|n| is_named(*other, Some(n), &reference));
        if planned::places(study).any(|other| makes(&other)) {
            return Some(IMAGE);
        }
        (!planned::places(study).any(|other| exports(&other))).then_some(ELSEWHERE)
    };
    specs(&at).filter(|spec| names_branch(&at, spec, token)).find_map(refusal_of)
}

fn is_named(at: At, name: Option<&str>, reference: &str) -> bool {
    name.is_some_and(|name| name == reference || at.place.expanded(name) == reference)
}

fn renamed(at: At, token: &str) -> Vec<Change> {
    let name = token.trim_matches(['$', '{', '}']);
    let slug = token.replace(name, "CI_COMMIT_REF_SLUG");
    let named = specs(&at).filter(|spec| spec.raw.contains(token));
    let change = |old: &String| Change::Spec {
        place: at.index,
        side: Side::Both,
        old: old.clone(),
        new: old.replace(token, &slug),
    };
    named.map(|spec| change(&spec.raw)).collect()
}
