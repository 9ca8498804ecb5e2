//! Finds the words that build an image in a line of a script: `docker build`, `docker buildx build`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Only where a command can begin, so `echo "docker build"` is none. A quote or block mark in front
/// is YAML's: the same search is done on values and on the text they are written as.
static BUILD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?m)(?:^["']?|[;|(]|&&)[ \t]*(?:(?:\w+=[^\s"']*|time|sudo|exec|then|do|if|!)[ \t]+)*(docker[ \t]+(?:image[ \t]+|builder[ \t]+|buildx[ \t]+)?build)(?:\s|$)"#).ok()
});

/// Where in `text` the words stand, in order; the options follow them.
#[must_use]
pub fn build_verbs(text: &str) -> Vec<Range<usize>> {
    let Some(build) = BUILD.as_ref() else { return Vec::new() };
    build.captures_iter(text).filter_map(|found| found.get(1)).map(|verb| verb.range()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_commands_and_leaves_mentions() {
        let verbs =
            |text: &str| build_verbs(text).into_iter().map(|r| text.get(r).unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(verbs("docker build ."), ["docker build"]);
        assert_eq!(verbs("\"DOCKER_BUILDKIT=1 docker buildx build .\""), ["docker buildx build"]);
        assert_eq!(
            verbs("|\n  cd api\n  docker image build . && docker build x"),
            ["docker image build", "docker build"]
        );
        for other in ["echo \"docker build\"", "# docker build .", "docker buildx bake", "docker builder prune"] {
            assert!(verbs(other).is_empty(), "{other}");
        }
    }
}
