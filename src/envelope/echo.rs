//! Command lines as shells echo them: `+ docker build .`, `$ docker build .`; and what git prints.

use super::{Mark, NoteKind, ansi};
use crate::source::find;

/// A command with the prompt of `set -x` (`+`), of GitLab and Buildkite (`$`), of Windows and npm
/// (`>`), which may be coloured alone: `ESC[90m$ESC[0m docker build .`. Only commands that concern
/// image builds are of interest.
pub(super) fn prompted(text: &[u8]) -> Option<Mark<'_>> {
    behind_prompt(text).filter(|command| builds(command)).map(Mark::Command)
}

fn behind_prompt(text: &[u8]) -> Option<&[u8]> {
    let ([b'+', b'+', rest @ ..] | [b'+' | b'$' | b'>', rest @ ..]) = text else { return None };
    Some(ansi::lead(ansi::lead(rest).strip_prefix(b" ")?))
}

/// A variable that is set to options or to the call of a tool, `opts=(--cache-from type=gha)`, and
/// a command that one calls, `$BUILD -t a .`; behind a prompt, or in a script.
pub(super) fn by_variable(text: &[u8]) -> Option<Mark<'_>> {
    let prompted = behind_prompt(text);
    let command = prompted.unwrap_or(text).trim_ascii_start();
    let sets = set(command).is_some_and(|value| prompted.is_some() || is_of_interest(value));
    if !(sets || calls_variable(command)) {
        return None;
    }
    Some(if prompted.is_some() { Mark::Command(command) } else { Mark::Script(command) })
}

/// The value that a variable is set to.
fn set(command: &[u8]) -> Option<&[u8]> {
    const WORDS: [&[u8]; 6] =
        [b"export ", b"declare -a ", b"declare ", b"local -a ", b"local ", b"readonly "];
    let set = WORDS.iter().find_map(|word| command.strip_prefix(*word)).unwrap_or(command);
    let name = set.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let rest = set.get(name..).filter(|_| name > 0)?;
    rest.strip_prefix(b"+").unwrap_or(rest).strip_prefix(b"=").filter(|value| !value.is_empty())
}

/// Options, the call of a tool, or what a command prints: of a script, every line is seen, also
/// those that are none.
fn is_of_interest(value: &[u8]) -> bool {
    match value {
        [b'('] => true,
        [b'(', items @ ..] => memchr::memchr2(b'-', b'$', items).is_some(),
        [b'"' | b'\'', text @ ..] => {
            text.starts_with(b"-") || text.starts_with(b"$(") || starts(text)
        }
        _ => value.starts_with(b"$("),
    }
}

fn calls_variable(command: &[u8]) -> bool {
    let called = command.strip_prefix(b"\"").unwrap_or(command);
    let ([b'$', b'{', name @ ..] | [b'$', name @ ..]) = called else { return false };
    name.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
}

/// What a program says before it runs a command: `[CMD]: docker exec x bash -c '…'` (Coolify),
/// `Executing: docker build .`. The command has to begin right behind it.
pub(super) fn announced(text: &[u8]) -> Option<Mark<'_>> {
    const MARKERS: [&[u8]; 12] = [
        b"[CMD]: ",
        b"[command]",
        b"CMD: ",
        b"cmd: ",
        b"Command: ",
        b"command: ",
        b"Executing: ",
        b"Executing command: ",
        b"Running: ",
        b"Running command: ",
        b"exec: ",
        b"==> ",
    ];
    let behind = MARKERS.iter().find_map(|marker| text.strip_prefix(*marker));
    let behind = behind.or_else(|| behind_task(text)).or_else(|| behind_arrow(text));
    let command = ansi::lead(behind?).trim_ascii_start();
    starts(command).then_some(Mark::Command(command))
}

/// `task: [image] docker build .` (go-task `task.go`), `> docker build .` (npm and pnpm, whatever
/// the CI).
fn behind_task(text: &[u8]) -> Option<&[u8]> {
    if let Some(task) = text.strip_prefix(b"task: [") {
        return task.get(find(task.get(..80).unwrap_or(task), b"] ")? + 2..);
    }
    text.strip_prefix(b"> ").filter(|command| recipe(command).is_some())
}

/// `Docker build command -> docker buildx build --push .`, as scripts announce what they run.
fn behind_arrow(text: &[u8]) -> Option<&[u8]> {
    let head = text.get(..60).unwrap_or(text);
    let at = find(head, b"-> ").filter(|at| head.get(..*at).is_some_and(|h| h.ends_with(b" ")))?;
    text.get(at + 3..).filter(|command| recipe(command).is_some())
}

/// What the shell of a job says where the CI itself says nothing of use: commands.
pub(super) fn shell(text: &[u8]) -> Option<Mark<'_>> {
    matches!(text.first()?, b'+' | b'$').then(|| prompted(text))?
}

/// A command without a prompt, as make and rake print what they run: `docker build -t app .`. A
/// sentence that begins like one, `docker build failed`, has no option and no path behind the verb.
pub(super) fn recipe(text: &[u8]) -> Option<Mark<'_>> {
    const TOOLS: [&[u8]; 10] = [
        b"docker",
        b"buildah ",
        b"buildctl ",
        b"buildctl-daemonless.sh ",
        b"podman ",
        b"DOCKER_",
        b"BUILDKIT_",
        b"COMPOSE_",
        b"sudo ",
        b"/kaniko/executor ",
    ];
    if !matches!(text.first()?, b'd' | b'b' | b'p' | b'D' | b'B' | b'C' | b's' | b'/') {
        return None;
    }
    let begins = TOOLS.iter().any(|tool| text.starts_with(tool)) && builds(text);
    (begins && asks(text)).then_some(Mark::Command(text))
}

/// The verb is followed by an option, a path or the end of a line that goes on.
fn asks(command: &[u8]) -> bool {
    let head = command.get(..512).unwrap_or(command);
    let mut words = head.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let verb =
        |word: &&[u8]| matches!(*word, b"build" | b"bake" | b"bud" | b"up" | b"/kaniko/executor");
    if !words.any(|word| verb(&word)) {
        return false;
    }
    let mut behind = words.skip_while(|word| matches!(*word, b"build" | b"bake"));
    let first = behind.next().unwrap_or_default();
    let path =
        || matches!(first, b"." | b"\\") || first.starts_with(b"./") || first.starts_with(b"$");
    (first.starts_with(b"-") && first.len() > 1) || path()
}

/// A line that is a command where a script is shown without prompts.
pub(super) fn bare(text: &[u8]) -> Option<Mark<'_>> {
    if let Some(command) = recipe(text) {
        return Some(command);
    }
    let text = text.trim_ascii_start();
    starts(text).then_some(Mark::Script(text))
}

/// Begins with a tool that builds images, or with what is set for it.
pub(super) fn starts(command: &[u8]) -> bool {
    const STARTS: [&[u8]; 23] = [
        b"ssh ",
        b"bash -",
        b"sh -",
        b"/bin/sh -",
        b"/bin/bash -",
        b"/usr/bin/env ",
        b"env ",
        b"time ",
        b"timeout ",
        b"nohup ",
        b"nix-shell ",
        b"su ",
        b"docker",
        b"buildctl",
        b"DOCKER_",
        b"BUILDKIT_",
        b"COMPOSE_",
        b"sudo ",
        b"buildah ",
        b"BUILDAH_",
        b"podman ",
        b"/kaniko/executor ",
        b"/usr/bin/docker ",
    ];
    STARTS.iter().any(|s| command.starts_with(s)) && builds(command)
}

/// `  --cache-from type=gha \` of a command that is written in several lines; `> ` in front of it
/// is the prompt of shells for such lines.
///
/// A list of options (`opts=(`) is closed in a line of its own.
pub(super) fn more(text: &[u8]) -> Option<Mark<'_>> {
    if text == b")" {
        return Some(Mark::More(text));
    }
    let [b' ' | b'\t' | b'>', rest @ ..] = text else { return None };
    let option = rest.trim_ascii();
    let bare = option.strip_prefix(b"\"").or_else(|| option.strip_prefix(b"'")).unwrap_or(option);
    let named =
        matches!(bare, [b'-', b'-', b'a'..=b'z', ..] | [b'-', b'a'..=b'z', b' ' | b'=', ..] | b")");
    named.then_some(Mark::More(option))
}

/// `Docker Compose version v2.37.1` (`docker compose version`).
pub(super) fn compose_version(text: &[u8]) -> Option<Mark<'_>> {
    let version =
        text.strip_prefix(b"Docker Compose version ")?.split(u8::is_ascii_whitespace).next()?;
    Some(Mark::Note(NoteKind::ComposeVersion, version))
}

/// `HEAD is now at 0a1b2c3 Message`: git says it in every CI.
pub(super) fn checked_out(text: &[u8]) -> Option<Mark<'_>> {
    text.strip_prefix(b"HEAD is now at ")?.split(|b| *b == b' ').next().map(Mark::Commit)
}

/// `git checkout -f 0a1b2c3d`, `git checkout -qf 0a1b2c3d`: a word that can only be a commit.
pub(super) fn git_checkout(command: &[u8]) -> Option<Mark<'_>> {
    let words = command.strip_prefix(b"git checkout ")?.split(|b| *b == b' ');
    words.filter(|w| w.len() >= 7 && w.iter().all(u8::is_ascii_hexdigit)).map(Mark::Commit).next()
}

/// Names a tool that builds images, gives one a name, or deletes what it does not use.
pub(super) fn builds(command: &[u8]) -> bool {
    let head = command.get(..512).unwrap_or(command);
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    // `--dockerfile` is an option of kaniko.
    if has(b"kaniko/executor ") {
        return true;
    }
    if has(b"buildah ") {
        return has(b" bud ") || has(b" build") || has(b" rmi ") || has(b" prune");
    }
    if has(b"docker") {
        return has(b" build") || has(b" bake") || has(b"buildx ") || has(b" up") || names(head);
    }
    (has(b"buildctl") || has(b"podman")) && has(b" build") || has(b"podman") && names(head)
}

/// `docker tag app:1 app:latest`, `docker push app:latest`, `docker system prune -af`,
/// `docker rmi app:1`, `podman system reset -f`, `docker pull -q app:1`
fn names(head: &[u8]) -> bool {
    [&b" tag "[..], b" push ", b" pull ", b" prune", b" rmi ", b" image rm ", b" system reset"]
        .iter()
        .any(|verb| memchr::memmem::find(head, verb).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_make_prints_is_a_command_and_a_sentence_is_none() {
        for line in [
            "docker build -t app .",
            "docker build .",
            "DOCKER_BUILDKIT=1 docker build --no-cache -t app .",
            "docker buildx build \\",
            "docker buildx bake --push",
            "docker compose -f ci.yml build --pull api",
            "podman build -t app .",
            "/kaniko/executor --context=.",
            "buildctl build --frontend dockerfile.v0",
        ] {
            assert_eq!(recipe(line.as_bytes()), Some(Mark::Command(line.as_bytes())), "{line}");
        }
        for line in [
            "docker build failed with exit code 1",
            "docker build - done",
            "docker buildx build requires exactly 1 argument.",
            "docker build [OPTIONS] PATH | URL | -",
            "docker run -t app ./build.sh",
            "  docker build -t app .",
            "building docker build -t app .",
        ] {
            assert_eq!(recipe(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn takes_prompts_off() {
        for line in
            ["+ docker build .", "++ docker build .", "$ docker build .", "> docker build ."]
        {
            assert_eq!(prompted(line.as_bytes()), Some(Mark::Command(b"docker build .")), "{line}");
        }
        assert_eq!(prompted(b"$\x1b[0m docker build ."), Some(Mark::Command(b"docker build .")));
        let kaniko = b"$ /kaniko/executor --context . --dockerfile Dockerfile";
        assert_eq!(prompted(kaniko), Some(Mark::Command(kaniko.get(2..).unwrap())));
        assert_eq!(prompted(b"+docker build ."), None);
        assert_eq!(prompted(b"+ npm run build"), None);
    }

    #[test]
    fn knows_builders_and_options_in_lines_of_their_own() {
        for line in [
            "buildah bud .",
            "buildah --storage-driver=vfs bud .",
            "podman build .",
            "/kaniko/executor --cache",
            "buildctl-daemonless.sh build x",
        ] {
            assert!(builds(line.as_bytes()), "{line}");
        }
        for line in ["buildah push a", "podman run a", "ls /kaniko/executor", "npm run build"] {
            assert!(!builds(line.as_bytes()), "{line}");
        }
        assert_eq!(
            more(b"    --cache-from type=gha \\"),
            Some(Mark::More(b"--cache-from type=gha \\"))
        );
        assert_eq!(more(b"> -t app ."), Some(Mark::More(b"-t app .")));
        for line in ["  - a list", "--cache-from x", "  -> b", " ---> Using cache", "  --- a"] {
            assert_eq!(more(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn knows_variables_that_hold_options_or_commands() {
        for line in [
            "opts=(--no-cache)",
            "opts=(",
            "opts+=(-t \"$A\")",
            "export OPTS=\"--cache-from type=gha\"",
            "BUILD='docker buildx build'",
            "$BUILD -t a .",
            "${BAKE} web",
            "REV=$(git rev-parse HEAD)",
        ] {
            assert_eq!(by_variable(line.as_bytes()), Some(Mark::Script(line.as_bytes())), "{line}");
            let prompted = format!("+ {line}");
            assert_eq!(
                by_variable(prompted.as_bytes()),
                Some(Mark::Command(line.as_bytes())),
                "{line}"
            );
        }
        for line in [
            "NAME=web",
            "a = b",
            "A=1 docker build .",
            "=(-)",
            "$ 3",
            "$(date)",
            "x=\"a -b\"",
            "+ A=",
        ] {
            assert_eq!(by_variable(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn takes_markers_of_programs_off() {
        let markers = ["[CMD]: ", "Executing: ", "Running command: ", "==> ", "task: [app:image] "];
        for marker in markers {
            let line = format!("{marker}docker exec x bash -c 'docker compose build'");
            assert!(announced(line.as_bytes()).is_some(), "{line}");
        }
        assert!(announced(b"> docker build -t a .").is_some());
        for other in [
            "Running: npm run build",
            "Command: see docker build",
            "[CMD]: docker inspect a",
            "task: [image] npm run build",
            "> docker build failed",
            "> [4/5] RUN docker build .:",
        ] {
            assert_eq!(announced(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn knows_commits() {
        assert_eq!(git_checkout(b"git checkout -qf 0a1b2c3d"), Some(Mark::Commit(b"0a1b2c3d")));
        assert_eq!(git_checkout(b"git checkout main"), None);
    }
}
