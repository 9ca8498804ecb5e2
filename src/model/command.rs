//! A command line echoed in the log, read for what it says about the cache.
//!
//! Only states what was written; whether an option makes sense is for the rules.

mod images;
mod operands;
mod option;
mod read;
mod spec;
mod substitution;
mod words;

pub use substitution::balanced;
pub use words::{Deletes, shell_words};

use std::ops::{Deref, DerefMut};

use super::shared::Recent;
use super::{Few, Quote, Shared, Step, Text};

pub(crate) use images::ImageCommand;
pub use option::{KeyOption, is_proxy};
pub use spec::CacheSpec;

/// The tool a command line calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Tool {
    /// `docker build`.
    #[default]
    DockerBuild,
    /// `docker buildx build`.
    BuildxBuild,
    /// `docker buildx bake`, and the `with:` block of docker/bake-action.
    BuildxBake,
    /// `docker buildx create`, and the `with:` block of docker/setup-buildx-action.
    BuildxCreate,
    /// `docker compose build`, `docker-compose build`.
    Compose,
    /// `buildctl build`.
    Buildctl,
    /// The `with:` block of docker/build-push-action.
    BuildPushAction,
    /// `buildah build`, `buildah bud`, `podman build`.
    Buildah,
    /// kaniko's `executor`.
    Kaniko,
}

/// One command line that builds an image or makes a builder; the fields of what it [`Asked`] for
/// are read and written as its own.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// The line, or its first where it goes on in others.
    pub quote: Quote,
    /// The lines in which it goes on.
    pub more: Few<Quote>,
    /// What it asks for.
    pub asked: Shared<Asked>,
}

impl Deref for Command {
    type Target = Asked;

    fn deref(&self) -> &Asked {
        &self.asked
    }
}

impl DerefMut for Command {
    fn deref_mut(&mut self) -> &mut Asked {
        &mut self.asked
    }
}

/// What a command line asks for, wherever it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Asked {
    /// What is called.
    pub tool: Tool,
    /// `--cache-from`; the repository of kaniko's `--cache-repo`.
    pub cache_from: Vec<CacheSpec>,
    /// `--cache-to`; the same repository, where kaniko may write to it.
    pub cache_to: Vec<CacheSpec>,
    /// `--build-arg` (`--opt build-arg:` of buildctl).
    pub build_args: Vec<String>,
    /// `--no-cache`.
    pub no_cache: bool,
    /// `--no-cache-filter`.
    pub no_cache_filter: Vec<String>,
    /// `--layers` of buildah, `--cache` of kaniko, where written.
    pub layers: Option<bool>,
    /// `--cache-ttl` of buildah, as written: no older layer counts.
    pub cache_ttl: Option<String>,
    /// `--builder`.
    pub builder: Option<String>,
    /// `--driver` of `buildx create`.
    pub driver: Option<String>,
    /// `--file`.
    pub file: Option<String>,
    /// `--target`.
    pub target: Option<String>,
    /// Targets and groups of bake that a call asks for, services of Compose in a configuration;
    /// none: the default ones.
    pub targets: Vec<String>,
    /// `--platform`, one by one.
    pub platforms: Vec<String>,
    /// `--tag`; kaniko's `--destination`.
    pub tags: Vec<Text>,
    /// `--push`.
    pub push: bool,
    /// `--pull`.
    pub pull: bool,
    /// Options that are part of the cache key of every RUN, sorted.
    pub options: Vec<KeyOption>,
    /// The build context, where it is the last word.
    pub context: Option<String>,
    /// Options of a shell's command that say nothing of caches, with their values, as written:
    /// `--secret` and `id=npm`.
    pub others: Vec<(String, Option<String>)>,
}

impl Asked {
    /// Options that stand behind its own: lists go on, and where one may be given once, its own
    /// counts.
    pub(crate) fn take(&mut self, more: Self) {
        let Self {
            tool: _,
            cache_from,
            cache_to,
            build_args,
            no_cache,
            no_cache_filter,
            layers,
            cache_ttl,
            builder,
            driver,
            file,
            target,
            targets,
            platforms,
            tags,
            push,
            pull,
            options,
            context,
            others,
        } = more;
        self.cache_from.extend(cache_from);
        self.cache_to.extend(cache_to);
        self.build_args.extend(build_args);
        self.no_cache_filter.extend(no_cache_filter);
        self.targets.extend(targets);
        self.platforms.extend(platforms);
        self.tags.extend(tags);
        self.options.extend(options);
        self.options.sort_unstable();
        self.others.extend(others);
        self.no_cache |= no_cache;
        self.push |= push;
        self.pull |= pull;
        self.layers = self.layers.or(layers);
        let own = [
            (&mut self.cache_ttl, cache_ttl),
            (&mut self.builder, builder),
            (&mut self.driver, driver),
            (&mut self.file, file),
            (&mut self.target, target),
            (&mut self.context, context),
        ];
        for (own, more) in own.into_iter().filter(|(own, _)| own.is_none()) {
            *own = more;
        }
    }
}

impl Command {
    /// It is `podman build`, whose options are not all `buildah`'s.
    #[must_use]
    pub fn is_podman(&self) -> bool {
        self.tool == Tool::Buildah && self.quote.text.contains("podman")
    }

    /// It is complete: shares what earlier ones asked for too.
    pub(super) fn settled(mut self) -> Self {
        thread_local!(static RECENT: Recent<Shared<Asked>> = Recent::default());
        RECENT.with(|recent| self.asked.share(recent));
        self
    }

    /// The step is to be executed whatever the caches hold. A Dockerfile of one stage prints no
    /// name that a filter could be compared with. `--layers=false` of buildah and `--cache=false`
    /// of kaniko say the same.
    #[must_use]
    pub fn ignores_caches_of(&self, step: &Step) -> bool {
        let named = step.stage.is_empty()
            || self.no_cache_filter.iter().any(|stage| **stage == *step.stage);
        self.no_cache || self.layers == Some(false) || (named && !self.no_cache_filter.is_empty())
    }

    /// Inline cache is asked for.
    #[must_use]
    pub fn inline(&self) -> bool {
        self.build_args.iter().any(|argument| asks_inline(argument))
            || self.cache_to.iter().any(|s| s.kind() == super::CacheKind::Inline)
    }

    /// The line of the command that has these words: options may stand in lines of their own.
    #[must_use]
    pub fn line_with(&self, words: &str) -> &Quote {
        self.more.iter().find(|line| line.text.contains(words)).unwrap_or(&self.quote)
    }
}

/// The build argument that asks for an inline cache, with what Go's `strconv.ParseBool` reads as
/// true.
#[must_use]
pub fn asks_inline(argument: &str) -> bool {
    let value = argument.strip_prefix("BUILDKIT_INLINE_CACHE=");
    value.is_some_and(|value| matches!(value, "1" | "t" | "T" | "TRUE" | "true" | "True"))
}
