//! Bake files, in HCL and JSON: targets with their cache options.
//!
//! Variables and functions are kept as written: what they hold is decided where bake is called. A
//! target has what it inherits; one that is there only to be inherited from builds nothing.

mod hcl;
mod json;
mod target;

use super::{Change, Content, Kind, Settings};
use target::Target;

/// The kind of file.
#[derive(Debug)]
pub(super) struct Bake;

impl Kind for Bake {
    fn name(&self) -> &'static str {
        "bake"
    }

    fn variable(&self, name: &str) -> Option<String> {
        Some(format!("${{{name}}}"))
    }

    /// `docker-bake.hcl`, `docker-bake.override.json`, `api.bake.hcl`.
    fn names(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some((stem, end)) = name.rsplit_once('.') else { return false };
        let own = stem.starts_with("docker-bake") || stem.rsplit('.').next() == Some("bake");
        end == "hcl" || (end == "json" && own)
    }

    /// A workflow may name any file as its bake file; Terraform and others write HCL too.
    fn may_be_other(&self, path: &str, text: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        !name.starts_with("docker-bake") && !name.contains("bake.") && !self.looks(text)
    }

    fn looks(&self, text: &str) -> bool {
        text.lines().any(|line| line.starts_with("target \"") && line.contains('{'))
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        let targets = targets(text)?;
        let variables = if is_json(text) { json::variables(text) } else { hcl::variables(text) };
        Ok(Content {
            places: target::places(&targets, &variables),
            groups: groups(text),
            ..Content::default()
        })
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        let all = targets(text)?;
        let built = target::built(&all);
        let mut edits = Vec::new();
        for change in changes {
            let target =
                change.place().and_then(|index| built.get(index).copied()).ok_or(NO_SUCH)?;
            edits.extend(edits_of(&all, target, change)?);
        }
        if is_json(text) { json::correct(text, &edits) } else { hcl::correct(text, &edits) }
    }
}

const NO_SUCH: &str = "a bake file holds no such thing";

/// One attribute of one target, as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    target: String,
    attribute: &'static str,
    set: Set,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Set {
    /// A list of cache specifications; an empty one goes.
    List(Vec<String>),
    /// One specification in a list.
    Item(String, String),
    /// The attribute goes.
    Nothing,
    /// One key of a mapping goes.
    Without(&'static str),
}

fn edits_of(all: &[Target], target: &Target, change: &Change) -> Result<Vec<Edit>, String> {
    let edit = |attribute, set| Edit { target: target.name.clone(), attribute, set };
    let own = |attribute: &str| target.own(attribute).is_some();
    let has = |attribute: &str| target::field(all, target, attribute).is_some();
    match change {
        Change::Caches { settings, .. } => {
            if settings.builder {
                return Err("the builder is made where the build is started".to_owned());
            }
            let list = |attribute, items: Vec<String>| match (
                items.is_empty(),
                own(attribute),
                has(attribute),
            ) {
                (true, false, true) => Err(format!("{attribute} is inherited")),
                (true, false, false) => Ok(None),
                _ if target.own(attribute).is_some_and(|value| value.texts() == items) => Ok(None),
                _ => Ok(Some(edit(attribute, Set::List(items)))),
            };
            let mut edits = vec![
                list("cache-from", settings.from.clone())?,
                list("cache-to", exports(settings))?,
            ];
            if target::inline_argument(all, target) && !settings.inline {
                let argument =
                    own("args").then(|| edit("args", Set::Without("BUILDKIT_INLINE_CACHE")));
                edits.push(Some(argument.ok_or("BUILDKIT_INLINE_CACHE is inherited")?));
            }
            Ok(edits.into_iter().flatten().collect())
        }
        Change::Spec { side, old, new, .. } => {
            let lists = side.of(&["cache-from"], &["cache-to"]);
            let held = lists
                .into_iter()
                .filter(|name| target.own(name).is_some_and(|value| value.texts().contains(old)));
            let edits: Vec<Edit> =
                held.map(|name| edit(name, Set::Item(old.clone(), new.clone()))).collect();
            if !edits.is_empty() {
                return Ok(edits);
            }
            // What is inherited as a whole is written into the target as a whole.
            let is_all = |name: &&str| {
                target::field(all, target, name).is_some_and(|value| value.texts() == [old.clone()])
            };
            let lists = side.of(&["cache-from"], &["cache-to"]).into_iter().filter(is_all);
            let edits: Vec<Edit> =
                lists.map(|name| edit(name, Set::List(vec![new.clone()]))).collect();
            if edits.is_empty() { Err(format!("`{old}` is inherited")) } else { Ok(edits) }
        }
        Change::UseCache { .. } => {
            let options = ["no-cache", "no-cache-filter"];
            if options.into_iter().any(|name| has(name) && !own(name)) {
                return Err("no-cache is inherited".to_owned());
            }
            Ok(options
                .into_iter()
                .filter(|name| own(name))
                .map(|name| edit(name, Set::Nothing))
                .collect())
        }
        _ => Err(NO_SUCH.to_owned()),
    }
}

fn exports(settings: &Settings) -> Vec<String> {
    let inline = (settings.inline && settings.to.is_none()).then(|| "type=inline".to_owned());
    settings.to.iter().cloned().chain(inline).collect()
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// What each group builds.
fn groups(text: &str) -> Vec<(String, Vec<String>)> {
    if is_json(text) { json::groups(text) } else { hcl::groups(text) }
}

fn targets(text: &str) -> Result<Vec<Target>, String> {
    if is_json(text) { json::targets(text) } else { hcl::targets(text) }
}

#[cfg(test)]
mod tests;
