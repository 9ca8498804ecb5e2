//! Whether two places build different things: then they cannot share what they export.

use crate::config::dockerfile::declared;
use crate::config::pieces;
use crate::rules::Study;
use crate::rules::planned;
use crate::rules::remedy::At;

/// Equal ones may share a cache. Of one Dockerfile built twice in a job, the second build has what
/// the first one left in the builder, and exports it too as far as it is used.
pub(in crate::rules) fn differ(study: &Study, a: At, b: At) -> bool {
    let (one, other) = (&a.place.command, &b.place.command);
    let dockerfile =
        |at: At| planned::dockerfile_path(at).or_else(|| at.place.command.file.clone());
    if planned::context(a.place) != planned::context(b.place) || dockerfile(a) != dockerfile(b) {
        return true;
    }
    let one_job =
        !a.place.job.is_empty() && a.place.job == b.place.job && a.config.path == b.config.path;
    let disjoint = !one.platforms.is_empty()
        && !other.platforms.is_empty()
        && !one
            .platforms
            .iter()
            .any(|platform| platform.contains(['$', '{']) || other.platforms.contains(platform))
        && !other.platforms.iter().any(|platform| platform.contains(['$', '{']));
    let named = a.place.target != b.place.target
        && (named_elsewhere(a) || named_elsewhere(b) || inputs(study, a) != inputs(study, b));
    let staged = one.target != other.target && stages_differ(study, a, b, one_job);
    named || staged || disjoint || arguments_differ(study, a, b)
}

/// Each of them runs something in stages that the other one does not build. What both build is in
/// the cache of either, where all stages are stored.
fn stages_differ(study: &Study, a: At, b: At, one_job: bool) -> bool {
    let max = |at: At| {
        let exports = &at.place.command.cache_to;
        !exports.is_empty() && exports.iter().all(|spec| spec.get("mode") == Some("max"))
    };
    let (Some((file, one)), Some((_, other))) =
        (planned::built(study, a), planned::built(study, b))
    else {
        return !one_job;
    };
    let stages = &file.content.stages;
    // What comes behind a copy of the whole context would hardly ever be found.
    let runs = |number: &usize| {
        let stage = stages.get(*number);
        stage.is_some_and(|stage| stage.instructions.iter().any(|i| i.keyword == "RUN"))
            && !planned::is_late(stages, *number)
    };
    let alone = |these: &[usize], those: &[usize]| {
        these.iter().filter(|number| !those.contains(number)).any(runs)
    };
    !(one_job || max(a) && max(b)) || alone(&one, &other) && alone(&other, &one)
}

/// A file of a CI names a service or target, what that builds stands in another file.
fn named_elsewhere(at: At) -> bool {
    at.config.kind.ci().is_some()
}

/// What decides beside directory, Dockerfile and stage what a service or target builds.
fn inputs(study: &Study, at: At) -> Vec<String> {
    let command = &at.place.command;
    let name = |argument: &String| argument.split('=').next().unwrap_or_default().to_owned();
    let arguments = command.build_args.iter().filter(|a| reaches_steps(study, at, &name(a)));
    let given = at.place.inputs.iter().chain(arguments).chain(&command.platforms);
    let mut given: Vec<String> = given.map(|text| at.place.expanded(text)).collect();
    given.sort();
    given
}

/// An argument that both are given, with two values that somebody wrote, where the Dockerfile has
/// steps below it.
fn arguments_differ(study: &Study, a: At, b: At) -> bool {
    let (one, other) = (arguments(a), arguments(b));
    one.iter().any(|(name, value)| {
        let mut same = other.iter().filter(|(known, _)| known == name);
        same.any(|(_, another)| value != another) && reaches_steps(study, a, name)
    })
}

/// Arguments with values without variables.
fn arguments(at: At) -> Vec<(String, String)> {
    let pair = |argument: &String| {
        let (name, value) = argument.split_once('=')?;
        let value = at.place.expanded(value.trim_matches(['"', '\'']));
        let plain =
            pieces(&value).all(|piece| piece.form.is_none()) && !name.starts_with("BUILDKIT_");
        plain.then(|| (name.trim().to_owned(), value))
    };
    at.place.command.build_args.iter().filter_map(pair).collect()
}

/// Below its declaration something is run; of a Dockerfile that is not there nothing else is known.
fn reaches_steps(study: &Study, at: At, name: &str) -> bool {
    let Some(file) = planned::dockerfile(study, at) else { return true };
    let global =
        file.content.arguments.iter().any(|argument| declared(&argument.text).contains(&name));
    let in_stage = file.content.stages.iter().any(|stage| {
        let declaration = stage.instructions.iter().find(|i| declared(&i.text).contains(&name));
        declaration.is_some_and(|argument| {
            stage.instructions.iter().any(|i| i.keyword == "RUN" && i.line > argument.line)
        })
    });
    let bases = || {
        file.content
            .stages
            .iter()
            .any(|stage| crate::config::dockerfile::mentions(&stage.base, name))
    };
    in_stage || (global && bases())
}
