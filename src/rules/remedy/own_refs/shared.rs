//! Names of caches that several builds export, and which of a build's options mean them.
//!
//! An option that names another cache (the image of the build, a base) is written by somebody else:
//! under a new name nobody would write it.

use super::At;
use crate::config::pieces;
use crate::model::{CacheKind, CacheSpec};
use crate::rules::branch_value::branch;

/// A cache by its kind and name, variables filled in as far as the file tells.
type Name = (CacheKind, String);

/// The names that are to become one for each build.
pub(super) struct SharedNames {
    names: Vec<Name>,
    /// What else their files export.
    others: Vec<Name>,
}

impl SharedNames {
    /// Those that several of the places export, or several legs of one; where the file shows
    /// neither, all that they export.
    pub(super) fn of(places: &[At]) -> Self {
        let all: Vec<(At, Name)> = places.iter().flat_map(|at| exported(*at)).collect();
        let several = |(at, name): &&(At, Name)| {
            let again = |(other, same): &&(At, Name)| same == name && !is_same(*at, *other);
            let legs = !at.place.legs.is_empty() && !at.place.names_leg(&name.1);
            legs || all.iter().any(|one| again(&one))
        };
        let mut names: Vec<Name> =
            all.iter().filter(several).map(|(_, name)| name.clone()).collect();
        if names.is_empty() {
            names = all.iter().map(|(_, name)| name.clone()).collect();
        }
        Self { others: others(places), names }
    }

    pub(super) fn is_exported(&self, at: At, spec: &CacheSpec) -> bool {
        named(at, spec, true).is_some_and(|name| self.names.contains(&name))
    }

    pub(super) fn is_imported(&self, at: At, spec: &CacheSpec) -> bool {
        let Some(name) = named(at, spec, false) else { return false };
        if self.names.contains(&name) {
            return true;
        }
        let main = |shared: &Name| shared.0 == name.0 && is_of_main_branch(&shared.1, &name.1);
        !self.others.contains(&name) && self.names.iter().any(main)
    }
}

fn is_same(a: At, b: At) -> bool {
    a.index == b.index && a.place.form == b.place.form && a.config.path == b.config.path
}

fn exported(at: At<'_>) -> impl Iterator<Item = (At<'_>, Name)> {
    at.place.command.cache_to.iter().filter_map(move |spec| Some((at, named(at, spec, true)?)))
}

/// Exports of builds of the same files that keep their names.
fn others(places: &[At]) -> Vec<Name> {
    let mut found = Vec::new();
    for at in places {
        for (index, place) in at.config.content.places.iter().enumerate() {
            let other = At { config: at.config, index, place };
            let known =
                places.iter().any(|at| at.index == index && at.config.path == other.config.path);
            found.extend(exported(other).filter(|_| !known).map(|(_, name)| name));
        }
    }
    found
}

fn named(at: At, spec: &CacheSpec, export: bool) -> Option<Name> {
    let value = match spec.kind() {
        CacheKind::Registry => spec.get("ref")?,
        // `buildkit` where none is given (BuildKit cache/remotecache/gha, s3).
        CacheKind::Gha => spec.get("scope").unwrap_or("buildkit"),
        CacheKind::S3 | CacheKind::Azblob => spec.get("name").unwrap_or("buildkit"),
        CacheKind::Local if export => spec.get("dest")?,
        CacheKind::Local => spec.get("src")?,
        CacheKind::Inline | CacheKind::Unknown => return None,
    };
    Some((spec.kind(), at.place.expanded(value)))
}

/// What the build writes in a run of the main branch: `app:cache-$CI_COMMIT_REF_SLUG` is
/// `app:cache-main` there.
fn is_of_main_branch(shared: &str, import: &str) -> bool {
    let Some((before, behind)) = branch(shared).and_then(|branch| shared.split_once(branch)) else {
        return false;
    };
    let middle = import.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
    middle.is_some_and(is_main_branch)
}

fn is_main_branch(text: &str) -> bool {
    const NAMES: [&str; 6] = ["main", "master", "trunk", "develop", "development", "dev"];
    let of_default = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["default_branch", "base_ref", "target_branch"].iter().any(|word| name.contains(word))
    };
    let mut all = pieces(text);
    let variable = all.next().filter(|piece| piece.form.is_some() && all.next().is_none());
    NAMES.contains(&text) || variable.is_some_and(|piece| of_default(piece.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_main_branch_has_the_name_with_its_branch_filled_in() {
        for (shared, import) in [
            ("r/a:c-$CI_COMMIT_REF_SLUG", "r/a:c-main"),
            ("r/a:$CI_COMMIT_REF_SLUG-c", "r/a:$CI_DEFAULT_BRANCH-c"),
            ("r/a:${{ github.ref_name }}", "r/a:${{ github.event.repository.default_branch }}"),
        ] {
            assert!(is_of_main_branch(shared, import), "{shared} {import}");
        }
        for (shared, import) in [
            ("r/a:c-$CI_COMMIT_REF_SLUG", "r/a:c-base"),
            ("r/a:$CI_COMMIT_REF_SLUG", "r/b:main"),
            ("r/a:branch", "r/a:main"),
            ("r/a:$CI_PROJECT_NAME", "r/a:main"),
        ] {
            assert!(!is_of_main_branch(shared, import), "{shared} {import}");
        }
    }
}
