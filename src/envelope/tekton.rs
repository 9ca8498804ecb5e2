//! Tekton: `[task : step] text` of `tkn pipelinerun logs`. Of a task run there is only the step:
//! `[step] text`, which other programs print too, so that it names no CI.
//!
//! Source: `tektoncd/cli` `pkg/log/writer.go`.

use super::{Envelope, Head, Mark, Peeled, ansi, echo};

/// Task and step in front of every line.
pub(super) struct Tekton;

impl Envelope for Tekton {
    fn name(&self) -> &'static str {
        "tekton"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("tekton")
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'['
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled::of_job(line, split(line))
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        echo::shell(text)
    }
}

/// The prefix may be coloured.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = ansi::lead(line).strip_prefix(b"[")?;
    let (name, text) = rest.split_at_checked(rest.iter().take(128).position(|b| *b == b']')?)?;
    let (task, step) = name.split_at_checked(memchr::memmem::find(name, b" : ")?)?;
    let named = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let fits = !task.is_empty() && task.iter().all(named) && step.get(3..)?.iter().all(named);
    let text = ansi::lead(text.strip_prefix(b"]")?);
    let text = if text.is_empty() { text } else { text.strip_prefix(b" ")? };
    fits.then_some((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_task_and_step_off() {
        let peeled = Tekton.decode(b"[build : kaniko] #5 CACHED");
        assert_eq!((peeled.text, peeled.job), (&b"#5 CACHED"[..], Some(&b"build : kaniko"[..])));
        assert_eq!(Tekton.decode(b"\x1b[36m[build : kaniko]\x1b[0m #5 CACHED").text, b"#5 CACHED");
        assert_eq!(split(b"[internal] load .dockerignore"), None);
        assert_eq!(split(b"[some text : more text] x"), None);
    }
}
