//! A tag of its own for the cache.

use super::{is_one, shared_in};
use crate::config::pattern::tells_nothing;
use crate::config::{Change, Side};
use crate::finding::Fix;
use crate::rules::remedy::{self, At, Site, patch, reference};

/// What stands under the name is an image or a cache, so nothing of it is imported any more.
pub(super) fn fix(name: &str, site: Site) -> Fix {
    let Some(cache) = cache_name(name) else {
        return Fix {
            summary: "keep the cache under a name of its own".to_owned(),
            steps: vec![format!(
                "Use a different reference in `--cache-to` and `--cache-from`: {name} may already \
                    hold a tag, so none can be appended here."
            )],
            ..Fix::default()
        };
    };
    let at = site.at;
    let example =
        remedy::registry_max(&Site { imports: Vec::new(), cache: cache.clone(), at: None, ..site });
    let fix = Fix {
        summary: format!("keep the cache under a tag of its own, {cache}"),
        steps: vec![format!(
            "Name {cache} in `--cache-to` and in `--cache-from`; the image keeps its name, and the \
                next build pushes it there again."
        )],
        snippet: example.snippet,
        cost: "one more tag in the registry".to_owned(),
        ..Fix::default()
    };
    match at {
        Some(at) => patch::with_all(fix, &[at], &renamed(at)),
        None => fix,
    }
}

/// The name with another tag. A bare variable may hold one already.
fn cache_name(name: &str) -> Option<String> {
    (!tells_nothing(name)).then(|| reference::with_tag(name, "buildcache"))
}

/// The same options with the other name, as it is written there.
fn renamed(at: At) -> Vec<Change> {
    let Some((name, cache)) = shared_in(at).and_then(|name| Some((name, cache_name(name)?))) else {
        return Vec::new();
    };
    let command = &at.place.command;
    let mut changes: Vec<Change> = Vec::new();
    for spec in command.cache_to.iter().chain(&command.cache_from) {
        let bare = || Some(spec.raw.as_str()).filter(|raw| !raw.contains('='));
        let Some(written) = spec.get("ref").or_else(bare).filter(|written| is_one(written, name))
        else {
            continue;
        };
        let new = spec.raw.replacen(written, &cache, 1);
        let change = Change::Spec { place: at.index, side: Side::Both, old: spec.raw.clone(), new };
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    changes
}
