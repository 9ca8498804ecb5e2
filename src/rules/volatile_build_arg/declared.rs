//! The arguments and variables above a step: those that the Dockerfile declares, or the builder
//! prints.

use crate::config::dockerfile;
use crate::config::{Config, Stage};
use crate::finding::Evidence;
use crate::model::{Build, Dialect, Step};
use crate::rules::build_args;
use crate::rules::dockerfile_at::{self, DockerfileAt};
use crate::rules::past::{Past, header};
use crate::rules::recurring::Spot;

/// What the Dockerfile says of a step.
pub(super) struct Values<'a> {
    pub(super) place: (&'a Config, &'a Stage),
    /// Names of the ARG and ENV above it, and their lines. Without any no value can rerun it.
    pub(super) declared: (Vec<String>, Vec<Evidence>),
}

pub(super) fn in_file<'a>(past: &Past<'a>, spot: &Spot) -> Option<Values<'a>> {
    let &at = spot.broken.last()?;
    let ((run, build), step) = (past.get(at)?, spot.step(at)?);
    let file: DockerfileAt<'a> = dockerfile_at::of(past.study, run, build)?;
    let place = file.of_step(build, step)?;
    let mut values = file.values_above(place);
    values.retain(|value| !is_constant(&value.text));
    let names =
        values.iter().flat_map(|value| dockerfile::declared(&value.text)).map(str::to_owned);
    let mut names: Vec<String> = names.collect();
    names.sort_by_key(|name| !build_args::names_a_run(name));
    names.dedup();
    let shows = "its value is part of what every RUN below depends on";
    let lines = values
        .iter()
        .filter_map(|value| dockerfile_at::line(file.config, value.line, shows))
        .collect();
    Some(Values { place: (file.config, place.0), declared: (names, lines) })
}

/// `ENV NODE_ENV=production`: without a variable in its value it is the same in each run, but for
/// one that a CI may write into the file (`ENV VERSION=4711`).
fn is_constant(text: &str) -> bool {
    let env = text.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("ENV "));
    env && !text.contains('$')
        && !dockerfile::declared(text).into_iter().any(build_args::names_a_run)
}

/// Everything of the stage above a step.
pub(super) fn above<'a>(build: &'a Build, step: &Step) -> Vec<&'a Step> {
    build.steps.iter().filter(|s| s.stage == step.stage && s.position < step.position).collect()
}

/// `BuildKit` prints no instruction that makes no layer.
fn prints_arg(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Classic | Dialect::Kaniko | Dialect::Buildah)
}

/// Names of the ARG instructions above the step, where the builder prints them.
pub(super) fn printed(past: &Past, spot: &Spot) -> (Vec<String>, Vec<Evidence>) {
    let found = spot.broken.last().and_then(|&i| Some((past.get(i)?, spot.step(i)?)));
    let Some(((run, build), step)) = found.filter(|((_, build), _)| prints_arg(build.dialect))
    else {
        return (Vec::new(), Vec::new());
    };
    let args: Vec<&Step> =
        above(build, step).into_iter().filter(|s| s.instruction == "ARG").collect();
    let name = |s: &&Step| s.text.split(['=', ' ']).nth(1).map(str::to_owned);
    let mut names: Vec<String> = args.iter().filter_map(name).collect();
    names.sort_by_key(|name| !build_args::names_a_run(name));
    (
        names,
        args.iter()
            .map(|s| header(run, s, "its value is part of what every RUN below depends on"))
            .collect(),
    )
}
