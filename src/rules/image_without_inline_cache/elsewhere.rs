//! Inline metadata that a build may be given from outside of where it is written.
//!
//! A build argument without a value takes that of the environment (`docker build --build-arg NAME`,
//! `args:` of Compose); Compose merges an override file, and its calls may set arguments of their
//! own (<https://docs.docker.com/reference/compose-file/build/#args>).

use crate::config::Config;
use crate::model::Tool;
use crate::rules::Study;
use crate::rules::remedy::At;

const NAME: &str = "BUILDKIT_INLINE_CACHE";

/// Whether it is asked for, this place alone does not show.
pub(super) fn may_ask(study: &Study, at: At) -> bool {
    let arguments = &at.place.command.build_args;
    if arguments.iter().any(|argument| is_open(argument)) {
        return true;
    }
    if at.config.kind.reader() != Some(Tool::Compose) {
        return false;
    }
    let others = || study.configs.iter().filter(|other| other.path != at.config.path);
    at.config.body().lines().any(is_open) || others().any(asks_for_services)
}

/// `- BUILDKIT_INLINE_CACHE`, `BUILDKIT_INLINE_CACHE:`, `BUILDKIT_INLINE_CACHE=$INLINE`
fn is_open(line: &str) -> bool {
    let Some((before, behind)) = line.split_once(NAME) else { return false };
    let value = behind.trim_matches(|c: char| c.is_whitespace() || "\"':=".contains(c));
    !before.contains('#') && (value.is_empty() || value.contains('$'))
}

/// Another file of Compose, or one that calls it.
fn asks_for_services(config: &Config) -> bool {
    let text = config.body();
    let calls = config.kind.reader() == Some(Tool::Compose) || text.contains("compose");
    calls && text.contains(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_written_is_open() {
        for line in [
            "        - BUILDKIT_INLINE_CACHE",
            "BUILDKIT_INLINE_CACHE:",
            "BUILDKIT_INLINE_CACHE: \"${INLINE}\"",
            "BUILDKIT_INLINE_CACHE",
        ] {
            assert!(is_open(line), "{line}");
        }
        for line in ["BUILDKIT_INLINE_CACHE=0", "BUILDKIT_INLINE_CACHE: 'false'", "# x", "X=$Y"] {
            assert!(!is_open(line), "{line}");
        }
    }
}
