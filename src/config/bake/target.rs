//! Targets of a bake file, whatever it is written in, and the places they are.
//!
//! Source: `buildx` `bake/bake.go`, `Target.Merge`, `ResolveTarget`: of what is inherited the last
//! one counts, and a target's own attribute replaces it, but for mappings, which are merged, and
//! for the lists of [`JOINED`].

use std::collections::HashSet;

use crate::config::variables::{expand, pieces};
use crate::config::{Place, fits_tag};
use crate::model::{Asked, CacheSpec, Command, Quote, Shared, Text, Tool, asks_inline};

/// One target as written.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    /// The key in JSON, the label in HCL.
    pub(super) name: String,
    /// Its line.
    pub(super) quote: Quote,
    /// Its attributes.
    pub(super) fields: Vec<(String, BakeValue)>,
    /// A group names it.
    pub(super) grouped: bool,
}

/// A value, as far as caches are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BakeValue {
    Text(String),
    Flag(bool),
    /// Cache specifications are joined: `type=registry,ref=r`.
    List(Vec<String>),
    Pairs(Vec<(String, String)>),
}

/// Targets of one file: each is looked for from its beginning.
const MOST: usize = 2_000;

/// Lists that hold what all that is inherited says as well (`buildx` 0.13 and 0.29:
/// `findings/buildx-bake-reads-over-attributes-that-it-does-not-know.sh`).
pub(super) const JOINED: [&str; 2] = ["cache-from", "no-cache-filter"];

/// Refuses a file with more targets than any has.
pub(super) fn bounded(targets: usize) -> Result<(), String> {
    if targets > MOST {
        Err(format!("has more than {MOST} targets, which no file has"))
    } else {
        Ok(())
    }
}

impl Target {
    /// An attribute of its own.
    pub(super) fn own(&self, name: &str) -> Option<&BakeValue> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl BakeValue {
    /// The texts of a list, or the one text.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::List(texts) => texts.clone(),
            Self::Flag(_) | Self::Pairs(_) => Vec::new(),
        }
    }

    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Targets that build something.
pub(super) fn built(all: &[Target]) -> Vec<&Target> {
    let inherited: HashSet<String> =
        all.iter().filter_map(|target| target.own("inherits")).flat_map(BakeValue::texts).collect();
    let groups = all.iter().any(|target| target.grouped);
    let linked: HashSet<String> = all.iter().flat_map(links).collect();
    let only_base = |target: &Target| {
        inherited.contains(&target.name)
            && (groups || target.own("tags").is_none())
            && !target.grouped
            && !linked.contains(&target.name)
    };
    all.iter().filter(|target| !target.name.starts_with('_') && !only_base(target)).collect()
}

/// Other targets that it is built on: `contexts = { base = "target:base" }`.
fn links(target: &Target) -> Vec<String> {
    let Some(BakeValue::Pairs(contexts)) = target.own("contexts") else { return Vec::new() };
    let named = contexts.iter().filter_map(|(_, context)| context.strip_prefix("target:"));
    named.map(str::to_owned).collect()
}

/// One place for each of these targets, among all.
pub(super) fn places(
    all: &[Target],
    built: &[&Target],
    variables: &[(String, String)],
) -> Vec<Place> {
    let shared = Shared::from(variables.to_vec());
    let place =
        |target: &&Target| Place { variables: shared.clone(), ..place(all, target, variables) };
    built.iter().map(place).collect()
}

/// `cache-to = [store]`: the specification is what the variable holds.
fn spec(raw: &str, variables: &[(String, String)]) -> CacheSpec {
    let is_one = pieces(raw).all(|piece| piece.form.is_some());
    let held = if is_one { expand(raw, variables) } else { raw.to_owned() };
    if held == *raw {
        CacheSpec::parse(raw)
    } else {
        CacheSpec { raw: raw.to_owned(), ..CacheSpec::parse(&held) }
    }
}

/// The label of a target with a matrix is a group of the targets that are made of it (`buildx`
/// `bake/hclparser`).
pub(super) fn of_matrices(all: &[Target]) -> Vec<(String, Vec<String>)> {
    let made = |target: &Target| {
        let name = target.own("name").and_then(BakeValue::text)?;
        (name != target.name).then(|| (target.name.clone(), vec![name.to_owned()]))
    };
    all.iter().filter_map(made).collect()
}

/// The build is told to write inline metadata by an argument.
pub(super) fn inline_argument(all: &[Target], target: &Target) -> bool {
    arguments(all, target).iter().any(|argument| asks_inline(argument))
}

/// An attribute, own or inherited.
pub(super) fn field<'a>(
    all: &'a [Target],
    target: &'a Target,
    name: &str,
) -> Option<&'a BakeValue> {
    inherit(all, target, name, 0)
}

fn inherit<'a>(
    all: &'a [Target],
    target: &'a Target,
    name: &str,
    depth: usize,
) -> Option<&'a BakeValue> {
    if let Some(own) = target.own(name) {
        return Some(own);
    }
    if depth >= 8 {
        return None;
    }
    parents(all, target).rev().find_map(|parent| inherit(all, parent, name, depth + 1))
}

/// The texts of a list, own and inherited, in the order that bake has them, each once.
pub(super) fn texts(all: &[Target], target: &Target, name: &str) -> Vec<String> {
    if !JOINED.contains(&name) {
        return field(all, target, name).map(BakeValue::texts).unwrap_or_default();
    }
    let own = target.own(name).map(BakeValue::texts).unwrap_or_default();
    each_once(inherited(all, target, name).into_iter().chain(own))
}

/// What a list holds before the target says something itself.
pub(super) fn inherited(all: &[Target], target: &Target, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(all, target, name, &mut HashSet::new(), &mut found);
    each_once(found)
}

/// A target that is inherited in several ways says nothing new the second time.
fn collect(
    all: &[Target],
    target: &Target,
    name: &str,
    seen: &mut HashSet<String>,
    found: &mut Vec<String>,
) {
    for parent in parents(all, target) {
        if seen.insert(parent.name.clone()) {
            collect(all, parent, name, seen, found);
            found.extend(parent.own(name).map(BakeValue::texts).unwrap_or_default());
        }
    }
}

fn each_once(all: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in all {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// The targets that it inherits from, in their order.
fn parents<'a>(
    all: &'a [Target],
    target: &Target,
) -> impl DoubleEndedIterator<Item = &'a Target> + use<'a> {
    let names = target.own("inherits").map(BakeValue::texts).unwrap_or_default();
    names.into_iter().filter_map(|name| all.iter().find(|known| known.name == name))
}

/// Arguments of all it inherits and its own.
fn arguments(all: &[Target], target: &Target) -> Vec<String> {
    let merged = merged(all, target, "args", 0);
    merged.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// A mapping with the keys of all it inherits; of one key the last counts, the target's own above
/// all.
fn merged(all: &[Target], target: &Target, name: &str, depth: usize) -> Vec<(String, String)> {
    if depth >= 8 {
        return Vec::new();
    }
    let inherited = parents(all, target).flat_map(|parent| merged(all, parent, name, depth + 1));
    let own = match target.own(name) {
        Some(BakeValue::Pairs(pairs)) => pairs.clone(),
        _ => Vec::new(),
    };
    let mut found: Vec<(String, String)> = Vec::new();
    for (key, value) in inherited.chain(own) {
        match found.iter_mut().find(|(known, _)| *known == key) {
            Some((_, before)) => *before = value,
            None => found.push((key, value)),
        }
    }
    found
}

/// Attributes that are nearly those of caches: bake reads over what it does not know (buildx 0.13
/// to 0.29).
fn ignored(all: &[Target], target: &Target) -> Vec<(String, &'static str)> {
    const KNOWN: [&str; 4] = ["cache-from", "cache-to", "no-cache", "no-cache-filter"];
    let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_'], "");
    let meant = |(name, _): &(String, BakeValue)| {
        let right = KNOWN.iter().find(|known| plain(known) == plain(name))?;
        (right != name).then(|| (name.clone(), *right))
    };
    let unset = |(_, right): &(String, &str)| field(all, target, right).is_none();
    target.fields.iter().filter_map(meant).filter(unset).collect()
}

fn place(all: &[Target], target: &Target, variables: &[(String, String)]) -> Place {
    let texts = |name: &str| texts(all, target, name);
    let text = |name: &str| field(all, target, name).and_then(BakeValue::text).map(str::to_owned);
    let flag = |name: &str| field(all, target, name) == Some(&BakeValue::Flag(true));
    let specs = |name: &str| texts(name).iter().map(|raw| spec(raw, variables)).collect();
    let matrix = match field(all, target, "matrix") {
        Some(BakeValue::Pairs(pairs)) => pairs.as_slice(),
        _ => &[],
    };
    let legs = matrix.iter().map(|(name, _)| name.clone()).collect();
    let plain_legs = matrix
        .iter()
        .filter(|(_, values)| is_plain(values))
        .map(|(name, _)| name.clone())
        .collect();
    let asked = Asked {
        tool: Tool::BuildxBake,
        cache_from: specs("cache-from"),
        cache_to: specs("cache-to"),
        build_args: arguments(all, target),
        no_cache: flag("no-cache"),
        no_cache_filter: texts("no-cache-filter"),
        file: text("dockerfile"),
        target: text("target"),
        platforms: texts("platforms"),
        tags: texts("tags").into_iter().map(Text::from).collect(),
        push: texts("output")
            .iter()
            .any(|output| output.contains("type=registry") || output.contains("push=true")),
        pull: flag("pull"),
        ..Asked::default()
    };
    let command =
        Command { quote: target.quote.clone(), asked: asked.into(), ..Command::default() };
    let mut inputs: Vec<String> = text("dockerfile-inline").into_iter().collect();
    let contexts = merged(all, target, "contexts", 0);
    inputs.extend(contexts.iter().map(|(name, context)| format!("{name}={context}")));
    let name = target.own("name").and_then(BakeValue::text).unwrap_or(&target.name);
    Place {
        target: Some(name.to_owned()),
        command,
        context: text("context"),
        inputs,
        ignored: ignored(all, target),
        handed_down: inherited(all, target, "cache-from"),
        legs,
        plain_legs,
        ..Place::default()
    }
}

/// `["16", "17"]`: all of the list may stand in a tag.
fn is_plain(values: &str) -> bool {
    let list = values.trim_start_matches("${").trim_end_matches('}').trim();
    let inside = list.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    let items =
        |inside: &str| inside.split(',').all(|item| fits_tag(item.trim().trim_matches('"')));
    inside.is_some_and(|inside| items(inside.trim().trim_end_matches(',')))
}
