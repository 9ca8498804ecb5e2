//! Which cache and which Dockerfile the classic builder was asked to use, in the runs of a series.
//!
//! A helper of the rules about that builder; knows command lines only.

use super::instruction::{copies_context, mounts_files};
use super::past::Past;
use super::recurring::{Spot, spots};
use super::remedy::reference;
use super::volatile_build_arg::{culprits, explains};
use crate::model::{Command, Dialect};

/// A command line with `--cache-from`, and the images it names.
pub(super) struct CacheFrom<'a> {
    pub(super) command: &'a Command,
    pub(super) images: Vec<&'a str>,
}

/// What a build of the classic builder takes its cache from: with `--cache-from`, these images
/// alone. `None` where the log shows no such command.
pub(super) fn cache_from<'a>(past: &Past<'a>, i: usize) -> Option<CacheFrom<'a>> {
    past.get(i).filter(|(_, build)| build.dialect == Dialect::Classic)?;
    let command = past.commands(i).iter().find(|c| !c.cache_from.is_empty())?;
    let images: Vec<&str> = command.cache_from.iter().filter_map(|spec| spec.get("ref")).collect();
    (!images.is_empty()).then_some(CacheFrom { command, images })
}

impl CacheFrom<'_> {
    /// The build writes one of the images that it reads, for the next run.
    pub(super) fn renews(&self) -> bool {
        let read = |tag: &str| self.images.iter().any(|image| reference::same(image, tag));
        self.command.tags.iter().any(|tag| read(tag))
    }
}

/// The images of `--cache-from` were made by none of the runs: what is not found in them differs
/// from them, not from the run before.
pub(super) fn compares_with_a_fixed_image(past: &Past, i: usize) -> bool {
    cache_from(past, i).is_some_and(|from| !from.renews())
}

/// All runs that broke at a spot were given images, which held the steps before it.
fn always_given(past: &Past, spot: &Spot) -> bool {
    spot.nearly_always()
        && spot.behind_hits(past)
        && spot.broken.iter().all(|&i| cache_from(past, i).is_some() && !past.asked_for_no_cache(i))
}

/// The first spot that reruns in nearly every run though each is given a cache, where no changing
/// argument explains it.
pub(super) fn always_rerun<'a>(past: &Past<'a>, also: impl Fn(&Spot) -> bool) -> Option<Spot<'a>> {
    let known = culprits(past);
    spots(past)
        .into_iter()
        .find(|spot| always_given(past, spot) && !explains(&known, spot) && also(spot))
}

/// Nothing that differs from run to run is part of the step: an image that was made from the same
/// files holds it.
pub(super) fn is_fixed(past: &Past, spot: &Spot) -> bool {
    let Some(step) = spot.last() else { return false };
    if step.instruction == "RUN" {
        return !mounts_files(&step.text) && spot.held.is_empty();
    }
    let commit = |i: &usize| past.get(*i).and_then(|(run, _)| run.commit.clone());
    let first = spot.broken.first().and_then(commit);
    copies_context(spot.text) && first.is_some() && spot.broken.iter().all(|i| commit(i) == first)
}

/// The command line that gives the Dockerfile from outside the context: on standard input, or from
/// another folder.
pub(super) fn dockerfile_outside<'a>(past: &Past<'a>, i: usize) -> Option<&'a Command> {
    past.get(i).filter(|(_, build)| build.dialect == Dialect::Classic)?;
    past.commands(i).iter().find(|command| is_outside(command))
}

/// As the line that is quoted says it: a run that is remembered keeps no more. One that goes on in the
/// next line does not say it.
fn context_of(command: &Command) -> Option<String> {
    let text = command.quote.text.trim_end();
    if text.ends_with('\\') {
        return None;
    }
    Command::parse(text, &command.quote)?.context.clone()
}

/// `-f -`, `-f ../docker/Dockerfile`, `-f /builds/shop/docker/Dockerfile services/web`. What the
/// working directory is, the log does not say.
fn is_outside(command: &Command) -> bool {
    let Some(file) = command.file.as_deref() else { return false };
    let context = context_of(command);
    let context = context.as_deref().unwrap_or(".");
    let above = |path: &str| path.split('/').take_while(|part| *part == "..").count();
    // `docker build -f ../Dockerfile ..` has it inside.
    if file == "-" || above(file) > above(context) {
        return true;
    }
    let context = context.trim_start_matches("./").trim_end_matches('/');
    let known = !matches!(context, "" | "." | "-") && !context.contains(['$', ':', '.']);
    let folder = format!("/{}/", context.trim_start_matches('/'));
    known && file.starts_with('/') && !file.contains(&folder)
}
