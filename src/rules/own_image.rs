//! The image that an engine reads its inline cache from, where it has that image already.
//!
//! dockerd with its classic image store looks among its own images before it asks a registry (moby
//! `builder/builder-next/adapters/localinlinecache`). Layers found so have no descriptor of a
//! registry, so that no version writes them into the next inline cache: seen with 26.1.5 and
//! 28.5.2, with `docker pull`, `docker compose pull`, `docker load`, and an image that was left.

use super::image_names::before;
use super::remedy::reference;
use crate::finding::Fix;
use crate::model::{Build, NamedImage, Run, Transfer};

/// How the image came to be on the machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The log shows `docker pull`.
    Pulled,
    /// And `docker load`.
    Loaded,
    /// It does not show how.
    Unknown,
}

/// An image that the engine has.
pub(super) struct OwnImage<'a> {
    pub(super) way: Way,
    pub(super) import: &'a Transfer,
    /// The line of the pull or load.
    pub(super) came: Option<&'a NamedImage>,
}

impl<'a> OwnImage<'a> {
    /// The one that the build takes for its cache.
    pub(super) fn of(run: &'a Run, build: &Build, imports: &[&'a Transfer]) -> Option<Self> {
        imports.iter().find_map(|import| Self::behind(run, build, import))
    }

    fn behind(run: &'a Run, build: &Build, import: &'a Transfer) -> Option<Self> {
        if !import.ok() || import.manifest_type.is_some() {
            return None;
        }
        let name = import.reference.as_deref()?;
        let ours = |p: &&NamedImage| reference::same(&p.image, name);
        let of = |way, came| Some(Self { way, import, came });
        if let Some(pull) = before(&run.pulls, build).find(ours) {
            return of(Way::Pulled, Some(pull));
        }
        if let Some(load) = before(&run.loads, build).find(ours) {
            return of(Way::Loaded, Some(load));
        }
        if import.own_image { of(Way::Unknown, None) } else { None }
    }

    /// What the engine does with it.
    pub(super) fn bug(&self) -> String {
        self.way.bug()
    }

    /// What is to be done beside the upgrade, which is of no use alone.
    pub(super) fn avoided(&self, upgrade: Fix) -> Fix {
        self.way.avoided(self.import.reference.as_deref().unwrap_or_default(), upgrade)
    }
}

impl Way {
    pub(super) fn bug(self) -> String {
        let whence = match self {
            Self::Pulled => "an image that `docker pull` had fetched before the build",
            Self::Loaded => "an image that `docker load` had brought before the build",
            Self::Unknown => "an image that was on the machine before the build",
        };
        format!(
            "The cache is read from {whence}: Docker Engine with its classic image store \
                (overlay2) does not store again what it takes from there, a bug that 28.5 still \
                has."
        )
    }

    pub(super) fn avoided(self, name: &str, upgrade: Fix) -> Fix {
        let (what, step) = match self {
            Self::Pulled => (
                "remove the `docker pull` before the build",
                format!(
                    "Remove the `docker pull` (or `docker compose pull`) of {name} from the job: the \
                        builder then asks the registry itself, and fetches only the layers it uses."
                ),
            ),
            Self::Loaded => (
                "take the cache from a registry in place of `docker load`",
                format!(
                    "Push {name} to a registry and remove `docker load` from the job: the builder \
                        asks the registry itself, and fetches only the layers it uses."
                ),
            ),
            Self::Unknown => (
                "keep the image off the machine before the build",
                format!(
                    "Remove what brings {name} to the machine (`docker pull`, `docker compose \
                        pull`, `docker load`), or delete what an earlier build left there \
                        (`docker image rm {name}`): the builder then asks the registry itself."
                ),
            ),
        };
        let steps = std::iter::once(step).chain(upgrade.steps).collect();
        let summary = format!(
            "{what} (needs Docker Engine 27.2 or newer), or use a docker-container builder \
                with a registry cache"
        );
        Fix { summary, steps, ..upgrade }
    }
}
