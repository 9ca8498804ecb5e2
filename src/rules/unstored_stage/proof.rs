//! What the Dockerfile adds: that the rebuilt stage is no part of the image, and that nothing but a
//! missing record can have rerun it.

use super::Rebuilt;
use crate::finding::Evidence;
use crate::model::Step;
use crate::rules::dockerfile_at::{self, DockerfileAt};
use crate::rules::past::Past;
use crate::series::chain::{self, Input};

/// The Dockerfile of the last run that shows it.
pub(super) fn of<'a>(past: &Past<'a>, last: &Rebuilt) -> Option<DockerfileAt<'a>> {
    let (run, build) = past.get(last.at)?;
    dockerfile_at::of(past.study, run, build)
}

/// Stages that the image is built `FROM` are in the image, so every cache holds them: something
/// else rebuilt them.
pub(super) fn without_image<'a>(past: &Past<'a>, mut rebuilt: Rebuilt<'a>) -> Rebuilt<'a> {
    if let Some(file) = of(past, &rebuilt) {
        let end = file.stage(rebuilt.last);
        let inside = |name: &str| {
            file.stage(name).zip(end).is_some_and(|(stage, end)| file.is_below(stage, end))
        };
        rebuilt.stages.retain(|stage| !inside(stage.name));
    }
    rebuilt
}

/// No other explanation is left: in each run the final stage was found and the builder had nothing
/// of its own, nobody else writes the cache, and the first step of each stage depends on nothing
/// but its text and its base.
pub(super) fn decides(past: &Past, file: &DockerfileAt, seen: &[Rebuilt]) -> bool {
    let new = |r: &Rebuilt| past.builds.get(r.at).is_some_and(|build| build.booted.is_some());
    let bare = |r: &Rebuilt| r.hit.is_some_and(|hit| hit.fetched.is_some() || new(r));
    let fixed = |r: &Rebuilt| {
        r.stages
            .iter()
            .filter_map(|stage| stage.steps.first())
            .all(|step| !takes_values(past, Some(file), r.at, step))
    };
    !past.shares_reference() && seen.iter().all(|r| bare(r) && fixed(r))
}

/// An ARG or ENV may have rerun the step; without the Dockerfile every RUN may have some.
pub(super) fn takes_values(
    past: &Past,
    file: Option<&DockerfileAt>,
    at: usize,
    step: &Step,
) -> bool {
    if chain::input(step) != Input::Values {
        return chain::input(step) != Input::None;
    }
    let place = file
        .zip(past.builds.get(at))
        .and_then(|(file, build)| Some((file, file.of_step(build, step)?)));
    place.is_none_or(|(file, place)| !file.values_above(place).is_empty())
}

/// Where the stages begin, and what is copied out of them.
pub(super) fn lines(file: &DockerfileAt, last: &Rebuilt) -> Vec<Evidence> {
    let stages = &file.config.content.stages;
    let mut lines = Vec::new();
    for rebuilt in &last.stages {
        let Some((index, stage)) =
            file.stage(rebuilt.name).and_then(|index| Some((index, stages.get(index)?)))
        else {
            continue;
        };
        lines.extend(dockerfile_at::line(file.config, stage.line, "a stage of its own"));
        let names = |from: &String| *from == stage.name || *from == index.to_string();
        let copies = stages.iter().flat_map(|s| &s.instructions).find(|i| i.from.iter().any(names));
        lines.extend(copies.and_then(|i| {
            dockerfile_at::line(file.config, i.line, "only files come out of it, no layers")
        }));
    }
    lines
}
