//! Bake files, in HCL and JSON: targets with their cache options.
//!
//! Variables and functions are kept as written: what they hold is decided where bake is called. A
//! target has what it inherits; one that is there only to be inherited from builds nothing.

mod blocks;
mod hcl;
mod json;
mod merge;
mod target;

use std::collections::HashSet;

use super::excerpt::Parts;
use super::{CacheSettings, Change, Content, Kind, Place};
use crate::model::Tool;
use target::Target;

/// The kind of file.
#[derive(Debug)]
pub(super) struct Bake;

/// `docker-bake.override.hcl`: a call that names no file reads it over `docker-bake.hcl`
/// (<https://docs.docker.com/build/bake/reference/#file-lookup>).
#[derive(Debug)]
pub(super) struct BakeOverride;

impl Kind for Bake {
    fn name(&self) -> &'static str {
        "bake"
    }

    fn reader(&self) -> Option<Tool> {
        Some(Tool::BuildxBake)
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
        Ok(Among::of(text, &[], Order::OthersAbove)?.content())
    }

    fn read_among(&self, text: &str, others: &[String]) -> Result<Content, String> {
        Ok(Among::of(text, others, Order::OthersAbove)?.content())
    }

    fn parts(&self, text: &str, places: &[Place]) -> Option<Parts> {
        if is_json(text) {
            return None;
        }
        let targets = targets(text).ok()?;
        Parts::of_blocks(text, blocks::parts(text, &targets)?, places)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        Among::of(text, &[], Order::OthersAbove)?.correct(changes)
    }

    fn correct_among(
        &self,
        text: &str,
        others: &[String],
        changes: &[Change],
    ) -> Result<String, String> {
        Among::of(text, others, Order::OthersAbove)?.correct(changes)
    }
}

impl Kind for BakeOverride {
    fn name(&self) -> &'static str {
        "bake-override"
    }

    fn reader(&self) -> Option<Tool> {
        Bake.reader()
    }

    fn variable(&self, name: &str) -> Option<String> {
        Bake.variable(name)
    }

    fn names(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(name, "docker-bake.override.hcl" | "docker-bake.override.json")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        Bake.read(text)
    }

    fn read_among(&self, text: &str, others: &[String]) -> Result<Content, String> {
        Ok(Among::of(text, others, Order::OthersBelow)?.content())
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        Bake.correct(text, changes)
    }

    fn correct_among(
        &self,
        text: &str,
        others: &[String],
        changes: &[Change],
    ) -> Result<String, String> {
        Among::of(text, others, Order::OthersBelow)?.correct(changes)
    }
}

/// Which of the files that a call reads together count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The others come over this one.
    OthersAbove,
    /// This one comes over the others, which have the targets that both name.
    OthersBelow,
}

/// A file among others that are read with it.
struct Among<'a> {
    text: &'a str,
    /// All targets, as they are together.
    all: Vec<Target>,
    /// Names of those that are built where this file is told of.
    own: HashSet<String>,
    /// What others say of the same targets, which nothing in this file changes.
    above: Vec<Target>,
    variables: Vec<(String, String)>,
    groups: Vec<(String, Vec<String>)>,
}

impl<'a> Among<'a> {
    fn of(text: &'a str, others: &[String], order: Order) -> Result<Self, String> {
        let mut all = targets(text)?;
        let mut own: HashSet<String> = all.iter().map(|target| target.name.clone()).collect();
        let (mut variables, mut groups) = (variables(text), groups(text));
        let mut above = Vec::new();
        for other in others {
            let theirs = targets(other)?;
            match order {
                Order::OthersAbove => {
                    all = merge::over(all, &theirs);
                    variables.extend(self::variables(other));
                    groups = merge::groups(groups, self::groups(other));
                    above.extend(theirs);
                }
                Order::OthersBelow => {
                    own.retain(|name| theirs.iter().all(|target| target.name != *name));
                    all = merge::over(theirs, &all);
                    variables.splice(0..0, self::variables(other));
                }
            }
        }
        Ok(Self { text, all, own, above, variables, groups })
    }

    fn built(&self) -> Vec<&Target> {
        let mut built = target::built(&self.all);
        built.retain(|target| self.own.contains(&target.name));
        built
    }

    fn content(self) -> Content {
        let places = target::places(&self.all, &self.built(), &self.variables);
        let matrices = target::of_matrices(&self.all);
        let groups = self.groups.into_iter().chain(matrices).collect();
        Content { places, groups, ..Content::default() }
    }

    fn correct(&self, changes: &[Change]) -> Result<String, String> {
        let built = self.built();
        let mut edits = Vec::new();
        for change in changes {
            let target =
                change.place().and_then(|index| built.get(index).copied()).ok_or(NO_SUCH)?;
            edits.extend(edits_of(&self.all, target, change)?);
        }
        let elsewhere = |edit: &&AttributeEdit| {
            let mut same = self.above.iter().filter(|target| target.name == edit.target);
            same.any(|target| target.own(edit.attribute).is_some())
        };
        if let Some(edit) = edits.iter().find(elsewhere) {
            return Err(format!("{} is set in the override file", edit.attribute));
        }
        let (text, edits) = (self.text, &edits);
        if is_json(text) { json::correct(text, edits) } else { hcl::correct(text, edits) }
    }
}

const NO_SUCH: &str = "a bake file holds no such thing";

/// One attribute of one target, as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AttributeEdit {
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

fn edits_of(
    all: &[Target],
    target: &Target,
    change: &Change,
) -> Result<Vec<AttributeEdit>, String> {
    let own = Own { all, target };
    match change {
        Change::Caches { settings, .. } => own.caches(settings),
        Change::Spec { side, old, new, .. } => {
            own.specification(&side.of(&["cache-from"], &["cache-to"]), old, new)
        }
        Change::UseCache { .. } => own.use_cache(),
        _ => Err(NO_SUCH.to_owned()),
    }
}

/// A target among all, whose own attributes are edited: what it inherits is others' too.
struct Own<'a> {
    all: &'a [Target],
    target: &'a Target,
}

impl Own<'_> {
    fn edit(&self, attribute: &'static str, set: Set) -> AttributeEdit {
        AttributeEdit { target: self.target.name.clone(), attribute, set }
    }

    fn has(&self, attribute: &str) -> bool {
        self.target.own(attribute).is_some()
    }

    fn inherits(&self, attribute: &str) -> bool {
        if target::JOINED.contains(&attribute) {
            return !target::inherited(self.all, self.target, attribute).is_empty();
        }
        !self.has(attribute) && target::field(self.all, self.target, attribute).is_some()
    }

    /// The list holds the text whatever the target says itself.
    fn is_handed_down(&self, list: &str, text: &String) -> bool {
        target::JOINED.contains(&list)
            && target::inherited(self.all, self.target, list).contains(text)
    }

    /// The texts of an attribute are these, and no others.
    fn holds(&self, attribute: &str, items: &[String]) -> bool {
        self.target.own(attribute).is_some_and(|value| value.texts() == items)
    }

    fn caches(&self, settings: &CacheSettings) -> Result<Vec<AttributeEdit>, String> {
        if settings.builder {
            return Err("the builder is created where the build is started".to_owned());
        }
        let mut edits = Vec::new();
        for (attribute, mut items) in
            [("cache-from", settings.from.clone()), ("cache-to", exports(settings))]
        {
            if items.is_empty() && self.inherits(attribute) {
                return Err(format!("{attribute} is inherited"));
            }
            items.retain(|spec| !self.is_handed_down(attribute, spec));
            let nothing = items.is_empty() && !self.has(attribute);
            if !nothing && !self.holds(attribute, &items) {
                edits.push(self.edit(attribute, Set::List(items)));
            }
        }
        if target::inline_argument(self.all, self.target) && !settings.inline {
            if !self.has("args") {
                return Err("BUILDKIT_INLINE_CACHE is inherited".to_owned());
            }
            edits.push(self.edit("args", Set::Without("BUILDKIT_INLINE_CACHE")));
        }
        Ok(edits)
    }

    /// What is inherited as a whole is written into the target as a whole, where that takes its
    /// place.
    fn specification(
        &self,
        lists: &[&'static str],
        old: &String,
        new: &str,
    ) -> Result<Vec<AttributeEdit>, String> {
        let mut edits = Vec::new();
        for &name in lists {
            if self.is_handed_down(name, old) {
                return Err(format!("`{old}` is inherited"));
            }
            if self.target.own(name).is_some_and(|value| value.texts().contains(old)) {
                edits.push(self.edit(name, Set::Item(old.clone(), new.to_owned())));
            }
        }
        if !edits.is_empty() {
            return Ok(edits);
        }
        for &name in lists.iter().filter(|name| !target::JOINED.contains(name)) {
            let value = target::field(self.all, self.target, name);
            if value.is_some_and(|value| value.texts() == [old.clone()]) {
                edits.push(self.edit(name, Set::List(vec![new.to_owned()])));
            }
        }
        if edits.is_empty() { Err(format!("`{old}` is inherited")) } else { Ok(edits) }
    }

    fn use_cache(&self) -> Result<Vec<AttributeEdit>, String> {
        const OPTIONS: [&str; 2] = ["no-cache", "no-cache-filter"];
        if OPTIONS.into_iter().any(|name| self.inherits(name)) {
            return Err("no-cache is inherited".to_owned());
        }
        let own = OPTIONS.into_iter().filter(|name| self.has(name));
        Ok(own.map(|name| self.edit(name, Set::Nothing)).collect())
    }
}

fn exports(settings: &CacheSettings) -> Vec<String> {
    let inline = (settings.inline && settings.to.is_none()).then(|| "type=inline".to_owned());
    settings.to.iter().cloned().chain(inline).collect()
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Variables with the values that they have where nobody gives them another.
fn variables(text: &str) -> Vec<(String, String)> {
    if is_json(text) { json::variables(text) } else { hcl::variables(text) }
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
