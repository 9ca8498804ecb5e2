//! `stern`, which skaffold too had behind it: `build-k8nhg main text`, pod and container in front
//! of every line.
//!
//! Source: `stern/stern` `cmd/cmd.go` (`{{.PodName}} {{.ContainerName}} {{.Message}}`). A pod is
//! known by the end of its name, five letters of Kubernetes' alphabet without vowels
//! (`k8s.io/apimachinery` `pkg/util/rand`). Knows no CI.

use super::{Envelope, Head, Peeled};

/// Pod and container.
pub(super) struct Stern;

impl Envelope for Stern {
    fn name(&self) -> &'static str {
        "stern"
    }

    fn may_begin(&self, first: u8) -> bool {
        first.is_ascii_lowercase() || first.is_ascii_digit()
    }

    fn recognise(&self, head: &Head) -> bool {
        head.nearly_all(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled::of_job(line, split(line))
    }
}

/// `POD CONTAINER` and the text.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let named = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let name = |text: &[u8]| text.iter().take(253).take_while(|b| named(b)).count();
    let pod = name(line);
    let suffix =
        line.get(..pod)?.rsplit(|b| *b == b'-').next().filter(|suffix| suffix.len() < pod)?;
    let generated = suffix.len() == 5 && suffix.iter().all(|b| ALPHABET.contains(b));
    if !generated {
        return None;
    }
    let rest = line.get(pod..)?.strip_prefix(b" ")?;
    let container = name(rest);
    if container == 0 {
        return None;
    }
    let text = rest.get(container..)?;
    let text = if text.is_empty() { text } else { text.strip_prefix(b" ")? };
    Some((line.get(..pod + 1 + container)?, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_pod_and_container_off() {
        let line: &[u8] = b"build-k8nhg main INFO[0002] RUN make";
        assert!(recognises(&Stern, &[line, b"build-k8nhg main "]));
        let peeled = Stern.decode(line);
        assert_eq!(
            (peeled.text, peeled.job),
            (&b"INFO[0002] RUN make"[..], Some(&b"build-k8nhg main"[..]))
        );
        for other in [
            "docker-compose build web",
            "re-tried again",
            "a-bcdfg",
            "a-bcdfg  x",
            "bcdfg main x",
            "+ build-k8nhg main",
        ] {
            assert_eq!(split(other.as_bytes()), None, "{other}");
        }
    }
}
