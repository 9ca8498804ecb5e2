//! Build arguments that rerun steps of the stage whatever the cache holds.

use super::Rebuilt;
use crate::config::dockerfile::declared;
use crate::finding::{Alternative, not_ruled_out};
use crate::rules::build_args;
use crate::rules::dockerfile_at::DockerfileAt;
use crate::rules::past::Past;

/// Those with another value in each of these runs, which the Dockerfile, where it is given,
/// declares in the stages.
pub(super) fn not_ruled_out_of(
    past: &Past,
    seen: &[Rebuilt],
    file: Option<&DockerfileAt>,
) -> Option<Alternative> {
    let runs: Vec<usize> = seen.iter().map(|one| one.at).collect();
    let mut changing = build_args::changing(past, &runs).into_iter().map(|one| one.name);
    let name = changing.find(|name| file.is_none_or(|file| is_declared(file, seen, name)))?;
    Some(not_ruled_out(format!(
        "`{name}`, which has another value in each of these runs: a RUN below its ARG runs again \
            whatever the cache holds"
    )))
}

fn is_declared(file: &DockerfileAt, seen: &[Rebuilt], name: &str) -> bool {
    let stages = seen.iter().flat_map(|one| &one.stages);
    let written =
        stages.filter_map(|stage| file.config.content.stages.get(file.stage(stage.name)?));
    let mut arguments =
        written.flat_map(|stage| &stage.instructions).filter(|i| i.keyword == "ARG");
    arguments.any(|argument| declared(&argument.text).contains(&name))
}
