//! Images that the classic builder is given as its cache. It prints nothing of them: the command
//! line names them, and it finds those that `docker pull` or `docker load` put into the daemon
//! before (moby `image/cache/cache.go`).

use crate::model::{Build, Command, Dialect, ImageRef, NamedImage, Run};

/// How many images that a job fetched before a build are looked at, the nearest first.
const NEAREST: usize = 64;

/// An image of `--cache-from` that was in the daemon when the build began.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The command line that names it.
    pub command: &'a Command,
    /// The line that shows it being fetched.
    pub fetched: &'a NamedImage,
    /// It is the only one that is named.
    pub alone: bool,
}

/// The first of them; `None` where the log does not show one.
#[must_use]
pub fn image<'a>(run: &'a Run, build: &Build) -> Option<Given<'a>> {
    if build.dialect != Dialect::Classic {
        return None;
    }
    let command = run.commands_of(build).iter().find(|command| !command.cache_from.is_empty())?;
    let asked = || command.cache_from.iter().filter_map(|spec| spec.get("ref"));
    let is_base =
        |fetched: &&NamedImage| build.bases.iter().any(|b| is_same(&b.image, &fetched.image));
    let named = |fetched: &&NamedImage| {
        asked().any(|name| is_same(name, &fetched.image))
            || asked().any(|name| name.contains('$')) && !is_base(fetched)
    };
    let mut nearest = before(build, &run.pulls).into_iter().chain(before(build, &run.loads));
    let fetched = nearest.find(named)?;
    Some(Given { command, fetched, alone: command.cache_from.len() == 1 })
}

/// Images that were fetched before a build, the nearest first. They stand in the order of the log,
/// which a few have with the newest line first.
#[must_use]
pub fn before<'a>(build: &Build, fetched: &'a [NamedImage]) -> Vec<&'a NamedImage> {
    let at = fetched.partition_point(|image| image.quote.line < build.line);
    if build.newest_first() {
        return fetched.get(at..).unwrap_or_default().iter().take(NEAREST).collect();
    }
    fetched.get(..at).unwrap_or_default().iter().rev().take(NEAREST).collect()
}

impl Given<'_> {
    /// The command writes the one image that it reads: its final stage is all that is in it.
    #[must_use]
    pub fn is_own(&self) -> bool {
        let name = self.command.cache_from.first().and_then(|spec| spec.get("ref"));
        let mut tags = self.command.tags.iter();
        self.alone && name.is_some_and(|name| tags.any(|tag| is_same(tag, name)))
    }
}

fn is_same(a: &str, b: &str) -> bool {
    ImageRef::parse(a).has_tag_of(&ImageRef::parse(b))
}
