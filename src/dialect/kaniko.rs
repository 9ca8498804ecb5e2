//! kaniko: messages of the logging library logrus, in three forms.
//!
//! Source: `GoogleContainerTools/kaniko` `pkg/executor/build.go`, `push.go`, `pkg/cache/cache.go`,
//! `pkg/logging/logging.go` at v1.24.0. Other programs log through logrus too, so a message is only
//! taken where its words are kaniko's; output of RUN and the final error stand without a form.

use memchr::memmem;

use super::{Dialect, Event, Kaniko, KanikoSays as Says, logrus};
use crate::source::find;

/// The three forms.
pub(super) struct Logrus;

impl Dialect for Logrus {
    fn read<'a>(&self, text: &'a [u8]) -> Option<Event<'a>> {
        let message = match text.first()? {
            b'I' | b'W' | b'D' => coloured(text),
            b't' => quoted(text),
            b'{' => json(text),
            b'e' => failed(text),
            b'E' => refused(text),
            b'C' | b'U' | b'N' | b'F' | b'P' => bare(text),
            _ => None,
        };
        message.map(Event::Kaniko)
    }
}

/// `INFO[0003] msg   `, `WARN[2026-11-21T03:01:28Z] msg`: padded, and the colour may still end
/// inside.
fn coloured(text: &[u8]) -> Option<Kaniko<'_>> {
    let level = [&b"INFO"[..], b"WARN", b"DEBU"].iter().find_map(|l| text.strip_prefix(*l))?;
    let rest = level.strip_prefix(b"\x1b[0m").unwrap_or(level).strip_prefix(b"[")?;
    let (clock, message) = rest.split_at_checked(find(rest, b"] ")?)?;
    let says = says(message.get(2..)?.trim_ascii())?;
    Some(Kaniko { says, clock, escaped: false })
}

/// `time="2026-11-21T02:59:09Z" level=info msg="RUN npm ci"`
fn quoted(text: &[u8]) -> Option<Kaniko<'_>> {
    let line = logrus::read(text)?;
    let message = line.message.trim_ascii_end().strip_suffix(b"\"")?;
    Some(Kaniko { says: says(message)?, clock: line.clock, escaped: true })
}

/// `{"level":"info","msg":"RUN npm ci","time":"2026-11-21T02:59:18Z"}`
fn json(text: &[u8]) -> Option<Kaniko<'_>> {
    let rest = text.strip_prefix(b"{\"level\":\"")?;
    let start = find(rest, b"\",\"msg\":\"")? + 9;
    let rest = rest.get(start..)?;
    let (message, rest) = rest.split_at_checked(memmem::rfind(rest, b"\",\"time\":\"")?)?;
    let clock = rest.get(10..)?.trim_ascii_end().strip_suffix(b"\"}")?;
    Some(Kaniko { says: says(message)?, clock, escaped: true })
}

/// `No cached layer found for cmd RUN npm ci`: tools that show kaniko's output (Garden, some copies
/// of a page) drop the form. Only words that no other program has are taken without it.
fn bare(text: &[u8]) -> Option<Kaniko<'_>> {
    const WORDS: [&[u8]; 5] = [
        b"Checking for cached layer ",
        b"Using caching version of cmd: ",
        b"No cached layer found for cmd ",
        b"Found cached layer, extracting to filesystem",
        b"Pushing layer ",
    ];
    let known = WORDS.iter().any(|word| text.starts_with(word));
    let says = known.then(|| says(text.trim_ascii_end())).flatten()?;
    Some(Kaniko { says, clock: b"", escaped: false })
}

/// `error building image: error building stage: failed to execute command: …`
/// (`cmd/executor/cmd/root.go`)
fn failed(text: &[u8]) -> Option<Kaniko<'_>> {
    const ENDS: [&str; 3] =
        ["error building image: ", "error pushing image: ", "error checking push permissions"];
    let known = ENDS.iter().any(|end| text.starts_with(end.as_bytes()));
    known.then_some(Kaniko { says: Says::Failed, clock: b"", escaped: false })
}

/// `Error: cache flags invalid: if using cache with --no-push, specify cache repo with …`
/// (`cmd/executor/cmd/root.go`): nothing is built.
fn refused(text: &[u8]) -> Option<Kaniko<'_>> {
    text.starts_with(b"Error: cache flags invalid: ").then_some(Kaniko {
        says: Says::Failed,
        clock: b"",
        escaped: false,
    })
}

fn says(message: &[u8]) -> Option<Says<'_>> {
    if is_step(message) {
        return Some(Says::Step(message));
    }
    let after = |start: &str| message.strip_prefix(start.as_bytes());
    match message.first()? {
        b'B' => match after("Building stage '") {
            Some(rest) => stage(rest),
            None => after("Built cross stage deps: ")
                .map(|deps| Says::Planned { copies: !deps.starts_with(b"map[]") })
                .or_else(|| after("Base image from previous stage ").map(|_| Says::Begun)),
        },
        b'C' => match after("Checking for cached layer ") {
            Some(rest) => Some(Says::Lookup(without_dots(rest))),
            None => after("Cache entry expired: ").map(|_| Says::Expired),
        },
        b'U' => after("Using caching version of cmd: ").map(Says::Cached),
        b'N' => after("No cached layer found for cmd ").map(Says::NotCached),
        b'F' => match after("Failed to retrieve layer: ") {
            Some(error) => Some(Says::LookupFailed(error)),
            None => after("Found cached layer, extracting to filesystem").map(|_| Says::Extracting),
        },
        b'P' => pushes(message),
        b'E' => match after("Error uploading layer to cache: ")
            .map(Says::NotStored)
            .or_else(|| eliminated(message))
        {
            Some(says) => Some(says),
            None => {
                after("Executing ").filter(|r| r.ends_with(b" build triggers")).map(|_| Says::Begun)
            }
        },
        // Up to v0.13 nothing else says that a stage begins.
        b'D' => after("Downloading base image ").map(Says::Downloading),
        // Before v0.10 in lower case.
        b'e' => after("error uploading layer to cache: ").map(Says::NotStored),
        b'R' => match after("Resolved base name ") {
            Some(rest) => named(rest),
            None => after("Retrieving image manifest ").map(Says::Base),
        },
        b'S' => after("Skipping push to container registry").map(|_| Says::PushSkipped),
        _ => None,
    }
}

/// `r/c:0a1b...`; text that went through a page for people ends with one sign, `r/c:0a1b…`.
fn without_dots(reference: &[u8]) -> &[u8] {
    let dots = [&b"..."[..], "…".as_bytes()];
    dots.iter().find_map(|dots| reference.strip_suffix(*dots)).unwrap_or(reference)
}

fn pushes(message: &[u8]) -> Option<Says<'_>> {
    if let Some(rest) = message.strip_prefix(b"Pushing layer ") {
        return rest.strip_suffix(b" to cache now").map(Says::Storing);
    }
    if let Some(rest) = message.strip_prefix(b"Pushing cache pointer ") {
        return rest.split(|b| *b == b' ').next().map(Says::Pointing);
    }
    let image = message.strip_prefix(b"Pushing image to ").map(Says::Pushing);
    image.or_else(|| message.strip_prefix(b"Pushed ").map(Says::Pushed))
}

/// `Eliminating stage 'golang:1.22-alpine' [idx: '0'], all consumers are served from cache` (from
/// v1.28 on)
fn eliminated(message: &[u8]) -> Option<Says<'_>> {
    match stage(message.strip_prefix(b"Eliminating stage '")?)? {
        Says::Stage { base, index } => Some(Says::Eliminated { base, index }),
        _ => None,
    }
}

/// `golang:1.22-alpine' [idx: '0', base-idx: '-1']`
fn stage(rest: &[u8]) -> Option<Says<'_>> {
    let (base, rest) = rest.split_at_checked(find(rest, b"' [idx: '")?)?;
    let digits = rest.get(9..)?.split(|b| *b == b'\'').next()?;
    Some(Says::Stage { base, index: std::str::from_utf8(digits).ok()?.parse().ok()? })
}

/// `golang:1.22-alpine to build`
fn named(rest: &[u8]) -> Option<Says<'_>> {
    let (base, rest) = rest.split_at_checked(find(rest, b" to ")?)?;
    Some(Says::Named { base, name: rest.get(4..)? })
}

/// An instruction of a Dockerfile, as `command.String()` prints it.
fn is_step(message: &[u8]) -> bool {
    let end = memchr::memchr(b' ', message).unwrap_or(message.len());
    let word = message.get(..end).unwrap_or_default();
    // Compared without a call each, of which there would be sixteen a line.
    matches!(
        word,
        b"RUN"
            | b"COPY"
            | b"ADD"
            | b"WORKDIR"
            | b"ENV"
            | b"ARG"
            | b"LABEL"
            | b"CMD"
            | b"ENTRYPOINT"
            | b"EXPOSE"
            | b"USER"
            | b"VOLUME"
            | b"HEALTHCHECK"
            | b"SHELL"
            | b"STOPSIGNAL"
            | b"ONBUILD"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Kaniko<'_>> {
        match Logrus.read(text.as_bytes()) {
            Some(Event::Kaniko(message)) => Some(message),
            _ => None,
        }
    }

    #[test]
    fn reads_all_three_forms() {
        let step = Says::Step(b"RUN npm ci");
        for (line, clock, escaped) in [
            ("INFO[0003] RUN npm ci                               ", "0003", false),
            ("INFO\x1b[0m[0003] RUN npm ci  ", "0003", false),
            ("INFO[2026-11-21T03:01:28Z] RUN npm ci", "2026-11-21T03:01:28Z", false),
            (
                "time=\"2026-11-21T02:59:09Z\" level=info msg=\"RUN npm ci\"",
                "2026-11-21T02:59:09Z",
                true,
            ),
            (
                "{\"level\":\"info\",\"msg\":\"RUN npm ci\",\"time\":\"2026-11-21T02:59:18Z\"}",
                "2026-11-21T02:59:18Z",
                true,
            ),
        ] {
            assert_eq!(
                read(line),
                Some(Kaniko { says: step, clock: clock.as_bytes(), escaped }),
                "{line}"
            );
        }
    }

    #[test]
    fn reads_messages() {
        for (message, says) in [
            (
                "Building stage 'a:1' [idx: '2', base-idx: '-1']",
                Says::Stage { base: b"a:1", index: 2 },
            ),
            (
                "Eliminating stage 'a:1' [idx: '2'], all consumers are served from cache",
                Says::Eliminated { base: b"a:1", index: 2 },
            ),
            ("Pushing cache pointer r/c:0a -> 0b", Says::Pointing(b"r/c:0a")),
            (
                "Resolved base name golang:1.22 to build",
                Says::Named { base: b"golang:1.22", name: b"build" },
            ),
            ("Checking for cached layer r/c:0a1b...", Says::Lookup(b"r/c:0a1b")),
            ("Checking for cached layer r/c:0a1b…", Says::Lookup(b"r/c:0a1b")),
            ("Using caching version of cmd: RUN x", Says::Cached(b"RUN x")),
            ("No cached layer found for cmd RUN x", Says::NotCached(b"RUN x")),
            ("Cache entry expired: r/c:0a1b", Says::Expired),
            ("Found cached layer, extracting to filesystem", Says::Extracting),
            ("Pushing layer r/c:0a1b to cache now", Says::Storing(b"r/c:0a1b")),
            ("Retrieving image manifest golang:1.22", Says::Base(b"golang:1.22")),
            ("Built cross stage deps: map[0:[/app]]", Says::Planned { copies: true }),
            ("Built cross stage deps: map[]", Says::Planned { copies: false }),
            ("Executing 0 build triggers", Says::Begun),
            ("Pushed r/c@sha256:0a", Says::Pushed(b"r/c@sha256:0a")),
            ("Error uploading layer to cache: x", Says::NotStored(b"x")),
            ("error uploading layer to cache: x", Says::NotStored(b"x")),
            ("COPY --from=build /a /b", Says::Step(b"COPY --from=build /a /b")),
        ] {
            let line = format!("INFO[0000] {message}");
            assert_eq!(read(&line).map(|m| m.says), Some(says), "{message}");
        }
    }

    #[test]
    fn reads_that_its_flags_are_refused() {
        let says = |line| read(line).map(|message| message.says);
        let refused =
            "Error: cache flags invalid: if using cache with --no-push, specify cache repo";
        assert_eq!(says(refused), Some(Says::Failed));
        assert_eq!(says("Error: flags invalid"), None);
    }

    #[test]
    fn reads_words_of_its_own_without_a_form() {
        let says = |line| read(line).map(|message| message.says);
        assert_eq!(
            says("No cached layer found for cmd RUN npm ci  "),
            Some(Says::NotCached(b"RUN npm ci"))
        );
        assert_eq!(says("Checking for cached layer r/c:0a1b..."), Some(Says::Lookup(b"r/c:0a1b")));
    }

    #[test]
    fn leaves_other_programs() {
        for line in [
            "RUN npm ci",
            "Pushing layer 3 of 4",
            "Found cached layers",
            "INFO[0000] Prep: Network",
            "INFO: RUN x",
            "time=\"2026-11-21T02:59:09Z\" level=info msg=\"listening\"",
            "{\"level\":\"info\",\"msg\":\"started\",\"time\":\"x\"}",
            "INFO[0000] Running: [/bin/sh -c RUN]",
            "error: x",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
