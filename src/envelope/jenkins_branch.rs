//! Parallel branches of a Jenkins pipeline: `[api] text`, in the logs of older versions.
//!
//! Source: `jenkinsci/workflow-job-plugin` before 2.26 (later versions add the name on the page
//! only). Taken only where the log opened a branch of that name, `[Pipeline] { (Branch: api)`:
//! users print brackets too.

use memchr::memmem;

use super::{Envelope, Head, Peeled, Words, jenkins};

/// Name of the branch in front of a line.
pub(super) struct JenkinsBranch;

impl Envelope for JenkinsBranch {
    fn name(&self) -> &'static str {
        "jenkins-branch"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'['
    }

    fn words(&self) -> Words {
        &[b"{ (Branch: "]
    }

    fn recognise(&self, head: &Head) -> bool {
        let branches: Vec<&[u8]> = head.of(self).filter_map(|l| opened(jenkins::text(l))).collect();
        !branches.is_empty()
            && head.of(self).filter_map(split).any(|(name, _)| branches.contains(&name))
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled::of_job(line, split(line))
    }
}

/// `[Pipeline] { (Branch: api)`; older versions put the branch before that, too:
/// `[Pipeline] [api] { (Branch: api)`.
fn opened(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"[Pipeline] ")?;
    rest.get(memmem::find(rest, b"{ (Branch: ")? + 11..)?.strip_suffix(b")")
}

/// Not what Jenkins, `BuildKit` and buildah put into brackets themselves.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    const KEPT: [&[u8]; 5] = [b"Pipeline", b"internal", b"auth", b"context", b"+"];
    let rest = line.strip_prefix(b"[")?;
    let (name, text) = rest.split_at_checked(rest.iter().take(60).position(|b| *b == b']')?)?;
    let text =
        text.strip_prefix(b"] ").or_else(|| text.strip_prefix(b"]").filter(|t| t.is_empty()))?;
    let odd = name.contains(&b'/') || name.starts_with(b"Cache for ") || KEPT.contains(&name);
    (!odd && !name.is_empty()).then_some((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn needs_the_branch_to_be_opened() {
        assert!(recognises(
            &JenkinsBranch,
            &[b"[Pipeline] { (Branch: api)", b"[api] + docker build ."]
        ));
        assert!(!recognises(
            &JenkinsBranch,
            &[b"[Pipeline] { (Branch: api)", b"[web] + docker build ."]
        ));
        assert!(!recognises(&JenkinsBranch, &[b"[api] + docker build ."]));
    }

    #[test]
    fn takes_only_names_off() {
        assert_eq!(
            JenkinsBranch.decode(b"[api] [1/2] STEP 1/3: FROM a").text,
            b"[1/2] STEP 1/3: FROM a"
        );
        for line in ["[internal] load .dockerignore", "[1/2] STEP 1/3: FROM a", "[Pipeline] sh"] {
            assert_eq!(JenkinsBranch.decode(line.as_bytes()).job, None, "{line}");
        }
    }
}
