//! Signs that a file beside a log is of another build: projects of one kind have the same base
//! images, commands and directories.

use chrono::{DateTime, Utc};

use super::Given;
use super::record::given;
use super::stored::LONGEST_JOB;
use crate::model::{Build, Run};

/// The build began when the log was written, as far as both tell; the log of a job may begin long
/// before its build.
pub(super) fn is_of_another_time(run: &Run, started: Option<DateTime<Utc>>) -> bool {
    let apart = run.started.zip(started).map(|(log, build)| (log - build).num_minutes().abs());
    apart.is_some_and(|minutes| minutes > LONGEST_JOB)
}

/// Another Dockerfile was sent: `transferring dockerfile: 655B` for 616 bytes under this name. A
/// `Dockerfile.dockerignore` is sent with it.
pub(super) fn sent_another_dockerfile(build: &Build, name: &str, text: &str) -> bool {
    // Beside its content and name the mode, size and times of a file are sent.
    const LEAST: usize = 27;
    const MOST: usize = 31;
    let Some(sent) = build.dockerfile.as_ref() else { return false };
    let Some(bytes) = sent.bytes().and_then(|bytes| usize::try_from(bytes).ok()) else {
        return false;
    };
    let name = name.rsplit('/').next().unwrap_or(name).len();
    let alone = text.len() + name;
    let with_ignores = alone + LEAST + name + ".dockerignore".len() + LEAST;
    // From 1000 on two decimals are printed: `3.14kB`.
    let rounded = if sent.is_as_large_as(sent) { 0 } else { 1 + bytes / 100 };
    bytes + rounded < alone + LEAST
        || (bytes > alone + MOST + rounded && bytes + rounded < with_ignores)
}

/// A command line of the build gives an argument another value than the file holds.
pub(super) fn was_given_another_value(run: &Run, build: &Build, told: &Given) -> bool {
    let lines = run.commands_of(build).iter().flat_map(|command| &command.build_args);
    let pairs = lines.flat_map(|line| line.split(['\n', '\r']));
    let written = pairs.filter_map(|pair| pair.trim().split_once('='));
    let mut literal = written.filter(|(_, value)| !value.contains(['$', '`', '*', '{', '%']));
    literal.any(|(name, value)| {
        let same_name = || told.iter().filter(|part| part.name == name);
        let value = given(name, value.trim_matches(['"', '\''])).value;
        same_name().next().is_some()
            && same_name().all(|part| part.value.is_some() && part.value != value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Amount;

    fn another(sent: &str, text: usize) -> bool {
        let build = Build {
            dockerfile: Some(Amount { size: sent.into(), ..Amount::default() }),
            ..Build::default()
        };
        sent_another_dockerfile(&build, "sub/Dockerfile", &"x".repeat(text))
    }

    #[test]
    fn a_dockerfile_is_known_by_its_size() {
        assert!(!another("74B", 37) && !another("655B", 616) && !another("3.08kB", 3037));
        // with a Dockerfile.dockerignore of 2 and of 13 bytes
        assert!(!another("128B", 37) && !another("139B", 37) && !another("3.14kB", 3037));
        assert!(another("74B", 38) && another("74B", 20) && another("3.08kB", 3200));
        assert!(another("655B", 619) && another("655B", 590));
    }
}
