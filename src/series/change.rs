//! What two builds of a series show of themselves differently, in words for people.

use crate::model::{Build, Command, Run};

/// Driver, image store, caches read and written, and the options of the command line that are other
/// ones in the second build.
#[must_use]
pub fn between(before: (&Run, &Build), now: (&Run, &Build)) -> Vec<String> {
    let mut changes = Vec::new();
    let mut add = |what: &str, a: String, b: String| {
        if a != b {
            let shown = |text: String| if text.is_empty() { "none".to_owned() } else { text };
            changes.push(format!("{what} {} → {}", shown(a), shown(b)));
        }
    };
    add("driver", driver(before.1), driver(now.1));
    add("cache imported", imports(before.1), imports(now.1));
    add("cache exported", exports(before.1), exports(now.1));
    add("cache-from", options(before, |c| &c.cache_from), options(now, |c| &c.cache_from));
    add("cache-to", options(before, |c| &c.cache_to), options(now, |c| &c.cache_to));
    add("base image", bases(before.1), bases(now.1));
    changes
}

fn driver(build: &Build) -> String {
    build.driver.as_deref().unwrap_or_default().to_owned()
}

fn imports(build: &Build) -> String {
    let names = build
        .imports
        .iter()
        .map(|import| import.reference.as_deref().unwrap_or_else(|| import.kind.name()));
    names.collect::<Vec<_>>().join(", ")
}

fn exports(build: &Build) -> String {
    let mut kinds: Vec<&str> = build.exports.iter().map(|export| export.kind.name()).collect();
    if build.inline.is_some() {
        kinds.push("inline");
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds.join(", ")
}

fn options(
    of: (&Run, &Build),
    specs: impl Fn(&Command) -> &Vec<crate::model::CacheSpec>,
) -> String {
    let commands = of.0.commands_of(of.1);
    let raw = commands.iter().flat_map(specs).map(|spec| spec.raw.as_str());
    raw.collect::<Vec<_>>().join(" ")
}

fn bases(build: &Build) -> String {
    let mut names: Vec<&str> = build.bases.iter().map(|base| base.image.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
