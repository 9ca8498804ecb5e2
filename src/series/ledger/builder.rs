//! What the builder of a series was seen to fetch and to be sent, and so whether it still holds
//! something of the builds before.

use foldhash::HashSet;

use super::super::beside;
use crate::model::{Base, Build, Run};

/// What earlier builds left in the builder, as far as their logs show.
#[derive(Default)]
pub(super) struct Builder<'a> {
    /// Base images that some build had to fetch, and layers of theirs.
    fetched: HashSet<&'a str>,
    /// The most that was sent of the build context, in bytes.
    context: u64,
}

impl<'a> Builder<'a> {
    /// A hit that no other build of the log made, a base image that is there though a build had to
    /// fetch it, or most of the context. `last` is the build before.
    pub(super) fn is_kept(&self, run: &Run, build: &Build, last: Option<(&Run, &Build)>) -> bool {
        let left = |base: &Base| !build.fetched(base) && self.fetched.contains(known_by(base));
        beside::has_hits(run, build, last)
            || build.bases.iter().any(left)
            || self.was_sent_less(build)
    }

    /// It was created in this log, or fetches a base image that it had, unless that is another one.
    pub(super) fn is_empty(&self, build: &Build, is_other: impl Fn(&Base) -> bool) -> bool {
        // A builder that is kept has to fetch an image that is new, but for the layers it has.
        let again = |base: &Base| {
            !is_other(base) || fetched_layer(base).is_some_and(|layer| self.fetched.contains(layer))
        };
        let lacks_its_base = build.bases.iter().any(|b| b.pulled.is_some() && again(b));
        (build.booted.is_some() || lacks_its_base) && !self.was_sent_less(build)
    }

    /// A builder that has the files of an earlier build is sent the others only. A commit that
    /// deletes or shortens files makes it less too, though seldom by a quarter; where a base image is
    /// fetched once more, most must have been there.
    pub(super) fn was_sent_less(&self, build: &Build) -> bool {
        if build.booted.is_some() {
            return false;
        }
        let Some(bytes) = bytes_sent(build) else { return false };
        let again = |base: &Base| base.pulled.is_some() && self.fetched.contains(known_by(base));
        let quarters = if build.bases.iter().any(again) { 2 } else { 3 };
        bytes < self.context.saturating_mul(quarters) / 4
    }

    /// Takes in what the build fetched and was sent.
    pub(super) fn learn(&mut self, build: &'a Build) {
        let pulled = build.bases.iter().filter(|base| base.pulled.is_some());
        self.fetched.extend(pulled.clone().map(known_by).chain(pulled.filter_map(fetched_layer)));
        self.context = self.context.max(bytes_sent(build).unwrap_or_default());
    }
}

/// The digest of an image; buildah and the classic builder print its name alone.
/// By its digest; a terminal of few columns cuts that off.
fn known_by(base: &Base) -> &str {
    const WHOLE: usize = "sha256:".len() + 64;
    base.digest.as_deref().filter(|digest| digest.len() >= WHOLE).unwrap_or(&base.image)
}

/// The layer on the line that shows a base image being fetched: `#5 sha256:3bb9… 106B / 106B`.
fn fetched_layer(base: &Base) -> Option<&str> {
    let (_, digest) = base.pulled.as_ref()?.text.split_once("sha256:")?;
    digest.get(..64).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Bytes of the build context that were sent.
fn bytes_sent(build: &Build) -> Option<u64> {
    build.context.as_ref()?.bytes()
}
