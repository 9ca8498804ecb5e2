//! Command lines as shells echo them: `+ docker build .`, `$ docker build .`.

use super::Mark;

/// A command with the prompt of `set -x` (`+`), of GitLab and Buildkite (`$`), or a continuation
/// shell (`>`). Only commands that concern image builds are of interest.
pub(super) fn prompted(text: &[u8]) -> Option<Mark<'_>> {
    let ([b'+', b'+', b' ', command @ ..] | [b'+' | b'$', b' ', command @ ..]) = text else { return None };
    builds(command).then_some(Mark::Command(command))
}

/// A line that is a command where a script is shown without prompts.
pub(super) fn bare(text: &[u8]) -> Option<Mark<'_>> {
    let text = text.trim_ascii_start();
    let starts = [&b"docker"[..], b"buildctl ", b"DOCKER_", b"BUILDKIT_", b"COMPOSE_", b"sudo docker"];
    (starts.iter().any(|s| text.starts_with(s)) && builds(text)).then_some(Mark::Script(text))
}

/// Names a tool that builds images.
pub(super) fn builds(command: &[u8]) -> bool {
    let head = command.get(..512).unwrap_or(command);
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    (has(b"docker") && (has(b" build") || has(b" bake") || has(b"buildx ") || has(b" up"))) || has(b"buildctl ")
}
