//! One call of bake that builds several targets, and one export for all of them: `*.cache-to=…`.
//!
//! Targets that are linked by `contexts = { x = "target:y" }` are built as well, each a build of its own
//! (<https://docs.docker.com/build/bake/contexts/#using-a-target-as-a-build-context>).

use super::super::META;
use crate::config::{Config, Place};
use crate::finding::{Finding, Fix};
use crate::model::{CacheKind, CacheSpec, Tool};
use crate::rules::Study;
use crate::rules::cache_ref_shared::written::named;
use crate::rules::planned::{self, Words};
use crate::rules::remedy::At;

/// One finding for each such export.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let calls = planned::places(study).filter(|at| at.config.kind.ci().is_some());
    let calls = calls.filter(|at| at.place.command.tool == Tool::BuildxBake);
    calls.filter_map(|at| finding(study, at)).collect()
}

fn finding(study: &Study, at: At) -> Option<Finding> {
    let export = at.place.every_target.iter().find_map(|raw| {
        let spec = CacheSpec::parse(raw);
        matches!(spec.kind(), CacheKind::Registry | CacheKind::Gha | CacheKind::S3).then_some(spec)
    })?;
    let name = named(at, &export)?.text;
    let file = file_of(study, at)?;
    let (asked, built) = targets(file, &at.place.bake_targets);
    if built.len() < 2 || name_of_target(&export.raw) {
        return None;
    }
    let listed = listed(&built);
    let linked: Vec<&String> = built.iter().filter(|name| !asked.contains(name)).collect();
    let narrow = match (asked.as_slice(), linked.is_empty()) {
        ([one], false) => format!(
            "Write `{one}.cache-to=` in place of `*.cache-to=`: with mode=max its cache holds the linked targets too."
        ),
        _ => "Write one line for each target, with a reference or scope of its own; the list of `*.cache-from=` may name all of them.".to_owned(),
    };
    let words = Words {
        title: format!("{} targets will write their caches to {name}, and each replaces the other's", built.len()),
        cause: format!(
            "One call of bake builds {listed}{}, and `*.cache-to=` sets one export for all of them. An export replaces what was there, so only the one that ends last is kept.",
            if linked.is_empty() { "" } else { " (linked targets are built as well)" }
        ),
        fix: Fix {
            summary: "export each target's cache to a name of its own".to_owned(),
            steps: vec![
                narrow,
                format!("No patch for {}: which targets need a cache of their own is yours to say.", at.config.path),
            ],
            cost: "one more cache for each".to_owned(),
            ..Fix::default()
        },
        rules_out: vec!["the target that takes longest mostly ends last, but nothing makes it so".to_owned()],
        subject: name,
    };
    let lines = at.evidence_of("*.cache-to", "one export for all targets").into_iter();
    let places =
        file.content.places.iter().filter(|place| place.target.as_ref().is_some_and(|name| built.contains(name)));
    let lines = lines.chain(places.filter_map(|place| {
        let quote = file.quote(place.command.quote.line)?;
        Some(crate::finding::Evidence::of(&file.path, &quote, "a target that is built"))
    }));
    planned::finding(&META, META.severity, lines.collect(), words)
}

/// bake puts the target's name in nowhere, but a variable may hold it.
fn name_of_target(raw: &str) -> bool {
    raw.contains("target") && raw.contains('$')
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// The bake file that is named, else the one that bake finds by itself.
fn file_of<'a>(study: &'a Study, at: At) -> Option<&'a Config> {
    let bake = || study.configs.iter().filter(|config| config.kind.name() == "bake");
    let root = planned::root(&at.config.path);
    let path = |name: &str| planned::plain(&format!("{root}/{name}"));
    match &at.place.command.file {
        Some(file) => bake().find(|config| config.path == path(file)),
        None => ["docker-bake.json", "docker-bake.hcl"].iter().find_map(|name| bake().find(|c| c.path == path(name))),
    }
}

/// Targets that are asked for, and those with all they are linked to.
fn targets(file: &Config, named: &[String]) -> (Vec<String>, Vec<String>) {
    let default = ["default".to_owned()];
    let mut asked: Vec<String> = Vec::new();
    let mut open: Vec<String> = if named.is_empty() { default.to_vec() } else { named.to_vec() };
    while let Some(name) = open.pop() {
        match file.content.groups.iter().find(|(group, _)| *group == name) {
            Some((_, members)) => open.extend(members.iter().filter(|m| !asked.contains(m)).cloned()),
            None if asked.contains(&name) => {}
            None => asked.push(name),
        }
    }
    asked.retain(|name| place(file, name).is_some());
    let mut built = asked.clone();
    let mut next = 0;
    while let Some(target) = built.get(next).and_then(|name| place(file, name)) {
        next += 1;
        let links = target.inputs.iter().filter_map(|input| input.split_once("=target:"));
        let new: Vec<String> = links.map(|(_, name)| name.to_owned()).filter(|name| !built.contains(name)).collect();
        built.extend(new.into_iter().filter(|name| place(file, name).is_some()));
    }
    (asked, built)
}

fn place<'a>(file: &'a Config, name: &str) -> Option<&'a Place> {
    file.content.places.iter().find(|place| place.target.as_deref() == Some(name))
}
