//! Under which names the image of a build is known.
//!
//! A helper of the rules about who writes a reference: an inline cache goes where its image goes.

use super::remedy::reference;
use crate::model::{Build, NamedImage, Run};

/// The image of the build has this name, or is given it later in the job: `docker tag`, `docker
/// push`.
pub(super) fn may_be_named(run: &Run, build: &Build, name: &str) -> bool {
    build.images.iter().any(|image| reference::may_be(image, name))
        || behind(&run.named, build).any(|given| reference::may_be(&given.image, name))
}

/// More names are hardly given to the images of one build: what is looked at does not grow with the
/// log.
const MANY: usize = 64;

/// Images that a log names before the build, the nearest first.
pub(super) fn before<'a>(
    named: &'a [NamedImage],
    build: &Build,
) -> impl Iterator<Item = &'a NamedImage> {
    let (above, below) = around(named, build);
    let (above, below) = if build.newest_first() { (&[][..], below) } else { (above, &[][..]) };
    above.iter().rev().chain(below).take(MANY)
}

/// Images that it names behind the build, the nearest first.
fn behind<'a>(named: &'a [NamedImage], build: &Build) -> impl Iterator<Item = &'a NamedImage> {
    let (above, below) = around(named, build);
    let (above, below) = if build.newest_first() { (above, &[][..]) } else { (&[][..], below) };
    above.iter().rev().chain(below).take(MANY)
}

/// Those above the first line of the build, and those below it.
fn around<'a>(named: &'a [NamedImage], build: &Build) -> (&'a [NamedImage], &'a [NamedImage]) {
    named.split_at(named.partition_point(|name| name.quote.line <= build.line))
}
