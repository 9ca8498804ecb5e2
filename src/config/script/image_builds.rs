//! Commands of a script that build one image with docker: `docker build`, `docker buildx build`.

use std::ops::Range;

use super::options::Options;
use super::shell::{self, Word};
use super::{command, program};
use crate::model::Command;

/// One such command.
#[derive(Clone, Debug)]
pub struct ImageBuild {
    /// Where in the script the words stand that call it; its options follow them.
    pub verb: Range<usize>,
    /// What it asks for.
    pub command: Command,
    /// Directory that is built, where it can be told.
    pub context: Option<String>,
    /// It stands in a loop or a function, and builds as often as that runs.
    pub repeated: bool,
}

/// All of a script, in order.
#[must_use]
pub fn image_builds(script: &str) -> Vec<ImageBuild> {
    let found = shell::commands(script).into_iter().filter_map(|simple| {
        let words = program(&simple);
        let verb = verb(words)?;
        let command = command(&simple)?;
        let context = Options::of(words, command.tool).context(words);
        Some(ImageBuild { verb, command, context, repeated: simple.outer.is_some() })
    });
    found.collect()
}

/// `docker build`, `docker image build`, `docker builder build`, `docker buildx build`.
fn verb(words: &[Word]) -> Option<Range<usize>> {
    let (docker, rest) = words.split_first().filter(|(first, _)| first.value == "docker")?;
    let end = match rest {
        [build, ..] if build.value == "build" => build,
        [group, build, ..]
            if build.value == "build"
                && matches!(group.value.as_str(), "image" | "builder" | "buildx") =>
        {
            build
        }
        _ => return None,
    };
    Some(docker.range.start..end.range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_commands_and_leaves_mentions() {
        let verbs = |text: &str| {
            image_builds(text)
                .into_iter()
                .map(|build| text.get(build.verb).unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(verbs("docker build ."), ["docker build"]);
        assert_eq!(verbs("DOCKER_BUILDKIT=1 docker buildx build ."), ["docker buildx build"]);
        assert_eq!(
            verbs("cd api\ndocker image build . && docker build x"),
            ["docker image build", "docker build"]
        );
        for other in [
            "echo \"docker build\"",
            "# docker build .",
            "docker buildx bake",
            "docker builder prune",
        ] {
            assert!(verbs(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn reads_what_a_command_of_several_lines_asks_for() {
        let found = image_builds("docker build \\\n  -t team/api \"api dir\" && echo done");
        assert_eq!(found[0].command.tags, ["team/api"]);
        assert_eq!(found[0].context.as_deref(), Some("api dir"));
    }
}
