//! GitHub Actions: job log of the API, of the runner, and the files of the log archive.
//!
//! Prefix: `2026-05-04T09:00:00.1234567Z ` (`actions/runner` `src/Runner.Common/Logging.cs`,
//! format "O"). Continuation lines of one write have none.

use super::{Envelope, Head, Mark, NoteKind, Peeled, Stamp, echo, github_cache};

/// Job log, step log.
pub(super) struct Github;

/// Length of the stamp.
const STAMP: usize = 28;

impl Envelope for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("github-actions")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'0'..=b'9' | b'#' | b'C' | b'R' | b'J')
    }

    fn recognise(&self, head: &Head) -> bool {
        const HEADERS: [&[u8]; 4] = [
            b"##[group]Run ",
            b"Current runner version: '",
            b"Run actions/checkout@",
            b"Job defined at: ",
        ];
        let header = |l: &[u8]| {
            matches!(l.first(), Some(b'#' | b'C' | b'R' | b'J'))
                && HEADERS.iter().any(|h| l.starts_with(h))
        };
        head.mostly(self, |l| stamp(l).is_some()) || head.any(self, header)
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        decode(line)
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        mark(text)
    }
}

/// Takes the stamp off.
pub(super) fn decode(line: &[u8]) -> Peeled<'_> {
    match stamp(line) {
        Some((stamp, text)) => {
            Peeled { text, stamp: Some(Stamp::Rfc3339(stamp)), ..Peeled::default() }
        }
        None => Peeled { text: without_mark(line), ..Peeled::default() },
    }
}

/// The first line of a file or step has a byte order mark.
fn without_mark(line: &[u8]) -> &[u8] {
    match line {
        [0xef, 0xbb, 0xbf, rest @ ..] => rest,
        _ => line,
    }
}

/// Splits `2026-05-04T09:00:00.1234567Z text`.
fn stamp(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (stamp, rest) = without_mark(line).split_at_checked(STAMP)?;
    let fits = matches!(stamp, [b'0'..=b'9', .., b'Z'])
        && stamp.get(10) == Some(&b'T')
        && stamp.get(19) == Some(&b'.');
    match rest {
        [b' ', text @ ..] if fits => Some((stamp, text)),
        [] if fits => Some((stamp, rest)),
        _ => None,
    }
}

/// What GitHub, its toolkit and `actions/cache` print. Copies of the web page have `Run x` for
/// `##[group]Run x`, `Warning: ` for `##[warning]`.
pub(super) fn mark(text: &[u8]) -> Option<Mark<'_>> {
    match text.first()? {
        b'#' => section(text),
        b'[' => command(text),
        b'/' => executed(text),
        b' ' => input(text),
        b'+' | b'$' => echo::prompted(text),
        b'C' => job(text),
        b'H' => hosted(text),
        b'M' => machine(text, b"Machine name: '"),
        b'R' => run(text),
        b'0'..=b'9' | b'a'..=b'f' | b'\'' => commit(text),
        _ => None,
    }
    .or_else(|| github_cache::mark(text))
    .or_else(|| echo::bare(text))
    .or_else(|| list(text))
    .or_else(|| more(text))
}

/// `opts=(` of a script: an input's value would not end so.
fn list(text: &[u8]) -> Option<Mark<'_>> {
    if text.ends_with(b"(") { echo::by_variable(text) } else { None }
}

/// `Complete job name: build (linux, amd64)`, the last line of what sets up the job
/// (`actions/runner` `src/Runner.Worker/JobExtension.cs`).
fn job(text: &[u8]) -> Option<Mark<'_>> {
    let name = text.strip_prefix(b"Complete job name: ")?.trim_ascii();
    (!name.is_empty()).then_some(Mark::Job(name))
}

/// `Hosted Compute Agent` below `##[group]Runner Image Provisioner`: a machine of GitHub's, made
/// for the job.
fn hosted(text: &[u8]) -> Option<Mark<'_>> {
    (text == b"Hosted Compute Agent").then_some(Mark::Note(NoteKind::NewMachine, text))
}

/// `Machine name: 'ci-01'` of a runner of one's own (`actions/runner`
/// `src/Runner.Worker/JobExtension.cs`).
pub(super) fn machine<'a>(text: &'a [u8], words: &[u8]) -> Option<Mark<'a>> {
    let name = text.strip_prefix(words)?.trim_ascii_end().strip_suffix(b"'")?;
    (!name.is_empty()).then_some(Mark::Note(NoteKind::Machine, name))
}

/// `##[end-action …]` ends a part of a composite action (`actions/runner`
/// `src/Runner.Worker/Handlers/CompositeActionHandler.cs`).
fn section(text: &[u8]) -> Option<Mark<'_>> {
    if text == b"##[endgroup]" || text.starts_with(b"##[end-action ") {
        return Some(Mark::SectionEnd);
    }
    if let Some(title) = text.strip_prefix(b"##[group]Run ") {
        return Some(Mark::Section(title));
    }
    text.strip_prefix(b"##[command]").filter(|c| echo::builds(c)).map(Mark::Command)
}

/// `[command]/usr/bin/docker buildx build …` (`actions/toolkit` `packages/exec`).
fn command(text: &[u8]) -> Option<Mark<'_>> {
    let command = text.strip_prefix(b"[command]")?;
    if memchr::memmem::find(command, b"git log -1 --format=").is_some() {
        return Some(Mark::HashFollows);
    }
    if let Some(branch) = checked_out(command) {
        return Some(Mark::Branch(branch));
    }
    echo::builds(command).then_some(Mark::Command(command))
}

/// `/usr/bin/git checkout --progress --force -B main refs/remotes/origin/main`, of a pull request
/// `… --force refs/remotes/pull/41/merge` (`actions/checkout` `src/git-command-manager.ts`).
fn checked_out(command: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(command, b"git checkout --progress --force ")?;
    let mut words = command.get(at..)?.split(|b| *b == b' ').skip(4);
    match words.next()? {
        b"-B" => words.next(),
        word => word.strip_prefix(b"refs/remotes/"),
    }
}

/// `/usr/bin/docker buildx build --cache-from …`: copies of the page have no `[command]`. Options
/// behind it tell a command from a file's name.
fn executed(text: &[u8]) -> Option<Mark<'_>> {
    let rest = text.strip_prefix(b"/usr/bin/docker buildx ")?;
    let verb = rest.strip_prefix(b"build ").or_else(|| rest.strip_prefix(b"bake "))?;
    verb.starts_with(b"-").then_some(Mark::Command(text))
}

/// `Run docker/build-push-action@v6`, `Run docker build .`
fn run(text: &[u8]) -> Option<Mark<'_>> {
    let title = text.strip_prefix(b"Run ")?;
    let action = !title.contains(&b' ') && title.contains(&b'@') && title.contains(&b'/');
    (action || echo::builds(title)).then_some(Mark::Section(title))
}

/// What `git log -1 --format=%H` prints below its command (`actions/checkout`): nothing else of a
/// line.
fn commit(text: &[u8]) -> Option<Mark<'_>> {
    let bare = text.strip_prefix(b"'").and_then(|t| t.strip_suffix(b"'")).unwrap_or(text);
    let hash = bare.len() == 40 && bare.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    hash.then_some(Mark::Hash(bare))
}

/// `  cache-from: type=gha` in the block of an action's inputs; copies of the page indent it once
/// more.
fn input(text: &[u8]) -> Option<Mark<'_>> {
    let text = text.strip_prefix(b"  ")?;
    let text = text.strip_prefix(b"  ").unwrap_or(text);
    // Of the environment below the inputs one variable counts: buildx takes it.
    let epoch = text.starts_with(b"SOURCE_DATE_EPOCH:");
    let text = Some(text).filter(|t| epoch || t.first().is_some_and(u8::is_ascii_lowercase))?;
    let (key, value) = text.split_at_checked(memchr::memchr(b':', text)?)?;
    let named = key.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let value = value.strip_prefix(b":")?;
    (named && matches!(value.first(), None | Some(b' ')))
        .then_some(Mark::Input(key, value.trim_ascii()))
}

/// A further line of an input: one word that may be an attribute, an argument or a reference. The
/// runner prints such values as they are, with neither stamp nor indentation.
fn more(text: &[u8]) -> Option<Mark<'_>> {
    let odd = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'#' | b'[' | b'*' | b'|');
    // `*.cache-to=type=gha` sets a field of all targets (docker/bake-action).
    let value = text.strip_prefix(b"*.").unwrap_or(text);
    let named = text.iter().any(|b| matches!(b, b'=' | b'/' | b':'));
    (named && text.len() < 512 && !value.iter().any(odd)).then_some(Mark::Input(b"", text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_the_stamp_off() {
        let peeled = decode("\u{feff}2026-05-04T09:00:00.1234567Z #5 CACHED".as_bytes());
        assert_eq!(peeled.text, b"#5 CACHED");
        assert_eq!(peeled.stamp, Some(Stamp::Rfc3339(b"2026-05-04T09:00:00.1234567Z")));
        assert_eq!(decode(b"  tags: a").text, b"  tags: a");
        assert_eq!(decode(b"2026-05-04T09:00:00.1234567Z ").text, b"");
    }

    #[test]
    fn reads_the_inputs_of_an_action() {
        assert_eq!(mark(b"  cache-from: type=gha"), Some(Mark::Input(b"cache-from", b"type=gha")));
        assert_eq!(
            mark(b"type=registry,ref=r/a:b"),
            Some(Mark::Input(b"", b"type=registry,ref=r/a:b"))
        );
        assert_eq!(mark(b"some words, a=b"), None);
        let hash = b"0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
        assert_eq!(mark(hash), Some(Mark::Hash(hash)));
        assert_eq!(mark(b"[command]/usr/bin/git log -1 --format=%H"), Some(Mark::HashFollows));
        assert_eq!(mark(b"0a1b2c3d4e5f60718293a4b5c6d7e8f901234567 a.txt"), None);
        assert_eq!(mark(b"  at Object.<anonymous> (a.js:1:2)"), None);
    }

    #[test]
    fn reads_job_and_branch() {
        let job = b"Complete job name: build (linux, amd64)";
        assert_eq!(mark(job), Some(Mark::Job(b"build (linux, amd64)")));
        let checkout =
            |what: &str| format!("[command]/usr/bin/git checkout --progress --force {what}");
        let main = checkout("-B main refs/remotes/origin/main");
        assert_eq!(mark(main.as_bytes()), Some(Mark::Branch(b"main")));
        let request = checkout("refs/remotes/pull/41/merge");
        assert_eq!(mark(request.as_bytes()), Some(Mark::Branch(b"pull/41/merge")));
        assert_eq!(mark(checkout("refs/tags/v1").as_bytes()), None);
    }

    #[test]
    fn knows_copies_of_the_page() {
        assert!(recognises(&Github, &[b"Run actions/checkout@v4", b"with:"]));
        assert_eq!(
            mark(b"Run docker/build-push-action@v6"),
            Some(Mark::Section(b"docker/build-push-action@v6"))
        );
        assert_eq!(mark(b"Run the tests"), None);
        let executed = b"/usr/bin/docker buildx build --cache-to type=gha .";
        assert_eq!(mark(executed), Some(Mark::Command(executed)));
        assert_eq!(mark(b"/usr/bin/docker-buildx build"), None);
        assert!(!recognises(&Github, &[b"#1 [internal] load build definition", b"#1 DONE 0.0s"]));
    }
}
