//! Build arguments of the command lines, over the runs of a series.
//!
//! A helper of the rule about changing arguments; knows command lines only.

use std::collections::BTreeSet;

use super::Study;
use super::changing_value;
use super::command_lines;
use super::past::Past;
use crate::finding::Evidence;
use crate::model::{Command, Tool, is_masked, secret_name};
use crate::series::{EPOCH, is_of_a_run};

/// An argument that has another value in every one of some runs.
pub(super) struct Argument {
    pub(super) name: String,
    /// Values as written, in those runs.
    pub(super) values: Vec<String>,
    /// Written with a shell expression that has another value in each run.
    pub(super) expression: bool,
}

/// Arguments that changed from the run before in every one of these runs.
pub(super) fn changing(past: &Past, runs: &[usize]) -> Vec<Argument> {
    let Some(&last) = runs.last() else { return Vec::new() };
    let mut names: Vec<String> = given(past, last).into_iter().map(|(name, _)| name).collect();
    // An action's inputs and the command that it runs give it twice.
    let mut known = BTreeSet::new();
    names.retain(|name| known.insert(name.clone()));
    names.iter().filter_map(|name| argument(past, runs, name)).collect()
}

/// Arguments that each of these runs is given, and whose values come back: `STAGE=test`,
/// `STAGE=live`, `STAGE=test`.
pub(super) fn recurring(past: &Past, runs: &[usize]) -> Vec<String> {
    let names = runs.last().map(|&last| given(past, last)).unwrap_or_default();
    let comes_back = |name: &String| {
        let values: Vec<String> = runs.iter().filter_map(|&i| value(past, i, name)).collect();
        let known: BTreeSet<&String> = values.iter().collect();
        let literal = values.iter().all(|value| !value.contains(['$', '`']));
        literal && values.len() == runs.len() && known.len() > 1 && known.len() * 2 <= runs.len()
    };
    // The value of `NPM_TOKEN` is no part of a name that others read.
    let open = |name: &String| secret_name::name(name).is_none();
    names.into_iter().map(|(name, _)| name).filter(|name| open(name) && comes_back(name)).collect()
}

/// The command lines of these runs that give the argument.
pub(super) fn lines(past: &Past, runs: &[usize], name: &str) -> Vec<Evidence> {
    runs.iter().filter_map(|i| line(past, *i, name)).take(3).collect()
}

fn line(past: &Past, i: usize, name: &str) -> Option<Evidence> {
    let (run, _) = past.get(i)?;
    // Of an action's inputs only their headline is quoted; the command it runs comes last.
    let command = past.commands(i).iter().rfind(|c| gives(c, name))?;
    let shows = format!("`{name}` has a different value than in the run before");
    Some(Study::quote(run, &command.quote, &shows))
}

/// The command line gives this argument.
pub(super) fn gives(command: &Command, name: &str) -> bool {
    pairs(command).any(|(known, _)| known == name)
}

/// All arguments of these runs are in their command lines, so one that is not there did not change.
pub(super) fn all_known(past: &Past, runs: &[usize]) -> bool {
    let plain = |c: &Command| {
        matches!(
            c.tool,
            Tool::DockerBuild | Tool::BuildxBuild | Tool::BuildPushAction | Tool::Buildctl
        )
    };
    let shown = |value: &str| !value.contains('$') && !is_masked(value);
    let valued = |c: &Command| {
        !command_lines::may_hold_options(c)
            && c.build_args.iter().all(|a| a.split_once('=').is_some_and(|(_, v)| shown(v)))
    };
    runs.iter().all(|&i| {
        let building = past.commands(i).iter().filter(|c| c.tool != Tool::BuildxCreate);
        let mut building = building.peekable();
        building.peek().is_some() && building.all(|c| plain(c) && valued(c))
    })
}

fn argument(past: &Past, runs: &[usize], name: &str) -> Option<Argument> {
    let values: Vec<String> = runs.iter().filter_map(|&i| value(past, i, name)).collect();
    let expression = values.iter().all(|value| changing_value::changing(value).is_some());
    let moved = |&i: &usize| {
        let before = past.back_from(i).find_map(|j| value(past, j, name));
        // Where the runs before show that they do not give it, its first value is another one too.
        let new = || past.previous(i).is_some_and(|j| all_known(past, &[j]));
        before.map_or_else(new, |before| value(past, i, name).is_some_and(|now| now != before))
    };
    let changes = values.len() == runs.len() && (expression || runs.iter().all(moved));
    changes.then(|| Argument { name: name.to_owned(), values, expression })
}

/// The value that the command line of a run gives.
pub(super) fn value(past: &Past, i: usize, name: &str) -> Option<String> {
    given(past, i).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn given(past: &Past, i: usize) -> Vec<(String, String)> {
    past.commands(i)
        .iter()
        .flat_map(pairs)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn pairs(command: &Command) -> impl Iterator<Item = (&str, &str)> {
    let pairs = command
        .build_args
        .iter()
        .flat_map(|a| a.split(['\n', '\r']))
        .filter_map(|a| a.trim().split_once('='));
    pairs.filter(|(name, _)| *name == EPOCH || is_of_a_run(name))
}

/// A name that is usually given a value of one run or commit.
pub(super) fn names_a_run(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "SHA",
        "COMMIT",
        "REVISION",
        "BUILD",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "NUMBER",
        "REF",
        "CACHEBUST",
        "BUST",
        "RUN",
        "ID",
        "VCS",
    ];
    name.to_ascii_uppercase().split('_').any(|word| WORDS.contains(&word))
}

/// A name that can only be a value of one commit or run: `GIT_SHA`, `BUILD_DATE`; not `BUILD_TYPE`,
/// `USER_ID`.
pub(super) fn names_one_commit(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let words: Vec<&str> = name.split('_').collect();
    let has = |some: &[&str]| words.iter().any(|word| some.contains(word));
    has(&["SHA", "COMMIT", "REVISION", "TIMESTAMP"])
        || (has(&["BUILD", "CI", "PIPELINE", "JOB", "RUN"])
            && has(&["DATE", "TIME", "NUMBER", "ID"]))
        || matches!(name.as_str(), "VCS_REF" | "GIT_REF" | "BUILDTIME" | "BUILDDATE")
}
