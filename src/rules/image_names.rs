//! Under which names the image of a build is known.
//!
//! A helper of the rules about who writes a reference: an inline cache goes where its image goes.

use super::remedy::reference;
use crate::model::{Build, Run};

/// The image of the build has this name, or is given it later in the job: `docker tag`, `docker
/// push`.
pub(super) fn may_be_named(run: &Run, build: &Build, name: &str) -> bool {
    build.images.iter().any(|image| reference::may_be(image, name))
        || given_later(run, build).any(|given| reference::may_be(given, name))
}

/// More names are hardly given to the images of one build: what is looked at does not grow with the
/// log.
const MANY: usize = 64;

/// Names that are given behind the build, the nearest ones.
fn given_later<'a>(run: &'a Run, build: &Build) -> impl Iterator<Item = &'a str> {
    let (before, behind) =
        run.named.split_at(run.named.partition_point(|name| name.quote.line <= build.line));
    let (before, behind) = if build.newest_first() { (before, &[][..]) } else { (&[][..], behind) };
    before.iter().rev().chain(behind).take(MANY).map(|named| &*named.image)
}
