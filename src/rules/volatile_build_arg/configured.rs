//! A Dockerfile without a log: an argument of one commit or run, declared above installations.
//!
//! What is given decides, not what the argument is called: its name counts only where the
//! configuration shows no build of the Dockerfile, or hides what that is given.

use super::{META, order};
use crate::config::dockerfile::declared;
use crate::config::{Change, Config, Instruction, Place};
use crate::finding::{Evidence, Fix, Severity, not_ruled_out};
use crate::model::Tool;
use crate::rules::Study;
use crate::rules::build_args::names_one_commit;
use crate::rules::changing_value::changing;
use crate::rules::dockerfile_at::{all, line, with_changes};
use crate::rules::instruction::brief;
use crate::rules::planned::{self, Ordered, Words, bake, environment};
use crate::rules::remedy::At;

/// One finding for each Dockerfile.
pub(super) fn findings(study: &Study) -> Vec<Ordered<'_>> {
    all(study).filter_map(|config| finding(study, config)).collect()
}

/// What one stage declares too early.
struct EarlyArgument<'a> {
    names: Vec<&'a str>,
    declaration: &'a Instruction,
    invalidated: &'a Instruction,
    changes: Result<Vec<Change>, String>,
    /// The stage that hands it on to that of `invalidated`; `None` where both are in one.
    handed_on_by: Option<&'a str>,
}

const HANDED_ON: &str = "stages that are built on this one may use what it hands on";

fn finding<'a>(study: &'a Study, config: &'a Config) -> Option<Ordered<'a>> {
    let mut builds = planned::builds_of(study, config);
    builds.retain(|at| !at.place.command.no_cache);
    let found: Vec<EarlyArgument> = (0..config.content.stages.len())
        .filter_map(|at| early(study, config, at, &builds))
        .collect();
    let first = found.first()?;
    let (name, invalidated) = (*first.names.first()?, brief(&first.invalidated.text));
    let changes = found.iter().map(|early| early.changes.clone()).collect::<Result<Vec<_>, _>>();
    let fix = fix(name, &invalidated, first.handed_on_by);
    let given = builds.iter().find_map(|at| given(study, *at, name));
    let told = match &given {
        Some((_, value)) => {
            format!("It is given `{value}`, which is different in each commit or run.")
        }
        None => format!(
            "With a different `{name}` in each build, nothing below it ever comes from the cache."
        ),
    };
    let doubt = not_ruled_out(
        "a build that never gives it a value (then it is not slowed down; the command line shows \
            it)",
    );
    let words = Words {
        title: format!("`{name}` is declared above `{invalidated}`, which does not need it"),
        cause: format!(
            "The value of an ARG is part of what every RUN below it depends on, used or not. {told}"
        ),
        fix: with_changes(fix, config, changes.map(|changes| changes.concat())),
        rules_out: given.is_none().then_some(doubt).into_iter().collect(),
        subject: format!("{}:{name}", config.path),
    };
    let asks = given.and_then(|(at, _)| at.evidence_of(name, "gives it"));
    let lines = found.iter().flat_map(|early| lines(config, early)).chain(asks).collect();
    // Where others are known to be built, this one may be built by nobody.
    let unused = builds.is_empty() && study.dockerfiles.are_built();
    let severity = if unused { Severity::Note } else { META.severity };
    let finding = planned::finding(&META, severity, lines, words)?;
    Some(Ordered { config, invalidated: first.invalidated.line, finding })
}

fn fix(name: &str, invalidated: &str, handed_on_by: Option<&str>) -> Fix {
    let (summary, step) = match handed_on_by {
        Some(stage) => (
            format!("declare `{name}` in the stages that use it, not in `{stage}`"),
            format!(
                "Move `ARG {name}`, and what is made of it, out of `{stage}` and into each stage \
                    that uses it: `{invalidated}` stands in another stage that is built on \
                    `{stage}`."
            ),
        ),
        None => (
            format!("declare `{name}` below `{invalidated}`"),
            format!(
                "Move `ARG {name}`, and what is made of it, to right above the first instruction \
                    that needs it."
            ),
        ),
    };
    Fix { summary, steps: vec![step], ..Fix::default() }
}

fn early<'a>(
    study: &Study,
    config: &'a Config,
    at: usize,
    builds: &[At],
) -> Option<EarlyArgument<'a>> {
    let stages = &config.content.stages;
    let stage = stages.get(at)?;
    let arguments = stage.instructions.iter().filter(|i| i.keyword == "ARG" && !is_meant(&i.text));
    let volatile = arguments.flat_map(|argument| {
        declared(&argument.text).into_iter().map(move |name| (argument, name))
    });
    let volatile = volatile.filter(|(argument, name)| is_volatile(study, argument, name, builds));
    let volatile: Vec<(&Instruction, &str)> = volatile.collect();
    let invalidated = |name: &str| order::invalidated(stage, name);
    let own = volatile.iter().map(|(_, name)| *name).filter(|name| invalidated(name).is_some());
    let names: Vec<&str> = own.collect();
    if let Some(name) = names.first() {
        let declaration = stage.instructions.iter().find(|i| declared(&i.text).contains(name))?;
        let (invalidated, changes) = (invalidated(name)?, order::changes(stage, &names));
        let handed_on_by = None;
        return Some(EarlyArgument { names, declaration, invalidated, changes, handed_on_by });
    }
    let handed_on = |(declaration, name): &(&'a Instruction, &'a str)| {
        let invalidated = order::spoilt_above(stages, at, declaration, name)?;
        let changes = Err(HANDED_ON.to_owned());
        let (names, handed_on_by) = (vec![*name], Some(stage.name.as_str()));
        Some(EarlyArgument { names, declaration, invalidated, changes, handed_on_by })
    };
    volatile.iter().find_map(handed_on)
}

/// `ARG CACHE_BUST`: it is there to have everything below it built again.
fn is_meant(argument: &str) -> bool {
    let name = argument.to_ascii_uppercase().replace('_', "");
    ["CACHEBUST", "BUSTCACHE", "NOCACHE", "FORCEREBUILD"].iter().any(|word| name.contains(word))
}

fn lines(config: &Config, early: &EarlyArgument) -> Vec<Evidence> {
    let declared =
        line(config, early.declaration.line, "its value is different in each commit or run");
    let invalidated =
        line(config, early.invalidated.line, "does not need it, and runs again with every value");
    declared.into_iter().chain(invalidated).collect()
}

/// Some build gives it a value of one commit or run; where nothing shows what builds give, its name
/// says so.
fn is_volatile(study: &Study, argument: &Instruction, name: &str, builds: &[At]) -> bool {
    if builds.iter().any(|at| given(study, *at, name).is_some()) {
        return true;
    }
    let hidden = builds.is_empty() || builds.iter().any(|at| hides(at, name));
    hidden && per_commit(argument, name)
}

/// The value that a build gives it, if that is another one each time, and where. What a call of
/// bake gives is for the targets that it names.
pub(super) fn given<'a>(study: &'a Study, at: At<'a>, name: &str) -> Option<(At<'a>, String)> {
    if at.place.command.tool == Tool::BuildxBake && !is_bake_file(&at) {
        return None;
    }
    let mut set = bake::settings_of(study, at)
        .filter(|(_, field, _)| field.strip_prefix("args.") == Some(name));
    let set = set.find(|(call, _, value)| changing(&call.place.expanded(value)).is_some());
    if let Some((call, _, value)) = set {
        return Some((call, call.place.expanded(value)));
    }
    own(study, at, name).map(|value| (at, value))
}

fn is_bake_file(at: &At) -> bool {
    at.config.kind.reader() == Some(Tool::BuildxBake)
}

fn own(study: &Study, at: At, name: &str) -> Option<String> {
    let own = |argument: &&String| {
        argument.split_once('=').map_or(argument.as_str(), |(known, _)| known).trim() == name
    };
    let argument = at.place.command.build_args.iter().rev().find(own)?;
    let Some((_, value)) = argument.split_once('=') else { return of_environment(&at, name) };
    let value = value.trim_matches(['"', '\'']);
    let of_bake = is_bake_file(&at) && value.contains('$');
    let called = of_bake.then(|| of_calls(study, &at, value)).into_iter().flatten();
    called.chain([at.place.expanded(value)]).find(|value| changing(value).is_some())
}

/// `--build-arg REV`: it has the value that the environment of the command holds, where the file
/// sets that.
fn of_environment(at: &At, name: &str) -> Option<String> {
    if !environment::is_exported(at.config, name) {
        return None;
    }
    let written = format!("${{{name}}}");
    let value = at.place.expanded(&written);
    (value != written && changing(&value).is_some()).then_some(value)
}

/// A bake variable has its value from the environment of the call, where that sets it.
fn of_calls(study: &Study, at: &At, value: &str) -> Vec<String> {
    bake::calls_of(study, *at).map(|call| of_call(&call, at, value)).collect()
}

fn of_call(call: &At, at: &At, value: &str) -> String {
    let exported = |(name, _): &&(String, String)| environment::is_exported(call.config, name);
    let given = call.place.variables.iter().filter(exported);
    let variables = at.place.variables.iter().chain(given).cloned().collect();
    Place { variables, ..Place::default() }.expanded(value)
}

/// It is given by a name alone, out of the environment, or all arguments are in one variable.
fn hides(at: &At, name: &str) -> bool {
    let hidden = |argument: &String| {
        argument.trim() == name || (argument.starts_with('$') && !argument.contains("}}="))
    };
    at.place.command.build_args.iter().any(hidden)
}

/// `ARG GIT_SHA`, `ARG BUILD_DATE=unknown`: a name that is given anew each time. One with a default
/// that is a value of its own is a pinned version.
fn per_commit(argument: &Instruction, name: &str) -> bool {
    let written =
        argument.text.split_ascii_whitespace().find(|word| word.split('=').next() == Some(name));
    let value = written
        .and_then(|word| word.split_once('='))
        .map_or("", |(_, value)| value)
        .trim_matches(['"', '\'']);
    let none =
        ["", "unknown", "none", "dev", "local", "development", "n/a", "unset"].contains(&value);
    none && names_one_commit(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_stage_hands_on_is_declared_where_it_is_used() {
        let own = fix("SHA", "RUN npm ci", None);
        assert_eq!(own.summary, "declare `SHA` below `RUN npm ci`");
        let handed_on = fix("SHA", "RUN npm ci", Some("base"));
        assert_eq!(handed_on.summary, "declare `SHA` in the stages that use it, not in `base`");
        assert!(handed_on.steps[0].contains("`RUN npm ci` stands in another stage"));
    }
}
