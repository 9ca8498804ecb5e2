//! Names of GitHub caches for the builds of a repository that have none yet.

use super::own_refs::{Naming, telling};
use super::{At, place};
use crate::config::Config;
use crate::model::CacheKind;
use crate::rules::Study;

/// The scope of each place, by file and index; none where one build has the repository's cache for
/// itself.
pub(in crate::rules) fn of(
    study: &Study,
    differ: impl Fn(At, At) -> bool,
) -> Vec<(String, usize, String)> {
    let own = |at: &At| {
        let command = &at.place.command;
        let kinds =
            command.cache_from.iter().chain(&command.cache_to).map(crate::model::CacheSpec::kind);
        at.forge() == Some(".github")
            && kinds.clone().all(|kind| matches!(kind, CacheKind::Gha | CacheKind::Inline))
    };
    let places: Vec<At> = place::all(study).filter(own).collect();
    // Thousands of builds have no names that anybody could tell apart at a glance.
    if places.len() > 256 {
        return Vec::new();
    }
    let several = places
        .iter()
        .any(|at| !at.place.legs.is_empty() || places.iter().any(|other| differ(*at, *other)));
    if !several {
        return Vec::new();
    }
    let Some(naming) = telling(&places, differ) else { return Vec::new() };
    places
        .iter()
        .filter_map(|at| Some((at.config.path.clone(), at.index, scope(*at, naming)?)))
        .collect()
}

/// With the variable of each leg of the matrix behind it.
fn scope(at: At, naming: Naming) -> Option<String> {
    let legs = at.place.legs.iter().filter(|leg| at.place.fits_option(leg));
    let legs = legs.map(|leg| at.leg(leg)).collect::<Option<Vec<_>>>()?;
    Some(std::iter::once(naming(at)?).chain(legs).collect::<Vec<_>>().join("-"))
}

/// Writes them into the places.
pub(in crate::rules) fn fill(configs: &mut [Config], scopes: Vec<(String, usize, String)>) {
    for (path, index, scope) in scopes {
        let config = configs.iter_mut().find(|config| config.path == path);
        let forms = config.into_iter().flat_map(|config| config.content.forms_of(index));
        forms.for_each(|place| place.scope = Some(scope.clone()));
    }
}
