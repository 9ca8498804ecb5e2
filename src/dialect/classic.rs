//! The older Docker builder (`DOCKER_BUILDKIT=0`).
//!
//! Source: `moby/moby` `builder/dockerfile`. Output of RUN has no prefix here, so a line is only
//! taken where its form leaves no doubt.

use memchr::memmem;

use super::{Bare, Classic as Says, Dialect, Event};
use crate::source::find;

/// Steps and what became of them.
pub(super) struct Classic;

impl Dialect for Classic {
    fn read<'a>(&self, text: &'a [u8]) -> Option<Event<'a>> {
        let says = match text.first()? {
            b'S' => step(text).or_else(|| success(text)),
            b' ' => match behind_arrow(text.get(1..)?) {
                Some(rest) => arrow(rest),
                None => bare(text.get(1..)?),
            },
            b'#' => triggers(text).map(Says::Triggers),
            b'R' | b'U' | b'0'..=b'9' | b'a'..=b'f' => bare(text),
            // Markdown and some CIs take the blank at the start of a line off.
            b'-' | 0xe2 => behind_arrow(text).and_then(arrow),
            b'T' | b'C' | b'A' => failed(text).then_some(Says::Failed),
            b'D' => text
                .strip_prefix(b"Digest: ")
                .filter(|d| d.starts_with(b"sha256:"))
                .map(Says::Digest),
            _ => None,
        };
        says.map(Event::Classic)
    }
}

/// `Step 3/7 : RUN npm ci`, before 1.13 `Step 3 : RUN npm ci` (`builder/dockerfile/evaluator.go`).
/// CI systems count their steps like that, so the older form is taken with an instruction behind it
/// only.
fn step(text: &[u8]) -> Option<Says<'_>> {
    let name = text.strip_prefix(b"Step ")?;
    let (count, text) = name.split_at_checked(find(name.get(..24).unwrap_or(name), b" : ")?)?;
    let (count, text) = (std::str::from_utf8(count).ok()?, text.get(3..)?);
    let (position, of) = match count.split_once('/') {
        Some((position, of)) => (position.parse().ok()?, of.parse().ok()?),
        None if !instructs(text) => return None,
        // Up to 1.4 a step of the base image: `Step onbuild-0 : COPY Gemfile /app/`.
        None if count.strip_prefix("onbuild-").is_some_and(is_number) => (1, 0),
        None => (count.parse().ok()?, 0),
    };
    Some(Says::Step { name, position, of, text })
}

/// `# Executing 3 build triggers`, up to 17.05 with three dots behind it
/// (`builder/dockerfile/dispatchers.go`).
fn triggers(text: &[u8]) -> Option<u32> {
    let said = std::str::from_utf8(text.strip_prefix(b"# Executing ")?).ok()?;
    let (count, what) = said.trim_end().trim_end_matches('.').split_once(' ')?;
    if matches!(what, "build trigger" | "build triggers") { count.parse().ok() } else { None }
}

fn is_number(text: &str) -> bool {
    text.parse::<u32>().is_ok()
}

pub(super) fn instructs(text: &[u8]) -> bool {
    const INSTRUCTIONS: [&[u8]; 18] = [
        b"ADD",
        b"ARG",
        b"CMD",
        b"COPY",
        b"ENTRYPOINT",
        b"ENV",
        b"EXPOSE",
        b"FROM",
        b"HEALTHCHECK",
        b"LABEL",
        b"MAINTAINER",
        b"ONBUILD",
        b"RUN",
        b"SHELL",
        b"STOPSIGNAL",
        b"USER",
        b"VOLUME",
        b"WORKDIR",
    ];
    let word = text.split(|b| *b == b' ').next().unwrap_or_default();
    INSTRUCTIONS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn success(text: &[u8]) -> Option<Says<'_>> {
    if text.starts_with(b"Successfully built ") {
        return Some(Says::Built);
    }
    if let Some(image) = text.strip_prefix(b"Successfully tagged ") {
        return Some(Says::Tagged(image));
    }
    if let Some(image) = text.strip_prefix(b"Status: Image is up to date for ") {
        return Some(Says::UpToDate(image));
    }
    text.strip_prefix(b"Status: Downloaded newer image for ").map(Says::Downloaded)
}

/// Pages for people make one dash of three, or of two of them: `—> Using cache`, `–-> Using cache`.
fn behind_arrow(text: &[u8]) -> Option<&[u8]> {
    let arrows = ["---> ", "—> ", "–-> ", "—-> ", "-–> ", "-—> "].map(str::as_bytes);
    arrows.iter().find_map(|arrow| text.strip_prefix(*arrow))
}

/// ` ---> Using cache`, ` ---> Running in 0a1b…`, ` ---> 0a1b…`
fn arrow(rest: &[u8]) -> Option<Says<'_>> {
    let rest = rest.trim_ascii_end();
    let word = rest.split(|b| *b == b' ').next().unwrap_or(rest);
    match rest {
        b"Using cache" => Some(Says::UsingCache),
        // Whoever passes the line on may have put something behind it.
        _ if rest.starts_with(b"Using cache ") => Some(Says::UsingCache),
        _ if rest.starts_with(b"Running in ") => Some(Says::Running),
        _ if rest.starts_with(b"Removed intermediate container ") => Some(Says::Removed),
        _ if is_id(word) => Some(Says::Image(word)),
        _ => None,
    }
}

fn is_id(text: &[u8]) -> bool {
    text.len() == 12 && text.iter().all(u8::is_ascii_hexdigit)
}

/// What is left of a line whose arrow is lost: ` Using cache`, ` Running in 0a1b2c3d4e5f`,
/// ` 0a1b2c3d4e5f`.
fn bare(rest: &[u8]) -> Option<Says<'_>> {
    const REMOVED: [&[u8]; 2] =
        [b"Removing intermediate container ", b"Removed intermediate container "];
    let rest = rest.trim_ascii_end();
    if rest == b"Using cache" {
        return Some(Says::Bare(Bare::UsingCache));
    }
    if REMOVED.iter().find_map(|start| rest.strip_prefix(*start)).is_some_and(is_id) {
        return Some(Says::Removed);
    }
    if rest.strip_prefix(b"Running in ").is_some_and(is_id) {
        return Some(Says::Bare(Bare::Running));
    }
    is_id(rest).then_some(Says::Bare(Bare::Image(rest)))
}

/// `The command '/bin/sh -c npm ci' returned a non-zero code: 1`,
/// `COPY failed: no source files were specified` (`builder/dockerfile/dispatchers.go`, `errors.go`,
/// `copy.go`).
fn failed(text: &[u8]) -> bool {
    let command = || {
        text.starts_with(b"The command '")
            && memmem::find(text, b"' returned a non-zero code: ").is_some()
    };
    text.starts_with(b"COPY failed: ") || text.starts_with(b"ADD failed: ") || command()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npm_ci(name: &[u8], of: u32) -> Says<'_> {
        Says::Step { name, position: 3, of, text: b"RUN npm ci" }
    }

    #[test]
    fn reads_steps_and_verdicts() {
        for (line, says) in [
            ("Step 3/7 : RUN npm ci", npm_ci(b"3/7 : RUN npm ci", 7)),
            ("Step 3 : RUN npm ci", npm_ci(b"3 : RUN npm ci", 0)),
            (
                "Step onbuild-1 : RUN npm ci",
                Says::Step {
                    name: b"onbuild-1 : RUN npm ci",
                    position: 1,
                    of: 0,
                    text: b"RUN npm ci",
                },
            ),
            ("# Executing 3 build triggers...", Says::Triggers(3)),
            ("# Executing 1 build trigger", Says::Triggers(1)),
            (" ---> Using cache", Says::UsingCache),
            (" ---> Running in 0bb89b0742a7", Says::Running),
            (" ---> f549e20c22dc", Says::Image(b"f549e20c22dc")),
            ("---> Using cache", Says::UsingCache),
            ("—> Using cache", Says::UsingCache),
            (" –-> Using cache", Says::UsingCache),
            (" —> f549e20c22dc", Says::Image(b"f549e20c22dc")),
            (" ---> Using cache [web]", Says::UsingCache),
            (" ---> f549e20c22dc [web]", Says::Image(b"f549e20c22dc")),
            (" Using cache", Says::Bare(Bare::UsingCache)),
            (" Running in 0bb89b0742a7", Says::Bare(Bare::Running)),
            (" f549e20c22dc", Says::Bare(Bare::Image(b"f549e20c22dc"))),
            ("Removing intermediate container 0bb89b0742a7", Says::Removed),
            (" ---> Removed intermediate container 0bb89b0742a7", Says::Removed),
            ("The command '/bin/sh -c npm ci' returned a non-zero code: 1", Says::Failed),
            ("COPY failed: no source files were specified", Says::Failed),
            ("Status: Downloaded newer image for node:20", Says::Downloaded(b"node:20")),
            ("Status: Image is up to date for node:20", Says::UpToDate(b"node:20")),
        ] {
            assert_eq!(Classic.read(line.as_bytes()), Some(Event::Classic(says)), "{line}");
        }
        for line in [
            "# Executing 3 tests",
            "Step by step",
            "Step 3 : run-tests passed",
            "Step 3 : tests",
            "Step onbuild-x : RUN a",
            " ---> done",
            "---> syntax:manifests",
            "—> and so on",
            "The command failed",
            "Running in circles",
            "Using cached package",
            "feed and water",
            "Step x/7 : RUN",
            "Successfully installed pip",
        ] {
            assert_eq!(Classic.read(line.as_bytes()), None, "{line}");
        }
    }
}
