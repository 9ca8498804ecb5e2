//! What the command lines of two builds ask for differently, as far as it is part of cache keys.

use crate::model::{Build, Command, Run, Text, Tool, is_proxy};

use super::KeyPart;

/// Sets the time of files that are made: part of the key of WORKDIR since `BuildKit` v0.22. buildx
/// takes it from its environment too, which no line shows.
pub const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// The name of the machine that every RUN sees: part of the key of each, declared or not.
pub const HOST_NAME: &str = "BUILDKIT_SANDBOX_HOSTNAME";

/// Whether the log shows the commands that started the build, each of a kind whose options are on
/// its line.
#[must_use]
pub fn shows_command(run: &Run, build: &Build) -> bool {
    Asked::of(run, build).is_known()
}

/// What is known of the arguments and options of a build.
pub(super) struct Asked<'a> {
    commands: &'a [Command],
}

impl<'a> Asked<'a> {
    /// Of a build.
    pub(super) fn of(run: &'a Run, build: &'a Build) -> Self {
        Self { commands: run.commands_of(build) }
    }

    fn building(&self) -> impl Iterator<Item = &'a Command> {
        self.commands.iter().filter(|command| command.tool != Tool::BuildxCreate)
    }

    /// The command lines, or the inputs of an action, show every argument and option: those of tools
    /// that read no file for them.
    pub(super) fn is_known(&self) -> bool {
        self.all(|tool| {
            matches!(
                tool,
                Tool::DockerBuild
                    | Tool::BuildxBuild
                    | Tool::BuildPushAction
                    | Tool::Buildctl
                    | Tool::Buildah
            )
        })
    }

    /// The command lines show some; those of bake and compose stand in files as well, which a
    /// command line only adds to.
    pub(super) fn is_shown(&self) -> bool {
        self.is_known() || self.all(|tool| matches!(tool, Tool::BuildxBake | Tool::Compose))
    }

    /// There are command lines, and all of them are of such tools.
    fn all(&self, fits: fn(Tool) -> bool) -> bool {
        let mut building = self.building().peekable();
        building.peek().is_some() && building.all(|command| fits(command.tool))
    }

    /// Proxies count where a Dockerfile declares them, which no log of `BuildKit` shows.
    pub(super) fn differs_in_a_proxy(&self, other: &Self) -> bool {
        differing(&self.arguments(), &other.arguments()).into_iter().any(is_proxy)
    }

    /// Name and value of each argument, sorted.
    pub(super) fn arguments(&self) -> Vec<(&'a str, &'a str)> {
        let lines = self.building().flat_map(|command| &command.build_args);
        let pairs = lines.flat_map(|line| line.split(['\n', '\r']));
        let mut pairs: Vec<_> = pairs.filter_map(|pair| pair.trim().split_once('=')).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Every value is written out: a variable may have another one in each run.
    pub(super) fn is_literal(&self) -> bool {
        let lines = self.building().flat_map(|command| &command.build_args);
        lines
            .into_iter()
            .all(|line| line.split_once('=').is_some_and(|(_, value)| !value.contains(['$', '`'])))
    }

    /// Platforms that are asked for, without their variants.
    pub(super) fn platforms(&self) -> Vec<&'a str> {
        let all = self.building().flat_map(|command| &command.platforms);
        all.map(|one| {
            one.match_indices('/')
                .nth(1)
                .map_or(one.as_str(), |(at, _)| one.get(..at).unwrap_or(one))
        })
        .collect()
    }

    /// Arguments that a RUN depends on and that are not those of the other build.
    pub(super) fn other_arguments(&self, other: &Self) -> Vec<KeyPart> {
        let names = differing(&self.arguments(), &other.arguments());
        let names = names.into_iter().filter(|name| is_of_a_run(name));
        names.map(|name| KeyPart::Argument(Text::new(name))).collect()
    }

    /// Proxies that are not those of the other build.
    pub(super) fn other_proxies(&self, other: &Self) -> Vec<KeyPart> {
        let names = differing(&self.arguments(), &other.arguments());
        let proxies = names.into_iter().filter(|name| is_proxy(name));
        proxies.map(|name| KeyPart::Argument(Text::new(name))).collect()
    }

    /// The time of files is another one.
    pub(super) fn other_epoch(&self, other: &Self) -> Option<KeyPart> {
        let differs = differing(&self.arguments(), &other.arguments()).contains(&EPOCH);
        differs.then(|| KeyPart::Argument(Text::new(EPOCH)))
    }

    /// Options that a RUN depends on and that are not those of the other build.
    pub(super) fn other_options(&self, other: &Self) -> Vec<KeyPart> {
        let names = differing(&self.options(), &other.options());
        names.into_iter().map(|name| KeyPart::Option(Text::new(name))).collect()
    }

    fn options(&self) -> Vec<(&'a str, &'a str)> {
        let options = self.building().flat_map(|command| &command.options);
        let platforms = self.building().flat_map(|command| &command.platforms);
        let mut all: Vec<_> = options.map(|o| (o.name.as_str(), o.value.as_str())).collect();
        // Only the variant counts: the platform itself is that of another build.
        let variants = platforms.filter(|platform| platform.matches('/').count() == 2);
        all.extend(variants.map(|platform| ("platform", platform.as_str())));
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// A RUN depends on an argument of this name that is declared above it.
#[must_use]
pub fn is_of_a_run(name: &str) -> bool {
    let known = name.starts_with("BUILDKIT_") || name == EPOCH || is_proxy(name);
    !known || name == HOST_NAME
}

/// Names with other values on the two sides, or on one side only.
fn differing<'a>(a: &[(&'a str, &'a str)], b: &[(&'a str, &'a str)]) -> Vec<&'a str> {
    let only = |of: &[(&'a str, &'a str)], not: &[(&'a str, &'a str)]| -> Vec<&'a str> {
        of.iter().filter(|pair| not.binary_search(pair).is_err()).map(|(name, _)| *name).collect()
    };
    let mut names = only(a, b);
    names.extend(only(b, a));
    names.sort_unstable();
    names.dedup();
    names
}
