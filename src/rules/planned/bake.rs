//! A call of bake in a CI, the file it reads and the targets it builds.
//!
//! Targets that are linked by `contexts = { x = "target:y" }` are built as well, each a build of
//! its own (<https://docs.docker.com/build/bake/contexts/#using-a-target-as-a-build-context>).

use crate::config::{Config, Place};
use crate::model::Tool;
use crate::rules::Study;
use crate::rules::remedy::{At, place};

/// Calls of bake in the files of CIs.
pub(in crate::rules) fn calls(study: &Study) -> impl Iterator<Item = At<'_>> {
    let calls = place::all(study).filter(|at| at.ci().is_some());
    calls.filter(|at| at.place.command.tool == Tool::BuildxBake)
}

/// The file that a call of bake or Compose reads.
pub(in crate::rules) fn file_of<'a>(study: &'a Study, at: At) -> Option<&'a Config> {
    study.configs.get(study.calls.file(&study.configs, at)?)
}

/// Calls of bake or Compose that read the file of this target.
pub(in crate::rules) fn calls_of<'a>(
    study: &'a Study,
    at: At<'a>,
) -> impl Iterator<Item = At<'a>> + use<'a> {
    let tool = match at.config.kind.name() {
        "bake" => Some(Tool::BuildxBake),
        "compose" => Some(Tool::Compose),
        _ => None,
    };
    study.calls.of_file(&study.configs, at.config).filter(move |call| {
        tool == Some(call.place.command.tool) && call.config.kind.name() != at.config.kind.name()
    })
}

/// Settings of the calls of a target, for it among others: `--set web.args.V=1`, `--set *.args.V=1`.
pub(in crate::rules) fn settings_of<'a>(
    study: &'a Study,
    at: At<'a>,
) -> impl Iterator<Item = (At<'a>, &'a str, &'a str)> {
    let is_its = move |pattern: &str| match pattern.split_once('*') {
        Some((begin, end)) => {
            at.place.target.as_deref().is_some_and(|t| t.starts_with(begin) && t.ends_with(end))
        }
        None => at.place.target.as_deref() == Some(pattern),
    };
    let of_call = move |call: At<'a>| {
        call.place.set.iter().filter_map(move |(key, value)| {
            let (pattern, field) = key.split_once('.')?;
            is_its(pattern).then_some((call, field, value.as_str()))
        })
    };
    calls_of(study, at).flat_map(of_call)
}

/// Some call builds the target, as far as there are calls and their targets are written out.
pub(in crate::rules) fn may_be_built(study: &Study, at: At) -> bool {
    let Some(target) = at.place.target.as_ref().filter(|name| !name.contains('$')) else {
        return true;
    };
    let mut calls = calls_of(study, at).peekable();
    calls.peek().is_none()
        || calls.any(|call| {
            let named = named(call);
            let known = |name: &String| {
                let group = at.config.content.groups.iter().any(|(group, _)| group == name);
                group || self::target(at.config, name).is_some()
            };
            let (asked, built) = targets(at.config, call);
            asked.is_empty() || !named.iter().all(known) || built.contains(target)
        })
}

/// The targets, groups or services that a call names: none stands for those the file has by default.
fn named(call: At) -> Vec<String> {
    call.place.target.iter().chain(&call.place.command.targets).cloned().collect()
}

/// The only target that a call asks for.
pub(in crate::rules) fn asked<'a>(study: &'a Study, at: At) -> Option<At<'a>> {
    let file = file_of(study, at)?;
    let (asked, _) = targets(file, at);
    let [only] = asked.as_slice() else { return None };
    super::places_of(file).find(|place| place.place.target.as_ref() == Some(only))
}

/// Targets that a call asks for in this file, and those with all they are linked to.
pub(in crate::rules) fn targets(file: &Config, call: At) -> (Vec<String>, Vec<String>) {
    let mut asked: Vec<String> = Vec::new();
    let mut open: Vec<String> = named(call);
    open.reverse();
    if open.is_empty() {
        open = by_default(file);
    }
    while let Some(name) = open.pop() {
        match file.content.groups.iter().find(|(group, _)| *group == name) {
            Some((_, members)) => {
                open.extend(members.iter().rev().filter(|m| !asked.contains(m)).cloned());
            }
            None if asked.contains(&name) => {}
            None => asked.push(name),
        }
    }
    asked.retain(|name| target(file, name).is_some());
    let mut built = asked.clone();
    let mut next = 0;
    while let Some(place) = built.get(next).and_then(|name| target(file, name)) {
        next += 1;
        let links = place.inputs.iter().filter_map(|input| input.split_once("=target:"));
        let new: Vec<String> =
            links.map(|(_, name)| name.to_owned()).filter(|name| !built.contains(name)).collect();
        built.extend(new.into_iter().filter(|name| target(file, name).is_some()));
    }
    (asked, built)
}

/// What a call builds that names nothing.
fn by_default(file: &Config) -> Vec<String> {
    if file.kind.name() != "compose" {
        return vec!["default".to_owned()];
    }
    file.content.places.iter().rev().filter_map(|place| place.target.clone()).collect()
}

/// Targets of these names.
pub(in crate::rules) fn places_of<'a>(
    file: &'a Config,
    names: &[String],
) -> impl Iterator<Item = At<'a>> {
    let is_one = |at: &At| at.place.target.as_ref().is_some_and(|target| names.contains(target));
    super::places_of(file).filter(is_one)
}

fn target<'a>(file: &'a Config, name: &str) -> Option<&'a Place> {
    file.content.places.iter().find(|place| place.target.as_deref() == Some(name))
}
