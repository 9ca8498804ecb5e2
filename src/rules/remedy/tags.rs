//! Tags of caches for builds that have none yet, where several push their images to one repository:
//! a tag holds the cache of one build.

use std::collections::BTreeMap;

use super::own_refs::{Naming, telling};
use super::site::exported_ref;
use super::{At, home, place};
use crate::config::{Config, Place};
use crate::model::Tool;
use crate::rules::Study;

/// A tag, or why there is none, in words that complete "no patch:".
type Tag = Result<String, String>;

/// What tells builds apart.
pub(in crate::rules) struct Apart<'a> {
    /// Two places build different things.
    pub(in crate::rules) places: &'a dyn Fn(At, At) -> bool,
    /// The legs of a place do.
    pub(in crate::rules) legs: fn(&Place) -> bool,
}

/// The tag of each place that needs one of its own, by file and index.
pub(in crate::rules) fn of(study: &Study, apart: &Apart) -> Vec<(String, usize, Tag)> {
    /// Of more builds nobody could tell the names apart.
    const MOST: usize = 64;
    let mut groups: BTreeMap<String, Vec<At>> = BTreeMap::new();
    for at in place::all(study).filter(|at| is_buildkit(*at)) {
        let Ok(kept) = home::at(at.place) else { continue };
        groups.entry(at.place.expanded(&kept)).or_default().push(at);
    }
    let mut found = Vec::new();
    for (kept, places) in groups.into_iter().filter(|(_, places)| places.len() <= MOST) {
        let several =
            places.iter().any(|at| places.iter().any(|other| (apart.places)(*at, *other)));
        let naming = if several { telling(&places, apart.places) } else { None };
        for at in places.into_iter().filter(|at| exported_ref(&at.place.command).is_none()) {
            let legs = (apart.legs)(at.place) && !at.place.names_leg(&kept);
            if several || legs {
                found.push((at.config.path.clone(), at.index, tag(at, several, naming, legs)));
            }
        }
    }
    found
}

fn is_buildkit(at: At) -> bool {
    !matches!(at.place.command.tool, Tool::Kaniko | Tool::Buildah | Tool::BuildxCreate)
}

fn tag(at: At, several: bool, naming: Option<Naming>, legs: bool) -> Tag {
    let name = naming.and_then(|naming| naming(at));
    if several && name.is_none() {
        return Err("no short name distinguishes the builds".to_owned());
    }
    let legs: &[String] = if legs { &at.place.legs } else { &[] };
    let mut parts: Vec<String> = std::iter::once(home::TAG.to_owned()).chain(name).collect();
    for leg in legs {
        let written = if at.place.plain_legs.contains(leg) { at.leg(leg) } else { None };
        parts.push(written.ok_or_else(|| {
            format!("values of `{leg}` may hold characters that a tag cannot, such as `/`")
        })?);
    }
    Ok(parts.join("-"))
}

/// Writes them into the places.
pub(in crate::rules) fn fill(configs: &mut [Config], tags: Vec<(String, usize, Tag)>) {
    for (path, index, tag) in tags {
        let config = configs.iter_mut().find(|config| config.path == path);
        let forms = config.into_iter().flat_map(|config| config.content.forms_of(index));
        forms.for_each(|place| place.cache_tag = Some(tag.clone()));
    }
}
