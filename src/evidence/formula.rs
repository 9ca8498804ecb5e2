//! How `BuildKit` names what a step depends on: the digests that a cache configuration holds, from
//! plain texts.
//!
//! Source: `moby/buildkit` `solver/cachekey.go` (`@N` behind an operation),
//! `solver/llbsolver/ops/{exec,file,source}.go`, `cache/contenthash` (files and trees). Texts are
//! hashed as `sha256:` and hexadecimal digits.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use crate::model::Digest;

/// A whole SHA-256 as it is written.
pub(super) fn sha256(bytes: &[u8]) -> String {
    written(&Sha256::digest(bytes).into())
}

/// A SHA-256 as it is written.
pub(super) fn written(digest: &[u8; 32]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |half: u8| DIGITS.get(usize::from(half & 15)).copied().unwrap_or_default();
    "sha256:"
        .chars()
        .chain(digest.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]))
        .collect()
}

/// The record of the content that a copy takes, from the digest of each of its sources.
pub(super) fn content(sources: &[String]) -> Digest {
    record(&sha256(sources.join("\0").as_bytes()), "-1")
}

/// What a file is called in a layout, and in a log that names it.
pub(super) fn of_bytes(bytes: &[u8]) -> Digest {
    Digest::of_sha256(&Sha256::digest(bytes).into())
}

/// The digest of texts one behind the other.
pub(super) fn of_parts(parts: &[&str]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    Digest::of_sha256(&hash.finalize().into())
}

/// The record of something whose own digest is this text, for one of its outputs.
fn record(own: &str, output: &str) -> Digest {
    of_parts(&[own, "@", output])
}

/// The record of an operation, from the JSON that it is hashed as.
pub(super) fn operation(json: &str) -> Digest {
    record(&sha256(json.as_bytes()), "0")
}

/// The record of a base image by its manifest: what a FROM line prints is enough.
pub(super) fn base(digest: &str, os: &str, arch: &str, variant: &str) -> Digest {
    let variant =
        if variant.is_empty() { String::new() } else { format!(r#","Variant":"{variant}""#) };
    let image = sha256(
        format!(r#"{{"Digest":"{digest}","OS":"{os}","Arch":"{arch}"{variant}}}"#).as_bytes(),
    );
    record(&sha256(format!("buildkit.source.v0:{image}").as_bytes()), "0")
}

/// What is written of a path that is taken: `/src`.
pub(super) fn selector(path: &str) -> Digest {
    of_bytes(path.as_bytes())
}

/// The operation of `WORKDIR`, with an absolute path.
pub(super) fn workdir(path: &str) -> Digest {
    let action =
        format!(r#"{{"path":{},"mode":493,"makeParents":true,"timestamp":-1}}"#, text(path));
    file(&[action])
}

/// The operation of a `COPY` without options: last parts of its sources, and where it puts them.
pub(super) fn copy(sources: &[&str], dest: &str) -> Digest {
    let action = |source: &&str| {
        format!(
            r#"{{"src":{},"dest":{},"mode":-1,"followSymlink":true,"dirCopyContents":true,"createDestPath":true,"allowWildcard":true,"allowEmptyWildcard":true,"timestamp":-1}}"#,
            text(source),
            text(dest)
        )
    };
    file(&sources.iter().map(action).collect::<Vec<_>>())
}

/// The operation of actions on files. From three of them on it says which input each of them has.
pub(super) fn file(actions: &[String]) -> Digest {
    let encoded: Vec<String> =
        actions.iter().map(|a| format!("\"{}\"", BASE64_STANDARD.encode(a))).collect();
    operation(&format!(
        r#"{{"Type":"buildkit.file.v0","Actions":[{}]{}}}"#,
        encoded.join(","),
        indexes(actions.len())
    ))
}

/// `,"indexes":[[0,1,-1],[2,1,-1],[3,1,0]]`: the parent or the action before, the source, and the
/// output of the last.
fn indexes(actions: usize) -> String {
    if actions < 3 {
        return String::new();
    }
    let index = |n: usize| {
        let input = if n == 0 { 0 } else { n + 1 };
        format!("[{input},1,{}]", if n + 1 == actions { 0 } else { -1 })
    };
    format!(r#","indexes":[{}]"#, (0..actions).map(index).collect::<Vec<_>>().join(","))
}

/// A string in the JSON of Go, which writes `&`, `<` and `>` as escapes.
pub(super) fn text(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    push(&mut text, value);
    text
}

/// Puts such a string behind a text.
pub(super) fn push(text: &mut String, value: &str) {
    const ESCAPED: [char; 5] = ['&', '<', '>', '\u{2028}', '\u{2029}'];
    let json = serde_json::to_string(value).unwrap_or_default();
    let mut rest = json.as_str();
    while let Some((plain, behind)) = rest.find(ESCAPED).and_then(|at| rest.split_at_checked(at)) {
        let mut chars = behind.chars();
        let escaped = chars.next().map_or(0, u32::from);
        text.push_str(plain);
        let _ = write!(text, "\\u{escaped:04x}");
        rest = chars.as_str();
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(digest: Digest, hex: &str) {
        assert!(digest.to_string().starts_with(hex), "{digest} is not {hex}");
    }

    /// Digests that a daemon (v0.32.2) wrote.
    #[test]
    fn operations_have_the_digests_that_the_daemon_writes() {
        starts(workdir("/app"), "807b3e87");
        starts(copy(&["package.json"], "/app/"), "004f163b");
        starts(copy(&["src"], "/app/src"), "d340c4b5");
        let run = r#"{"Type":"buildkit.exec.v0","Exec":{"meta":{"args":["/bin/sh","-c","echo install"],"env":["PATH=/bin:/usr/bin","V=1"],"cwd":"/app","removeMountStubsRecursive":true}},"OS":"linux","Arch":"amd64"}"#;
        starts(operation(run), "ac16b248");
        starts(operation(&run.replace("V=1", "V=2")), "0b711af0");
    }

    #[test]
    fn base_images_and_selectors_have_theirs() {
        let digest = "sha256:32a9a592613c62eeaf6af81772a075b4a5e15a06fecdb0338f7b23b20ccbc92e";
        starts(base(digest, "linux", "amd64", ""), "cf2ab63d");
        starts(selector("/"), "8a5edab2");
        starts(selector("/package.json"), "545332ac");
    }

    #[test]
    fn strings_are_escaped_as_go_does() {
        assert_eq!(text("a && b 2>&1 \"é\""), r#""a \u0026\u0026 b 2\u003e\u00261 \"é\"""#);
    }

    #[test]
    fn three_actions_say_their_inputs() {
        assert_eq!(indexes(2), "");
        assert_eq!(indexes(3), r#","indexes":[[0,1,-1],[2,1,-1],[3,1,0]]"#);
    }
}
