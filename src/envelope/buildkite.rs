//! Buildkite: `ESC _bk;t=1700000000000 BEL` at the start of a line and inside it, lines ending in
//! CRLF or CRCRLF, headers `~~~ `, `--- `, `+++ `.
//!
//! Sources: `buildkite/agent` `core/job_controller.go`, `internal/job`; the docker-compose plugin's
//! `commands/build.sh` and `hooks/pre-command` (v4.16.0, v5.14.0).

use memchr::memmem;

use super::{Envelope, Head, Mark, NoteKind, Peeled, Stamp, Words, ansi, buildkite_cache, echo};

/// Job log.
pub(super) struct Buildkite;

impl Envelope for Buildkite {
    fn name(&self) -> &'static str {
        "buildkite"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("buildkite")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'~' | 0x1b | b'_')
    }

    fn words(&self) -> Words {
        &[b"~~~ Preparing working directory", b"~~~ Running ", b"_bk;"]
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |line| {
            line.starts_with(b"~~~ Preparing working directory")
                || line.starts_with(b"~~~ Running ")
                || stamp(line).is_some()
        })
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        match stamp(line) {
            Some((stamp, text)) => {
                Peeled { text, stamp: Some(Stamp::Millis(stamp)), ..Peeled::default() }
            }
            None => Peeled { text: line, ..Peeled::default() },
        }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        match text.first()? {
            b'~' | b'-' | b'+' => buildkite_cache::header(text)
                .or_else(|| header(text))
                .or_else(|| echo::prompted(text)),
            b'>' => echo::prompted(text),
            b'!' => pull_failed(text),
            b'$' => plugin(text)
                .or_else(|| checkout(text))
                .or_else(|| agent(text))
                .or_else(|| echo::prompted(text)),
            b' ' => entry(text),
            b'#' => plugin(text),
            _ => buildkite_cache::mark(text),
        }
    }
}

/// The stamp at the start of the line; copies lose ESC and BEL: `_bk;t=1700000000000`.
fn stamp(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"\x1b").unwrap_or(line).strip_prefix(b"_bk;t=")?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (stamp, rest) = rest.split_at_checked(digits)?;
    let text = rest.strip_prefix(b"\x07").or_else(|| rest.strip_prefix(b"\x1b\\")).unwrap_or(rest);
    Some((stamp, text))
}

/// `$ cd /var/lib/buildkite-agent/builds/ip-10-0-1-7-1/acme/shop`: the agent's name, mostly
/// `%hostname-%spawn`. Agents of one machine share its builder.
fn agent(text: &[u8]) -> Option<Mark<'_>> {
    let path = text.strip_prefix(b"$ cd ")?;
    let mut below = path.get(memmem::find(path, b"/builds/")? + 8..)?.split(|b| *b == b'/');
    let (agent, organization, pipeline) = (below.next()?, below.next()?, below.next()?);
    let whole = below.next().is_none() && !organization.is_empty() && !pipeline.is_empty();
    let spawned = agent.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let name = match agent.get(..agent.len() - spawned)?.strip_suffix(b"-") {
        Some(host) if spawned > 0 => host,
        _ => agent,
    };
    (whole && !name.is_empty()).then_some(Mark::Note(NoteKind::Machine, name))
}

fn header(text: &[u8]) -> Option<Mark<'_>> {
    let (level, title) = text.split_at_checked(4)?;
    if !matches!(level, b"~~~ " | b"--- " | b"+++ ") {
        return None;
    }
    let title = ansi::lead(title);
    let compose = title.strip_prefix(b":docker: ");
    compose.and_then(compose_header).or(Some(Mark::Section(title)))
}

/// Headers of the docker-compose plugin.
fn compose_header(title: &[u8]) -> Option<Mark<'_>> {
    if let Some(rest) = title.strip_prefix(b"Pulling cache image for ") {
        return Some(Mark::Note(
            NoteKind::ComposePluginPullsCache,
            rest.split(|b| *b == b' ').next()?,
        ));
    }
    let building = title
        .strip_prefix(b"Building services ")
        .or_else(|| title.strip_prefix(b"Building service "));
    if let Some(service) = building {
        return Some(Mark::Note(NoteKind::ComposePluginBuilds, service.trim_ascii()));
    }
    // `Using Default Builder 'default' with Driver 'docker'`,
    // `Creating Builder Instance 'N' with Driver 'D'`
    let at = memmem::find(title, b" with Driver '")?;
    let driver = title.get(at + 14..)?.split(|b| *b == b'\'').next()?;
    Some(Mark::Note(NoteKind::ComposePluginDriver, driver))
}

/// `!!! :docker: Pull failed. IMAGE will not be used as a cache for SERVICE`
fn pull_failed(text: &[u8]) -> Option<Mark<'_>> {
    let rest = text.strip_prefix(b"!!! :docker: Pull failed. ")?;
    Some(Mark::Note(NoteKind::ComposePluginPullFailed, rest.split(|b| *b == b' ').next()?))
}

/// `…/plugins/github-com-buildkite-plugins-docker-compose-buildkite-plugin-v5-10-0`, or
/// `docker-compose#v5.10.0`.
fn plugin(text: &[u8]) -> Option<Mark<'_>> {
    const NAMES: [&[u8]; 4] = [
        b"docker-compose-buildkite-plugin-git-v",
        b"docker-compose-buildkite-plugin-v",
        b"docker-compose-buildkite-plugin#v",
        b"docker-compose#v",
    ];
    let rest = NAMES.iter().find_map(|name| text.get(memmem::find(text, name)? + name.len()..))?;
    let end =
        rest.iter().position(|b| !matches!(b, b'0'..=b'9' | b'.' | b'-')).unwrap_or(rest.len());
    Some(Mark::Note(NoteKind::ComposePluginVersion, rest.get(..end)?))
}

/// `$ git checkout -f 0a1b2c3d`
fn checkout(text: &[u8]) -> Option<Mark<'_>> {
    echo::git_checkout(ansi::lead(text.strip_prefix(b"$")?).strip_prefix(b" ")?)
}

/// Lines of the override file the plugin prints: `      - REF` below `cache_from:`,
/// `    image: REF`.
fn entry(text: &[u8]) -> Option<Mark<'_>> {
    let text = text.trim_ascii_start();
    if let Some(image) = text.strip_prefix(b"image: ") {
        return Some(Mark::Note(NoteKind::ComposeImage, image));
    }
    match text {
        b"cache_from:" => Some(Mark::Note(NoteKind::ComposeCacheFrom, b"")),
        b"cache_to:" => Some(Mark::Note(NoteKind::ComposeCacheTo, b"")),
        [b'-', b' ', item @ ..] => Some(Mark::Input(b"-", item)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_stamps_off() {
        let peeled = Buildkite.decode(b"\x1b_bk;t=1700000000000\x07~~~ Running commands");
        assert_eq!(
            (peeled.text, peeled.stamp),
            (&b"~~~ Running commands"[..], Some(Stamp::Millis(b"1700000000000")))
        );
        assert_eq!(Buildkite.decode(b"_bk;t=1700000000000#5 CACHED").text, b"#5 CACHED");
    }

    #[test]
    fn hears_the_compose_plugin() {
        use NoteKind::*;
        for (line, mark) in [
            (
                "~~~ :docker: Pulling cache image for app (group 1)",
                Mark::Note(ComposePluginPullsCache, b"app"),
            ),
            (
                "~~~ :docker: Using Default Builder 'default' with Driver 'docker'",
                Mark::Note(ComposePluginDriver, b"docker"),
            ),
            ("+++ :docker: Building services app", Mark::Note(ComposePluginBuilds, b"app")),
            (
                "$ cd /p/github-com-buildkite-plugins-docker-compose-buildkite-plugin-v5-10-0",
                Mark::Note(ComposePluginVersion, b"5-10-0"),
            ),
        ] {
            assert_eq!(Buildkite.mark(line.as_bytes()), Some(mark), "{line}");
        }
    }

    #[test]
    fn hears_which_machine_it_is() {
        let of = |line: &'static [u8]| Buildkite.mark(line);
        let named = Some(Mark::Note(NoteKind::Machine, b"ip-10-0-1-7"));
        assert_eq!(of(b"$ cd /var/lib/buildkite-agent/builds/ip-10-0-1-7-2/acme/shop"), named);
        assert_eq!(of(b"$ cd /var/lib/buildkite-agent/builds/acme/shop"), None);
        assert_eq!(of(b"$ cd /builds/linux/acme/shop/src"), None);
    }
}
