//! The daemon's cache store as its debug address shows it: the plain text of digests.
//!
//! `buildkitd --save-cache-debug`, `GET /debug/cache/store` or `/debug/cache/all`. It names what is
//! in an operation; values are in clear, and only their digests are kept. Source: `moby/buildkit`
//! `cmd/buildkitd/debug.go`, `util/cachedigest`.

use std::collections::BTreeMap;

use super::{Given, Kind, Page, What, formula, llb};
use crate::model::{Digest, EvidenceKind};

/// The text form.
pub(super) struct Store;

/// Parts of each operation that the store names.
pub(super) type Operations = BTreeMap<Digest, Given>;

impl Kind for Store {
    fn name(&self) -> &'static str {
        "cache store of a daemon"
    }

    fn evidence_kind(&self) -> EvidenceKind {
        EvidenceKind::Store
    }

    fn begins(&self, start: &[u8]) -> bool {
        let start = start.trim_ascii_start();
        start.starts_with(b"ID: ") && memchr::memmem::find(start, b"sha256:").is_some()
    }

    fn read(&self, bytes: &[u8]) -> Option<Result<What, String>> {
        if !self.begins(bytes) {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let known = text.lines().any(|line| line == "Plaintexts:");
        let data = text.lines().filter_map(|line| line.trim_start().strip_prefix("data: "));
        known.then(|| Ok(What::Store(data.filter_map(operation).collect())))
    }

    fn page(&self) -> Option<Page> {
        Some(PAGE)
    }
}

const PAGE: Page = Page {
    name: "cache store of a daemon",
    proves: "names of the arguments and options in an operation",
    get: &[(
        "buildkitd --save-cache-debug",
        "curl http://127.0.0.1:6060/debug/cache/store > store.txt",
    )],
};

/// `data: {"Type":"buildkit.exec.v0","Exec":{…},"OS":"linux","Arch":"amd64"}`
fn operation(json: &str) -> Option<(Digest, Given)> {
    let json = json.trim_end();
    let whole: serde_json::Value = json
        .starts_with("{\"Type\":\"buildkit.exec")
        .then(|| serde_json::from_str(json).ok())??;
    Some((formula::operation(json), llb::fields(whole.get("Exec")?.as_object()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_an_operation_are_named_without_their_values() {
        let file = b"ID: 6\nParents:\n  Input 0:\t5\tsha256:aa\nPlaintexts:\nsha256:9b (json):\n  \
            data: \
            {\"Type\":\"buildkit.exec.v0\",\"Exec\":{\"meta\":{\"args\":[\"/bin/sh\",\"-c\",\"make\"],\"env\":[\"TOKEN=hunter2\"],\"cwd\":\"/\"}},\"OS\":\"linux\",\"Arch\":\"amd64\"}\n";
        let Some(Ok(What::Store(operations))) = Store.read(file) else { panic!("not read") };
        let names: Vec<&str> =
            operations.values().flatten().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["text", "cwd", "argument TOKEN"]);
        assert!(!format!("{operations:?}").contains("hunter2"));
    }
}
