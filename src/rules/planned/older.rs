//! Builds that may get the builder before `BuildKit`.

use crate::config::{asks_for_buildkit, turns_buildkit_off};
use crate::model::Tool;
use crate::rules::remedy::At;

/// The file tells of a builder, an option or a client that makes it the classic builder.
pub(in crate::rules) fn may_be_older(at: At) -> bool {
    let plain = at.place.command.tool == Tool::DockerBuild;
    at.place.machine.classic
        || at.texts().any(|text| turns_buildkit_off(text) || plain && older_client(text))
}

/// The file names a docker client before 23, which builds with the classic builder unless told
/// otherwise (docker/cli, release notes of 23.0), or a machine that has one. `docker:stable` has
/// been 20.10 since it was given up, and so had machines of Ubuntu 16.04 and 18.04.
fn older_client(text: &str) -> bool {
    let old = |tag: &str| {
        let version = tag
            .split(|c: char| !c.is_ascii_digit())
            .next()
            .and_then(|digits| digits.parse::<u32>().ok());
        tag.starts_with("stable") || version.is_some_and(|version| version < 23)
    };
    let machine = ["ubuntu-16.04", "ubuntu-18.04", "ubuntu-1604:", "ubuntu-1804:"];
    !asks_for_buildkit(text)
        && (text.split("docker:").skip(1).any(old)
            || machine.iter().any(|name| text.contains(name)))
}
