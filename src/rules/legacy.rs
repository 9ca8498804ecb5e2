//! What the classic builder was told of its cache and of the Dockerfile, in the runs of a series.
//!
//! A helper of the rules about that builder; knows command lines only.

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

/// The command line that gives the Dockerfile from outside the context: on standard input, or from
/// a folder above.
pub(super) fn dockerfile_outside<'a>(past: &Past<'a>, i: usize) -> Option<&'a Command> {
    past.get(i).filter(|(_, build)| build.dialect == Dialect::Classic)?;
    let outside =
        |c: &&Command| c.file.as_deref().is_some_and(|file| file == "-" || file.starts_with("../"));
    past.commands(i).iter().find(outside)
}
