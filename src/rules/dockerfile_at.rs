//! The Dockerfile of a build, found by what it says, and its lines.
//!
//! A Dockerfile is the one of a build only where every step of the log is an instruction of it, in
//! its place; of several that fit equally well none is taken. Says nothing of causes.

mod inputs;
mod matching;

pub(super) use self::inputs::complete;

use super::Study;
use super::past::Past;
use super::recurring::Spot;
use super::remedy::reference;
use crate::config::pattern::fits;
use crate::config::{Change, Config, Instruction, Stage};
use crate::finding::{Edit, Evidence, Fix};
use crate::model::{Build, Run, Step};

/// The Dockerfile a build was made of.
#[derive(Clone, Debug)]
pub(super) struct DockerfileAt<'a> {
    pub(super) config: &'a Config,
    /// Stage and instruction of each step of the build; `None` for steps that are none.
    steps: Vec<Option<(usize, usize)>>,
}

/// The one Dockerfile that can have made this build.
pub(super) fn of<'a>(study: &'a Study, run: &Run, build: &Build) -> Option<DockerfileAt<'a>> {
    find(&study.configs, run, build)
}

fn find<'a>(configs: &'a [Config], run: &Run, build: &Build) -> Option<DockerfileAt<'a>> {
    let commands = run.commands_of(build);
    let named = commands.iter().find_map(|command| command.file.as_deref());
    let folder = commands.iter().find_map(|command| folder_of(command.context.as_deref()?));
    let in_folder = folder.map(|folder| format!("{folder}/Dockerfile"));
    let fitting = configs.iter().filter(|config| is_dockerfile(config)).filter_map(|config| {
        let steps = matching::steps(&config.content, build)?;
        let hint = match (named, &in_folder) {
            // Another name may be told by what the log does not show.
            (None, Some(file)) => matching::hint(&config.path, Some(file)).unwrap_or_default(),
            _ => matching::hint(&config.path, named)?,
        };
        Some((hint, DockerfileAt { config, steps }))
    });
    let mut fitting: Vec<(usize, DockerfileAt)> = fitting.collect();
    fitting.sort_by_key(|(hint, _)| std::cmp::Reverse(*hint));
    let tied = fitting
        .get(1)
        .is_some_and(|(next, _)| fitting.first().is_some_and(|(best, _)| best == next));
    if tied {
        return None;
    }
    fitting.into_iter().next().map(|(_, at)| at)
}

/// A context that is a folder below: its Dockerfile lies there, where no other is named.
fn folder_of(context: &str) -> Option<&str> {
    let folder = context.trim_start_matches("./").trim_end_matches('/');
    let other = matches!(folder, "" | "." | "-") || folder.contains([':', '$', '{']);
    (!other).then_some(folder)
}

/// Every Dockerfile of the configuration.
pub(super) fn all(study: &Study) -> impl Iterator<Item = &Config> {
    study.configs.iter().filter(|config| is_dockerfile(config))
}

fn is_dockerfile(config: &Config) -> bool {
    !config.content.stages.is_empty()
}

impl<'a> DockerfileAt<'a> {
    /// The stage and the instruction that a step of the build carries out.
    pub(super) fn of_step(
        &self,
        build: &Build,
        step: &Step,
    ) -> Option<(&'a Stage, &'a Instruction)> {
        let index = build.steps.element_offset(step)?;
        let (stage, instruction) = (*self.steps.get(index)?)?;
        let stage = self.config.content.stages.get(stage)?;
        Some((stage, stage.instructions.get(instruction)?))
    }

    /// The line of a step's instruction, as evidence.
    pub(super) fn line_of(&self, build: &Build, step: &Step, shows: &str) -> Option<Evidence> {
        line(self.config, self.of_step(build, step)?.1.line, shows)
    }

    /// Stages that are built on this image.
    pub(super) fn on(&self, image: &str) -> impl Iterator<Item = &'a Stage> {
        let image = reference::without_hub(image).to_owned();
        self.config
            .content
            .stages
            .iter()
            .filter(move |stage| matching::is_image(&stage.base, &image))
    }

    /// The stage that the log calls so.
    pub(super) fn stage(&self, printed: &str) -> Option<usize> {
        matching::stage_called(&self.config.content.stages, printed)
    }

    /// The layers of the stage are in every image that ends in the other one: `FROM` leads there.
    pub(super) fn is_below(&self, stage: usize, end: usize) -> bool {
        matching::chain(&self.config.content.stages, end).any(|at| at == stage)
    }

    /// ARG and ENV that a RUN in this line can depend on: those above it in its stage, and in the
    /// stages below it.
    pub(super) fn values_above(&self, step: (&Stage, &Instruction)) -> Vec<&'a Instruction> {
        let stages = &self.config.content.stages;
        let own = stages.iter().position(|s| s.line == step.0.line).unwrap_or_default();
        let mut chain: Vec<&Stage> =
            matching::chain(stages, own).filter_map(|at| stages.get(at)).collect();
        chain.reverse();
        let values = chain
            .into_iter()
            .flat_map(|s| &s.instructions)
            .filter(|i| matches!(i.keyword.as_str(), "ARG" | "ENV"));
        values.filter(|i| i.line < step.1.line).collect()
    }
}

/// The line of a spot's instruction in the Dockerfile of the last run that broke there.
pub(super) fn line_of(past: &Past, spot: &Spot, shows: &str) -> Option<Evidence> {
    let (run, build) = past.get(*spot.broken.last()?)?;
    of(past.study, run, build)?.line_of(build, spot.last()?, shows)
}

/// A line of a configuration file, as evidence.
pub(super) fn line(config: &Config, line: u64, shows: &str) -> Option<Evidence> {
    Some(Evidence::of(&config.path, &config.quote(line)?, shows))
}

/// Adds the change of a file to a fix, or says why there is none.
pub(super) fn with_changes(
    mut fix: Fix,
    config: &Config,
    changes: Result<Vec<Change>, String>,
) -> Fix {
    let corrected = changes.and_then(|changes| Ok((config.corrected(&changes)?, changes)));
    match corrected {
        Ok((new, changes)) => fix.edits.push(Edit {
            path: config.path.clone(),
            diff: new.diff,
            change: new.change,
            safe: changes.iter().all(Change::is_safe),
            builders: Vec::new(),
        }),
        Err(why) => fix.steps.push(format!("No patch for {}: {why}.", config.path)),
    }
    fix
}

/// The text of an instruction, values filled in, is that of a step.
fn prints(written: &str, printed: &str) -> bool {
    fits(written, printed) || (written.contains('\\') && fits(&written.replace('\\', ""), printed))
}

#[cfg(test)]
mod tests;
