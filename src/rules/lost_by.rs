//! What makes dockerd with its classic image store lose an inline cache.
//!
//! It looks among its own images before it asks a registry (moby
//! `builder/builder-next/adapters/localinlinecache`). Layers found so have no descriptor of a
//! registry, so that they are not written into the next inline cache: seen with 26.1.5 and
//! 28.5.2, with `docker pull`, `docker compose pull`, `docker load`, and an image that was left.

use super::image_names::before;
use super::remedy::reference;
use crate::finding::Fix;
use crate::model::{Build, NamedImage, Run, Transfer};

/// What loses the inline cache after a run that used it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LostBy {
    /// `docker pull` of its image before the build.
    Pull,
    /// `docker load` of it.
    Load,
    /// The image was on the machine, and nothing shows how it came there.
    OwnImage,
    /// The engine, of this major version: it loses every inline cache.
    Engine(u32),
    /// The engine, of this major and minor version: it never stores a usable one.
    EmptyExport(u32, u32),
}

/// An image that the engine has.
pub(super) struct OwnImage<'a> {
    pub(super) lost_by: LostBy,
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
        let of = |lost_by, came| Some(Self { lost_by, import, came });
        if let Some(pull) = before(&run.pulls, build).find(ours) {
            return of(LostBy::Pull, Some(pull));
        }
        if let Some(load) = before(&run.loads, build).find(ours) {
            return of(LostBy::Load, Some(load));
        }
        if import.own_image { of(LostBy::OwnImage, None) } else { None }
    }

    /// What is to be done beside the upgrade, which is of no use alone.
    pub(super) fn avoided(&self, upgrade: Fix) -> Fix {
        self.lost_by.avoided(self.import.reference.as_deref().unwrap_or_default(), upgrade)
    }
}

impl LostBy {
    /// An engine that loses inline caches whether their images are pulled or not: moby/buildkit pull
    /// request 4796 came with 27, and 27.0.1 to 27.1.2 have issue 5242. Tags move to the last patch
    /// release of theirs.
    pub(super) fn engine(version: (u32, Option<u32>)) -> Option<Self> {
        match version {
            (major @ 20..=26, _) => Some(Self::Engine(major)),
            (27, Some(minor @ 0..=1)) => Some(Self::EmptyExport(27, minor)),
            _ => None,
        }
    }

    /// Docker Engine 20.10 stores again what it takes from an image that it has: seen with 20.10.24,
    /// with `docker pull` and `docker load`.
    pub(super) fn spares_a_pulled_image(self) -> bool {
        self == Self::Engine(20)
    }

    /// What the engine does with the cache.
    pub(super) fn bug(self) -> String {
        let whence = match self {
            Self::Pull => "an image that `docker pull` had fetched before the build",
            Self::Load => "an image that `docker load` had brought before the build",
            Self::OwnImage => "an image that was on the machine before the build",
            Self::Engine(_) => {
                return "Docker Engine 20.10 to 26.1 with its classic image store (overlay2) does \
                    not store again what it takes from an inline cache."
                    .to_owned();
            }
            Self::EmptyExport(..) => {
                return "Docker Engine 27.0.1 to 27.1.2 with its classic image store (overlay2) \
                    writes no records into an inline cache."
                    .to_owned();
            }
        };
        format!(
            "The cache is read from {whence}: Docker Engine with its classic image store \
                (overlay2) does not store again what it takes from there, a bug that 28.5 still \
                has."
        )
    }

    /// How the image of this name is kept off the machine, in front of the upgrade.
    pub(super) fn avoided(self, name: &str, upgrade: Fix) -> Fix {
        let (what, step) = match self {
            Self::Engine(_) | Self::EmptyExport(..) => return upgrade,
            Self::Pull => ("remove the `docker pull` before the build", without_pull(name)),
            Self::Load => (
                "take the cache from a registry in place of `docker load`",
                format!(
                    "Push {name} to a registry and remove `docker load` from the job: the builder \
                        asks the registry itself, and fetches only the layers it uses."
                ),
            ),
            Self::OwnImage => (
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

/// The pull alone is taken out, as a patch does.
pub(super) fn pull_removed(name: &str) -> Fix {
    let engine = "Docker Engine 27.2 or newer has to build (`docker version` prints it): an older \
        one loses the inline cache without the pull, too.";
    Fix {
        summary: "remove the `docker pull` before the build (needs Docker Engine 27.2 or newer)"
            .to_owned(),
        steps: vec![without_pull(name), engine.to_owned()],
        ..Fix::default()
    }
}

fn without_pull(name: &str) -> String {
    format!(
        "Remove the `docker pull` (or `docker compose pull`) of {name} from the job: the builder \
            then asks the registry itself, and fetches only the layers it uses."
    )
}
