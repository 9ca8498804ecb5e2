//! Commands that Terraform and `OpenTofu` run: `null_resource.image (local-exec): text`. Empty
//! lines come without a prefix, and lines of other resources stand between.
//!
//! Source: `hashicorp/terraform` `internal/command/views/hook_ui.go` (`ProvisionOutput`),
//! `internal/builtin/provisioners/local-exec`. Knows no CI.

use super::{Envelope, Head, Mark, Peeled, Words, ansi, echo};
use crate::source::find;

/// Address of the resource, and the provisioner.
pub(super) struct Terraform;

/// What provisioners put behind the resource.
const MARKS: [&[u8]; 2] = [LOCAL, REMOTE];
const LOCAL: &[u8] = b"(local-exec):";
const REMOTE: &[u8] = b"(remote-exec):";

/// These, and what a plan begins with.
const WORDS: Words = &[
    LOCAL,
    REMOTE,
    b"Terraform used the selected providers",
    b"Terraform will perform the following actions",
    b"OpenTofu used the selected providers",
    b"OpenTofu will perform the following actions",
    b"Initializing the backend...",
];

impl Envelope for Terraform {
    fn name(&self) -> &'static str {
        "terraform"
    }

    fn may_begin(&self, first: u8) -> bool {
        first.is_ascii_alphabetic()
    }

    fn words(&self) -> Words {
        WORDS
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |line| {
            let text = ansi::lead(line);
            split(text).is_some() || WORDS.iter().any(|start| text.starts_with(start))
        })
    }

    /// Resources are made side by side: each is a stream of its own.
    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled::of_job(line, split(line))
    }

    /// `Executing: ["/bin/sh" "-c" "cd app && docker build ."]`, quoted as a shell would.
    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        let words = text.strip_prefix(b"Executing: [")?.trim_ascii_end().strip_suffix(b"]")?;
        echo::builds(words).then_some(Mark::Command(words))
    }
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = ansi::lead(line);
    if !line.first().is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let head = line.get(..256).unwrap_or(line);
    let (at, mark) = MARKS.iter().find_map(|mark| Some((find(head, mark)?, mark)))?;
    let (address, rest) = line.split_at_checked(at)?;
    let address = address.strip_suffix(b" ")?;
    // `module.web.null_resource.image["a b"]`
    let free = memchr::memchr(b'[', address).and_then(|at| address.get(..at)).unwrap_or(address);
    let named = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let known = free.contains(&b'.') && free.iter().all(named);
    if !known {
        return None;
    }
    let text = ansi::lead(rest.get(mark.len()..)?);
    Some((address, text.strip_prefix(b" ").unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_resource_and_provisioner_off() {
        for (line, job) in [
            ("null_resource.image (local-exec): #5 CACHED", "null_resource.image"),
            (
                "module.a.null_resource.b[\"k v\"] (local-exec): #5 CACHED",
                "module.a.null_resource.b[\"k v\"]",
            ),
            (
                "\u{1b}[0m\u{1b}[1mterraform_data.z[0] (remote-exec):\u{1b}[0m #5 CACHED",
                "terraform_data.z[0]",
            ),
        ] {
            let peeled = Terraform.decode(line.as_bytes());
            assert_eq!(
                (peeled.text, peeled.job),
                (&b"#5 CACHED"[..], Some(job.as_bytes())),
                "{line}"
            );
            assert!(recognises(&Terraform, &[b"", line.as_bytes()]));
        }
        assert_eq!(
            Terraform.decode(b"null_resource.a (local-exec):  ---> Using cache").text,
            b" ---> Using cache"
        );
        for other in [
            "null_resource.image: Creating...",
            "see the docs (local-exec): it runs",
            "#5 0.1 (local-exec): x",
        ] {
            assert_eq!(split(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn what_is_executed_is_a_command() {
        let text = br#"Executing: ["/bin/sh" "-c" "cd app && docker build -t \"a b\" ."]"#;
        let words = br#""/bin/sh" "-c" "cd app && docker build -t \"a b\" .""#;
        assert_eq!(Terraform.mark(text), Some(Mark::Command(words)));
        assert_eq!(Terraform.mark(br#"Executing: ["/bin/sh" "-c" "make"]"#), None);
    }
}
