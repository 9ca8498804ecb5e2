//! What else changed between two runs of a series, as far as the logs record it.
//!
//! What each run says is collected by [`said`] and [`lines`]. The last run before a change and the
//! first after it must differ, and on one side at least [`STEADY`] runs agree: what differs in
//! every run (a commit, the number of a build) says nothing of one change.

mod lines;
mod said;

pub use lines::of as lines;
pub use said::of as said;

use std::collections::{BTreeMap, BTreeSet};

/// Something that a run says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// What is called to build.
    Tool,
    /// Name of the builder.
    Builder,
    /// The builder was made in the run, so that its own cache was empty.
    NewBuilder,
    /// Driver of the builder.
    Driver,
    /// Image store.
    Engine,
    /// `--cache-from`.
    CacheFrom,
    /// `--cache-to`.
    CacheTo,
    /// `--no-cache`, `--no-cache-filter`, `--layers=false`: what keeps caches from being used.
    CacheOff,
    /// Caches that the build looked for.
    Imports,
    /// What became of an import.
    Import,
    /// Kinds of caches that the build wrote.
    Exports,
    /// What became of the export.
    Export,
    /// What the CI did with its caches.
    CiCache,
    /// Base image.
    BaseImage,
    /// Digest of a base image.
    BaseDigest,
    /// Size of the Dockerfile, as it was sent.
    Dockerfile,
    /// Text of a step.
    Instruction,
    /// The step before a step.
    Behind,
    /// A build argument.
    BuildArg,
    /// Platforms.
    Platforms,
    /// `--target`.
    Target,
    /// `--file`.
    File,
    /// `--pull`.
    Pull,
    /// Version of the CI's plugin.
    Plugin,
    /// CI system.
    Ci,
}

impl What {
    /// Its name in formats for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Builder => "builder",
            Self::NewBuilder => "new-builder",
            Self::Driver => "driver",
            Self::Engine => "engine",
            Self::CacheFrom => "cache-from",
            Self::CacheTo => "cache-to",
            Self::CacheOff => "cache-off",
            Self::Imports => "imports",
            Self::Import => "import",
            Self::Exports => "exports",
            Self::Export => "export",
            Self::CiCache => "ci-cache",
            Self::BaseImage => "base-image",
            Self::BaseDigest => "base-digest",
            Self::Dockerfile => "dockerfile",
            Self::Instruction => "instruction",
            Self::Behind => "behind",
            Self::BuildArg => "build-arg",
            Self::Platforms => "platforms",
            Self::Target => "target",
            Self::File => "file",
            Self::Pull => "pull",
            Self::Plugin => "plugin",
            Self::Ci => "ci",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Tool => "built by",
            Self::Builder | Self::NewBuilder => "builder",
            Self::Driver => "driver of the builder",
            Self::Engine => "image store",
            Self::CacheFrom => "--cache-from",
            Self::CacheTo => "--cache-to",
            Self::CacheOff => "cache turned off",
            Self::Imports => "caches imported",
            Self::Import => "import of",
            Self::Exports => "caches exported",
            Self::Export => "export of",
            Self::CiCache => "cache of the CI,",
            Self::BaseImage => "base image",
            Self::BaseDigest => "digest of",
            Self::Dockerfile => "size of the Dockerfile",
            Self::Instruction => "step",
            Self::Behind => "comes after",
            Self::BuildArg => "build argument",
            Self::Platforms => "platforms",
            Self::Target => "--target",
            Self::File => "--file",
            Self::Pull => "--pull",
            Self::Plugin => "version of the plugin",
            Self::Ci => "CI",
        }
    }

    /// What is said where it is known not to be there.
    #[must_use]
    pub fn absent(self) -> &'static str {
        match self {
            Self::Behind => "the first step of its stage",
            Self::NewBuilder => "there already",
            Self::Platforms => "not printed",
            Self::BuildArg => "not given",
            _ => "none",
        }
    }
}

/// What the last run before a change and the first after it say differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub what: What,
    /// Of which stage, image, step or argument; empty where there is only one.
    pub of: String,
    /// What it was; `None` where there was none.
    pub before: Option<String>,
    /// What it is since; `None` where there is none.
    pub after: Option<String>,
    /// It varied from run to run before.
    pub varied_before: bool,
    /// It varies from run to run since.
    pub varies_since: bool,
}

/// Runs that have to say the same on one side.
const STEADY: usize = 3;

/// What a run says, as far as it says it: `None` is known not to be there.
pub type Said = BTreeMap<(What, String), Option<String>>;

/// What differs between the runs before a change, the last one first, and those after it; in the
/// order of [`What`].
pub fn differences(
    before: impl Iterator<Item = Said>,
    after: impl Iterator<Item = Said>,
) -> Vec<Difference> {
    let before: Vec<Said> = before.take(FAR).collect();
    let after: Vec<Said> = after.take(FAR).collect();
    let keys: BTreeSet<&(What, String)> =
        before.iter().chain(&after).flat_map(BTreeMap::keys).collect();
    keys.into_iter().filter_map(|key| difference(key, &before, &after)).collect()
}

/// Runs that are compared on either side: not each of them says everything.
const FAR: usize = 12;

fn difference(key: &(What, String), before: &[Said], after: &[Said]) -> Option<Difference> {
    // A command line that is there gives no argument but those that it gives.
    let ungiven =
        |said: &Said| key.0 == What::BuildArg && said.keys().any(|(what, _)| *what == What::Tool);
    let value = |said: &Said| said.get(key).cloned().or_else(|| ungiven(said).then_some(None));
    let values = |said: &[Said]| said.iter().filter_map(value).take(STEADY).collect::<Vec<_>>();
    let (before, after) = (values(before), values(after));
    let (was, is) = (before.first()?, after.first()?);
    let unsteady =
        |values: &[Option<String>]| values.iter().any(|value| Some(value) != values.first());
    let (varied_before, varies_since) = (unsteady(&before), unsteady(&after));
    if was == is || (varied_before && varies_since) {
        return None;
    }
    let (before, after) = (was.clone(), is.clone());
    Some(Difference { what: key.0, of: key.1.clone(), before, after, varied_before, varies_since })
}

/// Both, where both are known.
fn place(platform: &str, of: &str) -> String {
    [platform, of].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
