//! A call of bake in a CI, the file it reads and the targets it builds.

use super::built::Built;
use crate::config::Config;
use crate::model::Tool;
use crate::rules::Study;
use crate::rules::remedy::{At, place};

/// Calls of bake in the files of CIs.
pub(in crate::rules) fn calls(study: &Study) -> impl Iterator<Item = At<'_>> {
    let calls = place::all(study).filter(|at| at.ci().is_some());
    calls.filter(|at| at.place.command.tool == Tool::BuildxBake)
}

/// What a call of bake or Compose builds: the file that it reads, and which of its places.
pub(in crate::rules) fn built<'a>(study: &'a Study, at: At) -> Option<(&'a Config, &'a Built)> {
    let (file, built) = study.calls.built(&study.configs, at)?;
    Some((study.configs.get(file)?, built))
}

/// Calls of bake or Compose that build this target or service, or may.
pub(in crate::rules) fn calls_of<'a>(
    study: &'a Study,
    at: At<'a>,
) -> impl Iterator<Item = At<'a>> + use<'a> {
    let reader = at.config.kind.reader();
    let calls = study.calls.of_place(&study.configs, at);
    calls.filter(move |call| reader == Some(call.place.command.tool))
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
    let made_of_a_matrix = at.place.target.as_ref().is_none_or(|name| name.contains('$'));
    made_of_a_matrix || !study.calls.passes_over(at)
}

/// The only target that a call asks for.
pub(in crate::rules) fn asked<'a>(study: &'a Study, at: At) -> Option<At<'a>> {
    let (file, built) = built(study, at)?;
    let [only] = built.asked.as_slice() else { return None };
    place::forms_of(file, *only).next()
}
