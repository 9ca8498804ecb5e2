//! buildah and `podman build`.
//!
//! Source: `containers/buildah` `imagebuildah/stage_executor.go`, `executor.go`, v1.23 to v1.44.
//! Output of RUN has no prefix here, so a line is only taken where its form leaves no doubt.

use memchr::memmem;

use super::{Buildah as Says, Dialect, Event, logrus};
use crate::source::find;

/// Steps, and arrows that tell what became of them.
pub(super) struct Buildah;

impl Dialect for Buildah {
    fn read<'a>(&self, text: &'a [u8]) -> Option<Event<'a>> {
        let says = match text.first()? {
            b'S' | b'[' => step(text),
            b'-' | 0xe2 => arrow(text),
            b'C' => config(text).or_else(|| text.strip_prefix(b"COMMIT").and_then(commit)),
            b'T' => text
                .strip_prefix(b"Trying to pull ")
                .and_then(|rest| rest.strip_suffix(b"..."))
                .map(Says::Pulling),
            b'E' | b'e' => not_pushed(text).or_else(|| failed(text)),
            b't' => not_asked(text),
            _ => None,
        };
        says.map(Event::Buildah)
    }
}

/// `STEP 3/6: RUN make`, `[1/2] STEP 3/6: RUN make`, `STEP 3: RUN make` (before v1.20)
fn step(text: &[u8]) -> Option<Says<'_>> {
    let (stage, rest) = match text.strip_prefix(b"[") {
        Some(inside) => {
            let (stage, rest) =
                inside.split_at_checked(find(inside.get(..16).unwrap_or(inside), b"] ")?)?;
            (pair(stage)?.0, rest.get(2..)?)
        }
        None => (1, text),
    };
    if let Some(rest) = rest.strip_prefix(b"COMMIT") {
        return commit(rest);
    }
    let rest = rest.strip_prefix(b"STEP ")?;
    let (count, text) = rest.split_at_checked(find(rest.get(..16).unwrap_or(rest), b": ")?)?;
    let (position, of) = pair(count)?;
    // Before v1.20 the commit is a step: `STEP 4: COMMIT team/app`.
    if let Some(name) = text.strip_prefix(b": COMMIT") {
        return commit(name);
    }
    Some(Says::Step { stage, position, of, text: text.get(2..)? })
}

/// `3/6`; `3` alone is the older form.
fn pair(text: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    match text.split_once('/') {
        Some((a, b)) => Some((a.parse().ok()?, b.parse().ok()?)),
        None => Some((text.parse().ok()?, 0)),
    }
}

/// `--> Using cache c70f…`, `--> Cache pulled from remote r/c:0a1b…`, `--> c70f3a76dac`
fn arrow(text: &[u8]) -> Option<Says<'_>> {
    // Pages for people make one dash of two.
    let arrows = [&b"--> "[..], "–> ".as_bytes()];
    let rest = arrows.iter().find_map(|arrow| text.strip_prefix(*arrow))?.trim_ascii_end();
    // Whoever passes the line on may have put something behind it.
    let hash = |rest: &[u8]| {
        let word = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let word = rest.get(..word).unwrap_or_default();
        (11..=64).contains(&word.len()) && word.iter().all(u8::is_ascii_hexdigit)
    };
    if let Some(image) = rest.strip_prefix(b"Using cache ") {
        // A mask may stand for the hash.
        return (hash(image) || !image.contains(&b' ')).then_some(Says::UsingCache);
    }
    if let Some(reference) = rest.strip_prefix(b"Cache pulled from remote ") {
        return Some(Says::Pulled(reference));
    }
    if let Some(reference) = rest.strip_prefix(b"Pushing cache ") {
        return Some(Says::Pushing(reference));
    }
    hash(rest).then_some(Says::Layer(rest))
}

/// `Copying config sha256:22ae…`, `Copying config 22aea2eaf2 done` (`containers/image`
/// `copy/progress_bars.go`)
fn config(text: &[u8]) -> Option<Says<'_>> {
    const SHORTEST: usize = 10;
    let rest = text.strip_prefix(b"Copying config ")?;
    let rest = rest.strip_prefix(b"sha256:").unwrap_or(rest);
    let id = rest.get(..SHORTEST)?;
    id.iter().all(u8::is_ascii_hexdigit).then_some(Says::Config(id))
}

/// `COMMIT r/team/app:1`, `COMMIT` alone where the image gets no name
fn commit(rest: &[u8]) -> Option<Says<'_>> {
    match rest.trim_ascii_end() {
        [] => Some(Says::Commit(b"")),
        [b' ', name @ ..] if !name.contains(&b' ') => Some(Says::Commit(name)),
        _ => None,
    }
}

/// `Error: building at STEP "RUN x": while running runtime: exit status 1`;
/// `error building at STEP …` before v1.24, `error building at step {Env:[…] … Message:RUN x …}: …`
/// before v1.6; ``Error: unable to parse value provided `[]` to
/// --cache-from: …`` (`pkg/cli/build.go`);
/// `error checking if cached image exists from a previous build: …: layer not known`
fn failed(text: &[u8]) -> Option<Says<'_>> {
    const STARTS: [&[u8]; 6] = [
        b"Error: checking if cached image exists from a previous build: ",
        b"error checking if cached image exists from a previous build: ",
        b"Error: building at STEP \"",
        b"error building at STEP \"",
        b"error building at step {Env:",
        b"Error: unable to parse value provided ",
    ];
    let from_podman = text.starts_with(b"Error: error building at STEP \"")
        || text.starts_with(b"Error: error checking if cached image exists ");
    (from_podman || STARTS.iter().any(|start| text.starts_with(start))).then_some(Says::Failed)
}

/// `Error: failed pushing cache to {{{"r.example.com" "team/cache"} "0a1b…"} …}: …`, which ends the
/// build; older: `Error: building at STEP "RUN x": failed pushing cache to …`. A key that makes no
/// tag: `Error: failed generating tagged reference for "r/c": invalid tag format`
/// (`cacheImageReferences`).
fn not_pushed(text: &[u8]) -> Option<Says<'_>> {
    let error =
        text.strip_prefix(b"Error: ").or_else(|| text.starts_with(b"error ").then_some(text))?;
    let at = memmem::find(error, b"failed pushing cache to ")
        .or_else(|| memmem::find(error, b"failed generating tagged reference for \""))?;
    (at == 0 || failed(text).is_some()).then(|| error.get(at..).map(Says::NotPushed))?
}

/// `time="…" level=warning msg="Failed, retrying in 1s ... (1/3). Error: initializing source docker://r/c:0a1b…: …"`
/// (`containers/common` `pkg/retry`): a tag that is a digest is the key of a layer.
fn not_asked(text: &[u8]) -> Option<Says<'_>> {
    let said = logrus::read(text)?.message.strip_prefix(b"Failed, retrying in ")?;
    let start = b"Error: initializing source docker://";
    let source = said.get(memmem::find(said, start)? + start.len()..)?;
    let (reference, error) = source.split_at_checked(memmem::find(source, b": ")?)?;
    let key = reference.rsplit(|b| *b == b':').next()?;
    let layer = key.len() == 64 && key.iter().all(u8::is_ascii_hexdigit);
    let error = error.get(2..)?.trim_ascii_end();
    layer.then(|| Says::NotAsked { reference, error: error.strip_suffix(b"\"").unwrap_or(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_steps_and_arrows() {
        for (line, says) in [
            ("STEP 3/6: RUN make", Says::Step { stage: 1, position: 3, of: 6, text: b"RUN make" }),
            (
                "[2/2] STEP 1/3: FROM a",
                Says::Step { stage: 2, position: 1, of: 3, text: b"FROM a" },
            ),
            ("STEP 4: COMMIT r/team/app:1", Says::Commit(b"r/team/app:1")),
            ("STEP 4: COMMIT", Says::Commit(b"")),
            ("STEP 3: RUN make", Says::Step { stage: 1, position: 3, of: 0, text: b"RUN make" }),
            ("--> Using cache c70f3a76daca", Says::UsingCache),
            ("--> Using cache <hash>", Says::UsingCache),
            ("--> c70f3a76dac", Says::Layer(b"c70f3a76dac")),
            ("–> c70f3a76dac", Says::Layer(b"c70f3a76dac")),
            ("--> Cache pulled from remote r/c:0a", Says::Pulled(b"r/c:0a")),
            ("[2/2] COMMIT r/team/app:1", Says::Commit(b"r/team/app:1")),
            ("COMMIT r/team/app:1", Says::Commit(b"r/team/app:1")),
            ("Trying to pull r/node:20...", Says::Pulling(b"r/node:20")),
            ("Copying config sha256:22aea2eaf284be30", Says::Config(b"22aea2eaf2")),
            ("Copying config 22aea2eaf2 done", Says::Config(b"22aea2eaf2")),
            (
                "Error: building at STEP \"RUN x\": while running runtime: exit status 1",
                Says::Failed,
            ),
            (
                "error checking if cached image exists from a previous build: layer not known",
                Says::Failed,
            ),
            ("error building at step {Env:[A=b] Command:run Message:RUN x}: x", Says::Failed),
            (
                "Error: unable to parse value provided `[]` to --cache-from: repository must",
                Says::Failed,
            ),
            (
                "Error: failed pushing cache to {r}: denied",
                Says::NotPushed(b"failed pushing cache to {r}: denied"),
            ),
            (
                "Error: failed generating tagged reference for \"r/c\": invalid tag format",
                Says::NotPushed(
                    b"failed generating tagged reference for \"r/c\": invalid tag format",
                ),
            ),
        ] {
            assert_eq!(Buildah.read(line.as_bytes()), Some(Event::Buildah(says)), "{line}");
        }
        for line in [
            "STEP by step",
            "STEP 4: COMMIT to the plan",
            "[INFO] STEP",
            "--> done",
            "COMMIT to the plan",
            "[1/2] Step 1/2 : RUN",
            "--> Using cache",
            "--> Using cache of the browser",
        ] {
            assert_eq!(Buildah.read(line.as_bytes()), None, "{line}");
        }
    }
}
