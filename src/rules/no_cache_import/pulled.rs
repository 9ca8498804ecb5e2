//! The image that is built is pulled before, and no `--cache-from` names it: the classic builder does
//! not look at it (docker/cli `--cache-from`; moby issue 39176).

use super::classic::by_compose;
use crate::finding::{Evidence, Fix};
use crate::model::{Build, Command, Dialect, NamedImage, Run, Tool};
use crate::rules::Study;
use crate::rules::command_lines::may_hold_options;
use crate::rules::past::Past;
use crate::rules::remedy::{command_line, reference};
use crate::series::chain::{self, Input};
use crate::series::fetched_before;

/// The last run that does so, of runs that all do.
pub(super) struct Pulled<'a> {
    run: &'a Run,
    pull: &'a NamedImage,
    command: &'a Command,
    /// Its first step reads no files that may have changed.
    pub(super) is_telling: bool,
}

impl<'a> Pulled<'a> {
    pub(super) fn of(past: &Past<'a>, cold: &[usize]) -> Option<Self> {
        let all: Option<Vec<Self>> = cold.iter().map(|&i| in_vain(past, i)).collect();
        all?.pop()
    }

    /// What completes `all 3 runs start cold: …`.
    pub(super) fn title(&self) -> String {
        format!("{} is pulled, and no `--cache-from` names it", self.pull.image)
    }

    pub(super) fn cause(&self) -> String {
        format!(
            "The classic builder finds steps among those that it ran itself on this machine, and \
                in images that `--cache-from` names. {} is pulled before the build and not named, \
                so it is not looked at, and every step ran.",
            self.pull.image
        )
    }

    pub(super) fn lines(&self) -> [Evidence; 2] {
        [
            Study::quote(self.run, &self.pull.quote, "the image is fetched before the build"),
            Study::quote(self.run, &self.command.quote, "the build is not told to use it"),
        ]
    }

    pub(super) fn fix(&self, better: Fix) -> Fix {
        let image = &self.pull.image;
        let line = command_line(self.command);
        let told = line.replacen(" build ", &format!(" build --cache-from {image} "), 1);
        let snippet = better.snippet.unwrap_or_default();
        Fix {
            summary: format!("name the image that is pulled: `--cache-from {image}`"),
            steps: vec![
                format!("Call the build with `--cache-from {image}`."),
                "The image holds the final stage only: the steps of build stages still run."
                    .to_owned(),
                "Better: build with BuildKit and a registry cache, which holds every stage; the \
                    pull is then not needed."
                    .to_owned(),
            ],
            snippet: Some(format!("{told}\n\n# or, with BuildKit\n{snippet}")),
            ..better
        }
    }
}

fn in_vain<'a>(past: &Past<'a>, i: usize) -> Option<Pulled<'a>> {
    let (run, build) = past.get(i).filter(|(_, b)| b.dialect == Dialect::Classic)?;
    let [command] = past.commands(i) else { return None };
    let names_none = command.cache_from.is_empty() && command.cache_to.is_empty();
    let docker = command.tool == Tool::DockerBuild && !may_hold_options(command);
    if !docker || !names_none || by_compose(build) {
        return None;
    }
    let mut before = fetched_before(build, &run.pulls).into_iter();
    let pull = before.find(|pull| is_own(build, &pull.image))?;
    let first = build.decided().next()?;
    let is_telling = matches!(chain::input(first), Input::None | Input::Values);
    Some(Pulled { run, pull, command, is_telling })
}

/// It is of the repository that the build writes, and no stage stands on it.
fn is_own(build: &Build, pulled: &str) -> bool {
    let written = build.images.iter().any(|image| reference::same_repository(image, pulled));
    written && build.bases.iter().all(|base| !reference::same(&base.image, pulled))
}
