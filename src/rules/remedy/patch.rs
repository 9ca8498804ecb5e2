//! The fix as a change to the configuration that asked for the build.
//!
//! Names are taken from the file itself, so that its variables stay. What cannot be changed safely
//! is said in a step, in the words of the kind of file.

use super::place::{self, At};
use super::{PLACEHOLDER, Site};
use crate::config::pattern::tells_nothing;
use crate::config::{CacheSettings, Change, Config, Side};
use crate::finding::{Edit, Fix};
use crate::model::{CacheKind, CacheSpec, Command};
use crate::rules::Study;

/// A cache in a registry is transferred during the build.
const LATE: &str = "the script logs in to the registry only after the build, which already reads \
    and writes the cache: move the login in front of it first";

/// A registry takes a cache from those only who may push there.
const UNKNOWN: &str = "its job logs in to no registry, and a cache there needs that in front of the \
    build";

/// Why the job cannot write a cache into a registry; `None` where it may.
pub(in crate::rules) fn kept_out(at: At) -> Option<&'static str> {
    if at.place.images.logs_in_later {
        return Some(LATE);
    }
    let new =
        at.place.machine.fresh && at.place.images.without_registry && at.place.caller.is_none();
    new.then_some(UNKNOWN)
}

/// Adds the change of the build's cache options. `wanted` gets the place as the file writes it, and
/// the options it has now.
pub(super) fn with_caches(
    fix: Fix,
    site: &Site,
    wanted: impl Fn(&Site, CacheSettings) -> CacheSettings,
) -> Fix {
    let Some(at) = site.at else { return fix };
    let here = Site::written(at);
    let written = Site { capable: site.capable || here.capable, form: site.form, ..here };
    let settings = wanted(&written, kept(&at.place.command));
    let named = settings.from.iter().chain(&settings.to).all(|spec| !spec.contains(PLACEHOLDER));
    if !named {
        let why =
            written.unnamed.as_deref().unwrap_or("the name of the image is not written there");
        return refused(quoted(fix, &[at]), at, why);
    }
    let stores = |raw: &String| CacheSpec::parse(raw).kind() == CacheKind::Registry;
    let new = settings.to != kept(&at.place.command).to && settings.to.as_ref().is_some_and(stores);
    if let Some(why) = kept_out(at).filter(|_| new) {
        return refused(quoted(fix, &[at]), at, why);
    }
    with_all(fix, &[at], &[Change::Caches { place: at.index, settings }])
}

/// The changes of the builds of one file in one edit, each as its own fix would make it; a build
/// that cannot be changed is left.
pub(in crate::rules) fn together(
    fix: Fix,
    places: &[At],
    changes: impl Fn(At) -> Vec<Change>,
) -> Fix {
    let (places, changes): (Vec<At>, Vec<Vec<Change>>) = places
        .iter()
        .map(|at| (*at, changes(*at)))
        .filter(|(at, changes)| !changes.is_empty() && at.config.corrected(changes).is_ok())
        .unzip();
    with_all(Fix { edits: Vec::new(), ..fix }, &places, &changes.concat())
}

/// Adds the builder that the place lacks; its caches stay.
pub(in crate::rules) fn with_builder(fix: Fix, site: &Site) -> Fix {
    with_caches(fix, site, |_, now| CacheSettings { builder: true, ..now })
}

/// Corrects a part of specifications wherever the configuration has it; one edit for each file.
pub(in crate::rules) fn with_spelling(
    mut fix: Fix,
    study: &Study,
    wrong: &str,
    right: &str,
) -> Fix {
    for config in &study.configs {
        let here: Vec<At> =
            place::all(study).filter(|at| std::ptr::eq(at.config, config)).collect();
        if let Some(at) = here.iter().find(|at| parts_its_names(at, wrong, right)) {
            fix = refused(fix, *at, PARTED);
            continue;
        }
        let (places, changes): (Vec<At>, Vec<Change>) = here
            .iter()
            .flat_map(|at| respelt(at, wrong, right).map(|change| (*at, change)))
            .unzip();
        fix = with_all(fix, &places, &changes);
    }
    fix
}

const PARTED: &str = "import and export meet under the default name now, and have two names \
    without the space: give both the same one";

/// A blank hides the name of a cache from the builder, and the other side gives none.
fn parts_its_names(at: &At, wrong: &str, right: &str) -> bool {
    let command = &at.place.command;
    let specs = || command.cache_from.iter().chain(&command.cache_to);
    let here = specs().any(|spec| spec.raw.split(',').any(|part| part == wrong));
    let meet = |exact: bool| {
        let mut exports = command.cache_to.iter();
        exports.any(|to| command.cache_from.iter().any(|from| is_one(from, to, exact)))
    };
    here && wrong.trim() == right && meet(true) && !meet(false)
}

/// Two specifications name one cache, to the builder or as they are meant.
fn is_one(from: &CacheSpec, to: &CacheSpec, exact: bool) -> bool {
    let value = |spec: &CacheSpec, key: &str| {
        let is_it = |known: &str| known == key || !exact && known.trim() == key;
        let found = spec.attributes.iter().find(|(known, _)| is_it(known));
        found.map(|(_, value)| value.clone())
    };
    let keys = ["ref", "scope", "name", "bucket"];
    from.kind() == to.kind() && keys.iter().all(|key| value(from, key) == value(to, key))
}

/// An attribute stands behind a blank: to the builder that is another one.
pub(in crate::rules) fn has_blanks(spec: &CacheSpec) -> bool {
    spec.attributes.iter().any(|(key, _)| key.starts_with(char::is_whitespace))
}

fn respelt<'a>(at: &'a At, wrong: &'a str, right: &'a str) -> impl Iterator<Item = Change> + 'a {
    let command = &at.place.command;
    let specs = command.cache_from.iter().chain(&command.cache_to).map(|spec| spec.raw.clone());
    specs.filter(move |old| old.split(',').any(|part| part == wrong)).map(move |old| {
        let respelt = |part| if part == wrong { right } else { unblanked(part, wrong, right) };
        let new = old.split(',').map(respelt).collect::<Vec<_>>().join(",");
        Change::Spec { place: at.index, side: Side::Both, old, new }
    })
}

/// One blank is seldom alone: all of a specification go together.
fn unblanked<'a>(part: &'a str, wrong: &str, right: &str) -> &'a str {
    if wrong.trim() == right { part.trim() } else { part }
}

/// Adds one change to a fix.
pub(in crate::rules) fn with_change(fix: Fix, at: At, change: Change) -> Fix {
    with_all(fix, &[at], &[change])
}

/// Adds changes to places of one file.
pub(in crate::rules) fn with_all(fix: Fix, places: &[At], changes: &[Change]) -> Fix {
    let mut fix = quoted(fix, places);
    let Some(at) = places.first() else { return fix };
    if changes.is_empty() {
        return fix;
    }
    match at.config.corrected(changes) {
        Ok(new) => fix.edits.push(Edit {
            path: at.config.path.clone(),
            diff: new.diff,
            change: new.change,
            safe: changes.iter().all(Change::is_safe),
            builders: builders(at.config, changes),
        }),
        Err(why) => return refused(fix, *at, &why),
    }
    fix
}

/// Jobs in which the changes make a builder.
fn builders(config: &Config, changes: &[Change]) -> Vec<String> {
    let making = changes.iter().filter(|change| change.makes_a_builder());
    let places = making.filter_map(|change| config.content.places.get(change.place()?));
    places.map(|place| place.job.clone()).collect()
}

fn quoted(mut fix: Fix, places: &[At]) -> Fix {
    for line in places.iter().filter_map(|at| at.evidence("asks for it")) {
        if !fix.places.contains(&line) {
            fix.places.push(line);
        }
    }
    fix
}

/// The whole option is what a variable or an expression holds: nothing can be put behind it.
pub(in crate::rules) fn is_variable(spec: &CacheSpec) -> bool {
    spec.attributes.is_empty() || tells_nothing(&spec.raw)
}

/// Says why there is no patch, in words that complete "no patch:".
pub(in crate::rules) fn refused(mut fix: Fix, at: At, why: &str) -> Fix {
    fix.steps.push(format!("No patch for {}: {why}.", at.config.path));
    fix
}

/// The options a build has now.
pub(in crate::rules) fn kept(command: &Command) -> CacheSettings {
    let own = command.cache_to.iter().find(|spec| spec.kind() != CacheKind::Inline);
    let inline = command.inline();
    let to = own.or_else(|| command.cache_to.first()).map(|spec| spec.raw.clone());
    CacheSettings { from: raw(&command.cache_from), to, inline, builder: false }
}

fn raw(specs: &[CacheSpec]) -> Vec<String> {
    specs.iter().map(|spec| spec.raw.clone()).collect()
}
