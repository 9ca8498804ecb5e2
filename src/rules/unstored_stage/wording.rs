//! What is quoted and said of runs that rebuilt a stage.

use std::collections::BTreeSet;

use super::{Rebuilt, arguments, copied, proof};
use crate::finding::{Alternative, Evidence, not_ruled_out, ruled_out, to_decide};
use crate::model::Step;
use crate::rules::Study;
use crate::rules::dockerfile_at::DockerfileAt;
use crate::rules::past::{Past, header, verdict};
use crate::series::chain::{self, Input};

/// Two runs that show it, and where the cache is written.
pub(super) fn lines(past: &Past, seen: &[Rebuilt], written: Option<Evidence>) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for one in seen.iter().rev().take(2).rev() {
        let Some((run, build)) = past.get(one.at) else { continue };
        for stage in &one.stages {
            let shows = if one.compared {
                "ran again, though nothing it depends on changed"
            } else {
                "the first step of its stage ran"
            };
            let first = stage.steps.first().map(|s| header(run, s, shows));
            lines.extend(first);
            if one.compared
                && let Some(base) = build.base_of(stage.name, stage.platform)
            {
                lines.push(Study::quote(run, &base.quote, "same base image as before"));
            }
        }
        match one.hit {
            Some(hit) => lines.push(verdict(run, hit, "of the final stage came from the cache")),
            None => lines.extend(copied::lines(past, one)),
        }
    }
    lines.extend(written);
    lines
}

/// `stage `build``, `stages `deps`, `build``; the stage that another target of a bake ends with has
/// no name: `[web 2/3] RUN make` between steps of `[web build 1/5] …`.
pub(super) fn stages(seen: &[Rebuilt]) -> String {
    const UNNAMED: &str = "of another target";
    let names: BTreeSet<&str> = seen.iter().flat_map(|r| r.stages.iter().map(|s| s.name)).collect();
    let quoted: Vec<String> =
        names.iter().filter(|name| !name.is_empty()).map(|name| format!("`{name}`")).collect();
    let word = if quoted.len() == 1 { "stage" } else { "stages" };
    match (quoted.as_slice(), names.contains("")) {
        ([], _) => format!("the stage {UNNAMED}"),
        (_, true) => format!("{word} {} and the one {UNNAMED}", quoted.join(", ")),
        (_, false) => format!("{word} {}", quoted.join(", ")),
    }
}

/// ` (in 2 of 5 runs)`; nothing of a run that is alone.
pub(super) fn of_runs(past: &Past, some: usize) -> String {
    if past.len() < 2 {
        return String::new();
    }
    format!(" (in {some} of {} runs)", past.len())
}

/// What else it could have been, and why not.
pub(super) fn rules_out(
    past: &Past,
    seen: &[Rebuilt],
    compared: bool,
    file: Option<&DockerfileAt>,
    blind: Option<&copied::StoreSigns>,
) -> Vec<Alternative> {
    let used = if blind.is_some() { "" } else { " and the final stage used it" };
    let mut said =
        vec![ruled_out(format!("cache not found (the import ended without error{used})"))];
    said.extend(blind.into_iter().flat_map(copied::StoreSigns::rules_out));
    if compared {
        said.push(ruled_out(
            "base image of the stage changed (it is the same as in the run before)",
        ));
    } else {
        said.extend([
            not_ruled_out("base image of the stage changed (one log cannot show it)"),
            to_decide("give the log of the run before"),
        ]);
    }
    if let Some(step) = takes_values(past, file, seen) {
        said.extend([
            not_ruled_out(format!(
                "a build argument (ARG or ENV above it) that `{}` does not show",
                step.text
            )),
            to_decide("compare the build arguments of the runs"),
        ]);
    }
    said.extend(arguments::not_ruled_out_of(past, seen, file));
    said.push(match file {
        Some(file) => ruled_out(format!(
            "layers of the stage in the image ({} copies files out of it, and no FROM leads to it)",
            file.config.path
        )),
        None => to_decide("give the Dockerfile (--config): it proves which stages there are"),
    });
    said
}

/// The first step of the newest run's stages, where values that it does not show may have rerun it.
fn takes_values<'a>(
    past: &Past,
    file: Option<&DockerfileAt>,
    seen: &[Rebuilt<'a>],
) -> Option<&'a Step> {
    let last = seen.last()?;
    let first = *last.stages.first()?.steps.first()?;
    let values = chain::input(first) == Input::Values;
    (values && proof::takes_values(past, file, last.at, first)).then_some(first)
}
